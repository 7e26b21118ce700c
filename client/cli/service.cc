#include "client/cli/service.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "client/ksi_ledger.h"
#include "ledger/base/status.h"
#include "net/channel.h"

namespace pitser::cli {

namespace {

constexpr absl::Duration kDiagnosisStep = absl::Seconds(2);

net::Approach ApproachOf(const net::KsiTransportOptions& transport) {
  using Scheme = net::KsiAddress::Scheme;
  using Protocol = net::Approach::Protocol;
  const Scheme scheme = transport.address.scheme;
  return {.endpoint = transport.address.endpoint,
          .protocol = scheme == Scheme::kTcp ? Protocol::kKsiTcp : Protocol::kKsiHttp,
          .tls = scheme == Scheme::kHttps,
          .ca_pem = transport.ca_pem,
          .certificate_pem = {},
          .key_pem = {}};
}

net::Approach ApproachOf(const net::ChannelOptions& channel) {
  return {.endpoint = channel.endpoint,
          .protocol = net::Approach::Protocol::kGrpc,
          .tls = channel.UsesTls(),
          .ca_pem = channel.ca_pem,
          .certificate_pem = channel.certificate_pem,
          .key_pem = channel.key_pem};
}

Service OfKsi(client::KsiLedgerOptions options, const Settings& settings) {
  options.timeout = settings.timeout;
  const auto& named = options.aggregator ? options.aggregator : options.extender;
  Service service;
  service.name = named->transport.address.ToString();
  service.approach = ApproachOf(named->transport);
  service.ledger = std::make_unique<client::KsiLedger>(std::move(options));
  return service;
}

std::string AdviceFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
      return "the server is there: try again in a while";
    case absl::StatusCode::kUnauthenticated:
      return "are login id and key those of an account there?";
    case absl::StatusCode::kDeadlineExceeded:
      return "give it more time with --timeout SECONDS";
    case absl::StatusCode::kResourceExhausted:
      return "the server is busy: try again in a while";
    default:
      return "";
  }
}

// Whether the words are gRPC's own for a connection that it did not get, and not the server's.
bool IsAboutConnecting(std::string_view message) {
  return message.starts_with("failed to connect to all addresses") ||
         message.starts_with("empty address list") || message.starts_with("DNS resolution failed");
}

}  // namespace

absl::Status Service::Explain(const absl::Status& status) const {
  if (status.ok()) return status;
  const ExitCode code = client::IsWrongAnswer(status) ? ExitCode::kFailed : ExitCodeOf(status);
  const std::string_view message = ledger::ToStd(status.message());
  const auto told = [this](ExitCode with, std::string_view what, std::string_view advice) {
    return Error(with, absl::StrFormat("%s: %s", name, Printable(what)), advice);
  };
  // What answers in another protocol is malformed to the client of this one.
  const bool another =
      absl::IsInvalidArgument(status) && approach.protocol == net::Approach::Protocol::kKsiTcp;
  if (absl::IsUnavailable(status) || another) {
    const net::Diagnosis diagnosis = net::Diagnose(approach, kDiagnosisStep);
    if (!diagnosis.cause.empty()) {
      return told(ExitCode::kUnreachable, diagnosis.cause, diagnosis.advice);
    }
  }
  if (IsAboutConnecting(message)) {
    return told(code, "the connection broke off", "try again in a while");
  }
  return told(code, message, AdviceFor(status.code()));
}

absl::StatusOr<Service> ConnectOverGrpc(const Settings& settings) {
  net::KeepGrpcQuiet();
  PITSER_ASSIGN_OR_RETURN(ServerAddress address, ResolveServer(settings));
  client::ClientOptions client_options;
  client_options.timeout = address.timeout;
  client_options.channel = std::move(address.channel);
  Service service;
  service.name = client_options.channel.endpoint.ToString();
  service.approach = ApproachOf(client_options.channel);
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
