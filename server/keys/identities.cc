#include "server/keys/identities.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/bytes.h"
#include "server/keys/key_files.h"

namespace pitser::server::internal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".key.pem";

// "calendar" of "DIR/keys/calendar.key.pem".
std::string PurposeOf(const std::string& first) {
  const std::string name = fs::path(first).filename();
  return name.substr(0, name.size() - kEnding.size());
}

std::string PathOf(const std::string& first, std::uint32_t number) {
  return fs::path(first).parent_path() / absl::StrCat(PurposeOf(first), ".", number, ".key.pem");
}

// 17 for "calendar.17.key.pem", 1 for "calendar.key.pem"; nothing for other files.
std::optional<std::uint32_t> NumberOf(const std::string& name, const std::string& purpose) {
  if (!name.starts_with(purpose + ".") || !name.ends_with(kEnding)) return std::nullopt;
  if (name.size() == purpose.size() + kEnding.size()) return 1;
  const std::size_t start = purpose.size() + 1;
  if (name.size() <= start + kEnding.size()) return std::nullopt;
  const std::string digits = name.substr(start, name.size() - start - kEnding.size());
  std::uint32_t number = 0;
  if (!absl::SimpleAtoi(digits, &number) || number < 2 || absl::StrCat(number) != digits) {
    return std::nullopt;
  }
  return number;
}

std::map<std::uint32_t, std::string> NumberedFiles(const std::string& first) {
  std::map<std::uint32_t, std::string> files;
  const std::string purpose = PurposeOf(first);
  std::error_code error;
  fs::directory_iterator entry(fs::path(first).parent_path(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (const auto number = NumberOf(entry->path().filename(), purpose)) {
      files.emplace(*number, entry->path());
    }
  }
  return files;
}

// The greater, the better.
auto Rank(const Identity& identity, std::uint64_t now) {
  const ledger::Certificate& certificate = identity.certificate;
  const bool valid = certificate.ValidAt(now);
  const bool ended = certificate.not_after() < now;
  const std::uint64_t soonest =
      std::numeric_limits<std::uint64_t>::max() - certificate.not_before();
  return std::tuple(valid, ended, valid || ended ? certificate.not_after() : soonest);
}

}  // namespace

std::vector<std::string> IdentityFiles(const std::string& first) {
  std::vector<std::string> paths;
  for (auto& [number, path] : NumberedFiles(first)) paths.push_back(path);
  return paths;
}

std::string NextIdentityFile(const std::string& first) {
  const std::map<std::uint32_t, std::string> files = NumberedFiles(first);
  return PathOf(first, files.empty() ? 2 : files.rbegin()->first + 1);
}

absl::StatusOr<Identity> ChooseIdentity(const std::string& first, std::uint64_t now) {
  std::optional<Identity> best;
  absl::Status unusable = absl::OkStatus();
  std::vector<std::string> files = IdentityFiles(first);
  if (files.empty()) files = {first};  // For what its absence is told with.
  for (const std::string& file : files) {
    absl::StatusOr<Identity> identity = ReadIdentity(file, file);
    if (!identity.ok()) {
      unusable.Update(identity.status());
    } else if (!best || Rank(*best, now) < Rank(*identity, now)) {
      best = *std::move(identity);
    }
  }
  if (!best) return unusable;
  return *std::move(best);
}

}  // namespace pitser::server::internal
