#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/app/settings.h"
#include "server/gateway/ksi/gateway.h"

namespace pitser::server {

// What the settings say about the KSI service protocol. `tls` is that of the other faces.
// Errors: kInvalidArgument, naming the setting: a listener that others reach without TLS and
// without insecure_listen, an anonymous account that others reach, ...
absl::StatusOr<KsiGatewayOptions> KsiOptions(const Settings& settings, std::optional<KsiTls> tls);

}  // namespace pitser::server
