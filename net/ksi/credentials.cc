#include "net/ksi/credentials.h"

#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/crypto/hasher.h"

namespace pitser::net {
namespace {

constexpr std::size_t kMaxFileSize = 128 << 10;

std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

absl::StatusOr<KsiCredentials> ParseKsiCredentials(std::string_view text) {
  if (ledger::LooksLikeUtf16(text)) {
    return absl::InvalidArgumentError("it is written in UTF-16; save it as UTF-8");
  }
  text = ledger::WithoutByteOrderMark(text);
  KsiCredentials credentials;
  std::optional<std::string> login, key, hmac;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = TakeLine(text);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t blank = line.find(' ');
    const std::string_view name = line.substr(0, blank);
    std::optional<std::string>* const slot = name == "login"  ? &login
                                             : name == "key"  ? &key
                                             : name == "hmac" ? &hmac
                                                              : nullptr;
    if (slot == nullptr || blank == std::string_view::npos || slot->has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number, ": expected `login NAME`, `key SECRET` or `hmac NAME`, ", "each once"));
    }
    *slot = std::string(line.substr(blank + 1));
  }
  if (!login || !key || login->empty() || key->empty()) {
    return absl::InvalidArgumentError("expected a line `login NAME` and a line `key SECRET`");
  }
  credentials.login = *login;
  credentials.key = ledger::ToVector(ledger::AsBytes(*key));
  if (hmac) {
    PITSER_ASSIGN_OR_RETURN(credentials.hmac, ledger::HashAlgorithmFromName(*hmac));
    if (!ledger::HashAvailable(credentials.hmac)) {
      return absl::InvalidArgumentError(absl::StrCat("this build cannot compute ", *hmac));
    }
  }
  return credentials;
}

absl::StatusOr<KsiCredentials> ReadKsiCredentials(const std::string& path) {
  PITSER_ASSIGN_OR_RETURN(const std::string text, base::ReadSecretFile(path, kMaxFileSize));
  auto credentials = ParseKsiCredentials(text);
  if (!credentials.ok()) return ledger::Annotate(credentials.status(), path);
  return credentials;
}

}  // namespace pitser::net
