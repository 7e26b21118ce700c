#include "client/cli/text.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace pitser::cli {
namespace {

constexpr int kLabelWidth = 12;

bool IsSafeInShell(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
}

}  // namespace

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
