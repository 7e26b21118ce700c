#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pitser::net {

// Where a service listens.
struct Endpoint {
  std::string host;  // A name, an IPv4 address, or an IPv6 address without brackets.
  std::uint16_t port = 0;

  // "HOST:PORT", with brackets around an IPv6 address.
  std::string ToString() const;
  // Whether the host means this very machine by its form: localhost, 127.0.0.0/8 or ::1. Names are
  // not looked up.
  bool IsLoopback() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Parses "HOST:PORT": "ledger.example:7380", "127.0.0.1:7380", "[::1]:7380".
// Errors: kInvalidArgument, saying what was expected; port 0 only where `allow_port_zero`.
// Thread: pure function.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text, bool allow_port_zero = false);

}  // namespace pitser::net
