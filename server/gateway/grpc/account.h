#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace grpc {
class ServerContextBase;
}

namespace pitser::server {

// The account a call comes in through: the common name of the client's certificate where clients
// show one (mutual TLS), else `default_account`.
// Errors: kUnauthenticated when a certificate names nobody, or in a way that no signature can hold.
absl::StatusOr<std::string> AccountOf(const grpc::ServerContextBase& context,
                                      const std::string& default_account);

// Whether `name` may stand in a signature: 1 to kMaxAccountSize bytes of UTF-8, no control
// character.   Errors: kInvalidArgument, saying what is wrong.
absl::Status CheckAccountName(const std::string& name);

}  // namespace pitser::server
