#include "server/app/ksi_settings.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/base/status.h"
#include "server/app/genesis.h"

namespace pitser::server {
namespace {

absl::StatusOr<std::optional<net::Endpoint>> Listen(std::string_view key, const std::string& text,
                                                    const Settings& settings, bool tls) {
  if (text.empty()) return std::optional<net::Endpoint>();
  const auto endpoint = net::ParseEndpoint(text, /*allow_port_zero=*/true);
  if (!endpoint.ok()) return ledger::Annotate(endpoint.status(), key);
  if (!endpoint->IsLoopback() && !settings.insecure_listen) {
    if (!tls) {
      return absl::InvalidArgumentError(
          absl::StrCat(ledger::ToAbsl(key), ": refusing to serve plain text on ", text,
                       ", which others can reach: give tls_cert and tls_key, or insecure_listen"));
    }
    if (settings.allow_anonymous) {
      return absl::InvalidArgumentError(
          absl::StrCat("allow_anonymous: refusing an account without a secret on ", text,
                       ", which others can reach; with insecure_listen it is served"));
    }
  }
  return std::optional<net::Endpoint>(*endpoint);
}

}  // namespace

absl::StatusOr<KsiGatewayOptions> KsiOptions(const Settings& settings, std::optional<KsiTls> tls) {
  KsiGatewayOptions options;
  const bool with_tls = tls.has_value();
  PITSER_ASSIGN_OR_RETURN(options.sign_listen,
                          Listen("ksi_sign_listen", settings.ksi_sign_listen, settings, with_tls));
  PITSER_ASSIGN_OR_RETURN(
      options.extend_listen,
      Listen("ksi_extend_listen", settings.ksi_extend_listen, settings, with_tls));
  if (!settings.genesis.empty()) {
    PITSER_RETURN_IF_ERROR(ParseGenesis(settings.genesis).status());
  }
  options.tls = std::move(tls);
  options.round_seconds = settings.round_seconds;
  options.push_configuration = settings.ksi_push_configuration;
  const std::vector<std::string> origins =
      absl::StrSplit(settings.ksi_cors_origins, absl::ByAnyChar(", "), absl::SkipEmpty());
  options.cors_origins = origins;
  if (settings.allow_anonymous && std::ranges::find(origins, "*") != origins.end()) {
    return absl::InvalidArgumentError(
        "ksi_cors_origins: * and allow_anonymous together would let every web page sign");
  }
  options.limits.max_connections = settings.ksi_max_connections;
  options.limits.max_connections_per_address = settings.ksi_max_connections_per_address;
  options.limits.max_in_flight = settings.ksi_max_in_flight;
  options.limits.max_unsent_bytes = settings.ksi_max_unsent_bytes;
  options.limits.max_queued_reads = settings.max_queued_reads;
  options.limits.transfer_timeout = settings.ksi_transfer_timeout;
  options.limits.idle_timeout = settings.ksi_idle_timeout;
  options.limits.first_request_timeout =
      std::min(settings.ksi_first_request_timeout, settings.ksi_idle_timeout);
  return options;
}

}  // namespace pitser::server
