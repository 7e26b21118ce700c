#include "client/cli/service.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "client/ksi_ledger.h"
#include "ledger/base/status.h"

namespace pitser::cli {

namespace {

Service OfKsi(client::KsiLedgerOptions options, const Settings& settings) {
  options.timeout = settings.timeout;
  const auto& named = options.aggregator ? options.aggregator : options.extender;
  Service service;
  service.name = named->transport.address.ToString();
  service.ledger = std::make_unique<client::KsiLedger>(std::move(options));
  return service;
}

}  // namespace

absl::Status Service::Explain(const absl::Status& status) const {
  if (status.ok()) return status;
  const ExitCode code = client::IsWrongAnswer(status) ? ExitCode::kFailed : ExitCodeOf(status);
  std::string hint;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      hint = "is pitserd running there, and is the address right?";
      break;
    case absl::StatusCode::kUnauthenticated:
      hint = "are login id and key those of an account there?";
      break;
    case absl::StatusCode::kDeadlineExceeded:
      hint = "give it more time with --timeout SECONDS";
      break;
    case absl::StatusCode::kResourceExhausted:
      hint = "the server is busy: try again in a while";
      break;
    default:
      break;
  }
  return Error(code, absl::StrFormat("%s: %s", name, Printable(ledger::ToStd(status.message()))),
               hint);
}

absl::StatusOr<Service> ConnectOverGrpc(const Settings& settings) {
  PITSER_ASSIGN_OR_RETURN(ServerAddress address, ResolveServer(settings));
  client::ClientOptions client_options;
  client_options.timeout = address.timeout;
  client_options.channel = std::move(address.channel);
  Service service;
  service.name = client_options.channel.endpoint.ToString();
  auto client = client::Client::Create(std::move(client_options));
  if (!client.ok()) return WithExitCode(client.status(), ExitCode::kUsage);
  service.client = client->get();
  service.ledger = *std::move(client);
  return service;
}

absl::StatusOr<Service> Connect(const Settings& settings) {
  if (!SpeaksKsi(settings)) return ConnectOverGrpc(settings);
  client::KsiLedgerOptions options;
  PITSER_ASSIGN_OR_RETURN(options.aggregator, ResolveKsi(settings.server, settings));
  return OfKsi(std::move(options), settings);
}

absl::StatusOr<Service> ConnectToExtend(const Settings& settings) {
  if (settings.extender.empty() && !SpeaksKsi(settings)) return ConnectOverGrpc(settings);
  client::KsiLedgerOptions options;
  PITSER_ASSIGN_OR_RETURN(
      options.extender,
      ResolveKsi(settings.extender.empty() ? settings.server : settings.extender, settings));
  return OfKsi(std::move(options), settings);
}

}  // namespace pitser::cli
