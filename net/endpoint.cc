#include "net/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "ledger/base/bytes.h"

namespace pitser::net {
namespace {

absl::Status Refuse(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("address '%s': %s; expected HOST:PORT", text, why));
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool IsIpv6(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? absl::StrFormat("[%s]:%d", host, port) : absl::StrFormat("%s:%d", host, port);
}

bool Endpoint::IsLoopback() const {
  if (absl::EqualsIgnoreCase(host, "localhost")) return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text, bool allow_port_zero) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text, "no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);

  Endpoint endpoint;
  const char* const end = port_text.data() + port_text.size();
  const auto [rest, error] = std::from_chars(port_text.data(), end, endpoint.port);
  if (error != std::errc() || rest != end) return Refuse(text, "the port is no number up to 65535");
  if (endpoint.port == 0 && !allow_port_zero) return Refuse(text, "port 0 means no address");

  if (host.starts_with('[') && host.ends_with(']')) {
    endpoint.host = host.substr(1, host.size() - 2);
    if (!IsIpv6(endpoint.host)) return Refuse(text, "no IPv6 address between the brackets");
    return endpoint;
  }
  if (host.empty()) return Refuse(text, "no host");
  if (host.find(':') != std::string_view::npos) {
    return Refuse(text, "an IPv6 address needs brackets, as in [::1]:7380");
  }
  if (!std::ranges::all_of(host, IsHostCharacter)) {
    return Refuse(text, "a character that no host name has");
  }
  endpoint.host = host;
  return endpoint;
}

}  // namespace pitser::net
