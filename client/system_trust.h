#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/certificate.h"

// The authorities that the system believes for web sites and all else. Nothing here is used unless
// somebody asks for it: who may publish is said by a root that was given to the user.
namespace pitser::client {

struct SystemStore {
  std::string file;                  // PEM; may be absent.
  std::vector<std::string> folders;  // Of files named by a subject's hash, "4a6481c9.0"; as well.
};

// OpenSSL's places, or what SSL_CERT_FILE and SSL_CERT_DIR say.
SystemStore FindSystemStore(
    const std::function<std::optional<std::string>(std::string_view)>& variable);

// All certificates of the store, each once. A file that cannot be read is passed over, as OpenSSL
// does.   Errors: kNotFound when there is no certificate at all.
absl::StatusOr<std::vector<ledger::Certificate>> LoadSystemAnchors(const SystemStore& store);

}  // namespace pitser::client
