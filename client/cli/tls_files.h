#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace pitser::cli {

// PEM texts; empty where no file is named.
struct TlsTexts {
  std::string ca, certificate, key;
};

// Reads the files that `tls_ca`, `tls_cert` and `tls_key` name, and looks at them before anything
// is connected: gRPC would only say that nobody was reached. Errors, naming the file: exit code 7
// when one cannot be read, has not in it what it should, or the key is another certificate's; 2
// when only one of certificate and key is named.
absl::StatusOr<TlsTexts> ReadTlsFiles(const std::string& ca, const std::string& certificate,
                                      const std::string& key);

}  // namespace pitser::cli
