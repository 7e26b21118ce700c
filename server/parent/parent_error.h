#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "net/ksi/address.h"

namespace pitser::server {

// What callers are told when a service of the parent's failed: kUnavailable, as it is no fault of
// theirs, with the fault (server/core/parent.h).   Shape: `status` is an error.
absl::Status ParentError(std::string_view service, const net::KsiAddress& address,
                         const absl::Status& status);

}  // namespace pitser::server
