#include "net/ksi/address.h"

#include <utility>

#include "ledger/base/bytes.h"
#include "ledger/base/status.h"

namespace pitser::net {
namespace {

constexpr std::string_view kExpected =
    "expected ksi+http://HOST[:PORT][/PATH], ksi+https://HOST[:PORT][/PATH] or ksi+tcp://HOST:PORT";

using Scheme = KsiAddress::Scheme;

std::string_view NameOf(Scheme scheme) {
  switch (scheme) {
    case Scheme::kHttp:
      return "ksi+http";
    case Scheme::kHttps:
      return "ksi+https";
    case Scheme::kTcp:
      break;
  }
  return "ksi+tcp";
}

absl::StatusOr<Scheme> SchemeOf(std::string_view name) {
  if (name == "ksi" || name == NameOf(Scheme::kHttp)) return Scheme::kHttp;
  if (name == NameOf(Scheme::kHttps)) return Scheme::kHttps;
  if (name == NameOf(Scheme::kTcp)) return Scheme::kTcp;
  return absl::InvalidArgumentError(ledger::ToAbsl(kExpected));
}

// Whether a port follows the host; an IPv6 address stands in brackets.
bool HasPort(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
}

}  // namespace

std::string KsiAddress::ToString() const {
  std::string text = std::string(NameOf(scheme)) + "://" + endpoint.ToString();
  if (scheme != Scheme::kTcp && path != "/") text += path;
  return text;
}

bool LooksLikeKsiAddress(std::string_view text) {
  return text.starts_with("ksi+") || text.starts_with("ksi:");
}

absl::StatusOr<KsiAddress> ParseKsiAddress(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return absl::InvalidArgumentError(ledger::ToAbsl(kExpected));
  KsiAddress address;
  PITSER_ASSIGN_OR_RETURN(address.scheme, SchemeOf(text.substr(0, end)));
  const std::string_view rest = text.substr(end + 3);
  const std::size_t slash = rest.find('/');
  std::string authority(rest.substr(0, slash));
  if (authority.find('@') != std::string::npos) {
    return absl::InvalidArgumentError(
        "login ids and keys have no place in an address: they stand in a file of credentials");
  }
  if (slash != std::string_view::npos) address.path = std::string(rest.substr(slash));
  for (const char c : address.path) {
    if (c <= ' ' || c == 0x7F) return absl::InvalidArgumentError(ledger::ToAbsl(kExpected));
  }
  if (address.scheme == Scheme::kTcp && address.path != "/") {
    return absl::InvalidArgumentError("ksi+tcp:// has no path: expected ksi+tcp://HOST:PORT");
  }
  if (!HasPort(authority)) {
    if (address.scheme == Scheme::kTcp) {
      return absl::InvalidArgumentError("ksi+tcp:// needs a port: ksi+tcp://HOST:PORT");
    }
    authority += address.scheme == Scheme::kHttps ? ":443" : ":80";
  }
  auto endpoint = ParseEndpoint(authority);
  if (!endpoint.ok()) return absl::InvalidArgumentError(ledger::ToAbsl(kExpected));
  address.endpoint = *std::move(endpoint);
  return address;
}

}  // namespace pitser::net
