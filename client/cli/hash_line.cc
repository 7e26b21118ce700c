#include "client/cli/hash_line.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/settings.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::Imprint;

absl::Status Malformed(std::string_view what) {
  return Error(ExitCode::kMalformed, what,
               "a line is HEX, or HEX, two spaces and a name, as sha256sum writes it");
}

absl::StatusOr<Imprint> ParseHash(std::string_view text, ledger::HashAlgorithm algorithm) {
  if (text.find(':') != std::string_view::npos) {
    const auto imprint = Imprint::FromText(text);
    return imprint.ok() ? imprint : Malformed(ledger::ToStd(imprint.status().message()));
  }
  const auto bytes = ledger::FromHex(text);
  if (!bytes.ok() || bytes->empty()) return Malformed("does not begin with a hash in hex");
  // Digests have an even number of bytes, imprints an odd one.
  if (bytes->size() % 2 == 1) {
    const auto imprint = Imprint::Parse(*bytes);
    return imprint.ok() ? imprint : Malformed(ledger::ToStd(imprint.status().message()));
  }
  if (bytes->size() != ledger::DigestSize(algorithm)) {
    return Malformed(absl::StrFormat("a digest of %s has %d hex digits, this one has %d",
                                     ledger::HashAlgorithmName(algorithm),
                                     2 * ledger::DigestSize(algorithm), text.size()));
  }
  return Imprint::Create(algorithm, *bytes);
}

absl::StatusOr<std::string> Unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name.push_back(text[i]);
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next != 'n' && next != 'r' && next != '\\') {
      return Malformed("a backslash in a name is followed by n, r or another one");
    }
    name.push_back(next == 'n' ? '\n' : next == 'r' ? '\r' : '\\');
  }
  return name;
}

}  // namespace

absl::StatusOr<HashLine> ParseHashLine(std::string_view line, ledger::HashAlgorithm algorithm,
                                       bool escapes) {
  const bool escaped = escapes && line.starts_with('\\');
  if (escaped) line.remove_prefix(1);
  const std::size_t hash_size = std::min(line.find(' '), line.size());
  auto hash = ParseHash(line.substr(0, hash_size), algorithm);
  if (!hash.ok()) return hash.status();
  const absl::Status may_sign = CheckMaySign(hash->algorithm());
  if (!may_sign.ok()) return WithExitCode(may_sign, ExitCode::kMalformed);
  if (hash_size == line.size()) return HashLine{*hash, ledger::ToHex(hash->digest())};
  std::string_view name = line.substr(hash_size + 1);
  if (name.starts_with(' ') || name.starts_with('*')) name.remove_prefix(1);
  if (name.empty()) return Malformed("has no name after the hash");
  if (name.find('\0') != std::string_view::npos) {
    return Error(ExitCode::kMalformed, "has a zero byte in its name",
                 "say with -0 that zero bytes end the lines");
  }
  if (!escaped) return HashLine{*hash, std::string(name)};
  PITSER_ASSIGN_OR_RETURN(std::string unescaped, Unescaped(name));
  return HashLine{*hash, std::move(unescaped)};
}

}  // namespace pitser::cli
