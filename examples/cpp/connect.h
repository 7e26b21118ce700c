#pragma once

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/file.h"
#include "net/endpoint.h"

// What the examples share.

// The value, or the end of the program: fine for a program as small as these.
template <typename T>
T OrExit(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::cerr << value.status() << "\n";
    std::exit(EXIT_FAILURE);
  }
  return *std::move(value);
}

inline void OrExit(const absl::Status& status) {
  if (!status.ok()) OrExit(absl::StatusOr<int>(status));
}

// The file that a variable of the environment names; empty without one.
inline std::string FileNamedBy(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr || *path == '\0') return "";
  const auto content = OrExit(pitser::client::ReadFile(path, 1 << 20));
  return {content.begin(), content.end()};
}

// A client of the ledger at HOST:PORT: over TLS, but for this machine where no certificate is
// named. What is worth repeating it repeats by itself until its timeout is over, after the pause
// that the server asks for; what it gives out it has checked. Set in the environment, as for the
// command pitser: PITSER_TLS_CA (whom to believe, PEM), PITSER_CLIENT_TLS_CERT and
// PITSER_CLIENT_TLS_KEY (who we are), PITSER_TIMEOUT (seconds, 30).
inline absl::StatusOr<std::unique_ptr<pitser::client::Client>> Connect(const std::string& server) {
  pitser::client::ClientOptions options;
  options.channel.endpoint = OrExit(pitser::net::ParseEndpoint(server));
  options.channel.ca_pem = FileNamedBy("PITSER_TLS_CA");
  options.channel.certificate_pem = FileNamedBy("PITSER_CLIENT_TLS_CERT");
  options.channel.key_pem = FileNamedBy("PITSER_CLIENT_TLS_KEY");
  if (const char* const seconds = std::getenv("PITSER_TIMEOUT"); seconds != nullptr) {
    options.timeout = absl::Seconds(std::atof(seconds));
  }
  return pitser::client::Client::Create(options);
}
