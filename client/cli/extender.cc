#include "client/cli/extender.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kHint =
    "an extender is named as in grpc://ledger.example:7380 or ksi+http://ledger.example:8081";

// What stands in the address is not repeated: it may hold a key.
absl::Status CheckGrpcAddress(const std::string& url) {
  if (!url.starts_with(kGrpcScheme)) {
    return Error(ExitCode::kUsage, "--extender: the address begins with neither grpc:// nor ksi+",
                 kHint);
  }
  if (url.find('@') != std::string::npos) {
    return Error(ExitCode::kUsage, "--extender: names and keys have no place in an address", kHint);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Extender>> Extender::Create(const std::string& url,
                                                           const Settings& settings) {
  const std::string& ksi = !url.empty()                 ? url
                           : !settings.extender.empty() ? settings.extender
                                                        : settings.server;
  if (net::LooksLikeKsiAddress(ksi) || (url.empty() && !settings.extender.empty())) {
    auto client = ResolveKsi(ksi, settings);
    if (!client.ok()) return InContext(client.status(), "--extender");
    std::string name = client->transport.address.ToString();
    client::KsiLedgerOptions options;
    options.timeout = settings.timeout;
    options.extender = *std::move(client);
    return std::unique_ptr<Extender>(
        new Extender(std::move(name), std::make_unique<client::KsiLedger>(std::move(options))));
  }
  Settings of_extender = settings;
  if (!url.empty()) {
    PITSER_RETURN_IF_ERROR(CheckGrpcAddress(url));
    of_extender.server = url;
  } else if (settings.server.empty()) {
    return Error(
        ExitCode::kUsage, "no extender is named",
        "give --extender grpc://HOST:PORT, or the ledger by --server, PITSER_SERVER or the "
        "settings");
  }
  auto address = ResolveServer(of_extender);
  if (!address.ok()) {
    return url.empty() ? address.status() : InContext(address.status(), "--extender");
  }
  client::ClientOptions options;
  options.timeout = address->timeout;
  options.channel = std::move(address->channel);
  std::string name = absl::StrFormat("%s%s", kGrpcScheme, options.channel.endpoint.ToString());
  return std::unique_ptr<Extender>(new Extender(std::move(name), std::move(options)));
}

absl::StatusOr<client::CalendarClient*> Extender::Connected() {
  const base::MutexLock lock(mu_);
  if (!given_up_.ok()) return given_up_;
  if (client_ == nullptr) {
    auto client = client::CalendarClient::Create(options_);
    if (!client.ok()) {
      given_up_ = InContext(client.status(), name_);
      return given_up_;
    }
    client_ = *std::move(client);
  }
  return client_.get();
}

void Extender::Remember(const absl::Status& status) {
  const base::MutexLock lock(mu_);
  if (given_up_.ok()) given_up_ = status;
}

absl::StatusOr<ledger::CalendarHashChain> Extender::AskOnce(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) {
  if (ksi_ != nullptr) {
    {
      const base::MutexLock lock(mu_);
      if (!given_up_.ok()) return given_up_;
    }
    return ksi_->GetChain(aggregation_time, publication_time);
  }
  PITSER_ASSIGN_OR_RETURN(client::CalendarClient * client, Connected());
  return client->Extend(aggregation_time, publication_time);
}

absl::StatusOr<ledger::CalendarHashChain> Extender::Ask(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) {
  auto chain = AskOnce(aggregation_time, publication_time);
  if (chain.ok()) return chain;
  const absl::Status status(
      chain.status().code(),
      absl::StrFormat("%s: %s", name_, Printable(ledger::ToStd(chain.status().message()))));
  if (ExitCodeOf(status) == ExitCode::kUnreachable) Remember(status);
  return status;
}

}  // namespace pitser::cli
