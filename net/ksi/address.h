#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "net/endpoint.h"

namespace pitser::net {

// Where a service of the KSI service protocol is: ksi+http://HOST[:PORT][/PATH], ksi+https://... or
// ksi+tcp://HOST:PORT.   Source: spec/ksi-protocol.md 6.5.
struct KsiAddress {
  enum class Scheme : std::uint8_t { kHttp, kHttps, kTcp };
  Scheme scheme = Scheme::kHttp;
  Endpoint endpoint;
  std::string path = "/";  // Of kHttp and kHttps: where requests are posted to.

  std::string ToString() const;
};

// Whether the text is meant to be such an address: it begins with "ksi+" or "ksi:".
bool LooksLikeKsiAddress(std::string_view text);

// Errors: kInvalidArgument, saying what was expected. What stands in the address is not repeated:
// it may hold a key, which has no place there.   Thread: pure function.
absl::StatusOr<KsiAddress> ParseKsiAddress(std::string_view text);

}  // namespace pitser::net
