#include "client/cli/text.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "ledger/base/utf8.h"

namespace pitser::cli {
namespace {

constexpr int kLabelWidth = 12;

bool IsSafeInShell(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
}

}  // namespace

std::string Printable(std::string_view text) {
  const bool utf8 = ledger::IsUtf8(ledger::AsBytes(text));
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, in UTF-8 C2 80 to C2 9F, are control characters too.
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1 || (byte >= 0x80 && !utf8)) {
      absl::StrAppendFormat(&result, "\\x%02x", byte);
      if (c1 && utf8)
        absl::StrAppendFormat(&result, "\\x%02x", static_cast<unsigned char>(text[++i]));
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string IdentityPath(const std::vector<ledger::Identity>& identities) {
  std::string path;
  for (const ledger::Identity& identity : identities) {
    if (!path.empty()) path += " :: ";
    path += Printable(identity.metadata.client_id);
  }
  return path;
}

std::string Line(std::string_view label, std::string_view value) {
  return absl::StrFormat("  %-*s %s\n", kLabelWidth, label, value);
}

std::string ShellQuoted(std::string_view name) {
  if (!name.empty() && std::ranges::all_of(name, IsSafeInShell)) return std::string(name);
  std::string quoted = "'";
  for (char c : name) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace pitser::cli
