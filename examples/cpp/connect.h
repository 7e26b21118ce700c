#pragma once

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "net/endpoint.h"

// What the examples share.

// A client of the ledger at HOST:PORT. Loopback is spoken to in plain text, all else over TLS
// (ClientOptions.channel). What is worth repeating it repeats by itself, after the pause that the
// server asks for; what it gives out it has checked.
inline absl::StatusOr<std::unique_ptr<pitser::client::Client>> Connect(const std::string& server) {
  auto endpoint = pitser::net::ParseEndpoint(server);
  if (!endpoint.ok()) return endpoint.status();
  pitser::client::ClientOptions options;
  options.channel.endpoint = *endpoint;
  return pitser::client::Client::Create(options);
}

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
