#include "server/app/genesis.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

constexpr std::size_t kMaxFileSize = 64;
constexpr std::int64_t kEarliest = 1'136'073'600;  // 2006-01-01: spec/ksi-protocol.md 5.2.

absl::Status Write(const std::string& path, std::uint64_t genesis) {
  const std::string text = absl::StrCat(genesis, "\n");
  return base::WriteFileDurably(path, ledger::AsBytes(text), 0644);
}

absl::StatusOr<std::optional<std::uint64_t>> Read(const std::string& path) {
  if (!base::Exists(path)) return std::optional<std::uint64_t>();
  PITSER_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, kMaxFileSize));
  std::uint64_t genesis;
  if (!absl::SimpleAtoi(absl::StripSuffix(text, "\n"), &genesis)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": expected Unix seconds"));
  }
  return std::optional<std::uint64_t>(genesis);
}

// The oldest leaf; nothing when there is none.
absl::StatusOr<std::optional<std::uint64_t>> OldestLeaf(const storage::Calendar& calendar) {
  std::optional<std::uint64_t> oldest;
  const auto head = calendar.head();
  if (!head) return oldest;
  PITSER_RETURN_IF_ERROR(
      calendar.VisitLeaves(0, *head, [&oldest](std::uint64_t t, const ledger::Imprint&) {
        oldest = t;
        return false;
      }));
  return oldest;
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseGenesis(std::string_view text) {
  std::int64_t seconds = 0;
  if (!absl::SimpleAtoi(ledger::ToAbsl(text), &seconds)) {
    absl::Time time;
    if (!absl::ParseTime(absl::RFC3339_full, ledger::ToAbsl(text), &time, nullptr)) {
      return absl::InvalidArgumentError(
          absl::StrCat("genesis: expected a time like 2008-04-15T00:00:00Z or Unix seconds, got '",
                       ledger::ToAbsl(text), "'"));
    }
    seconds = absl::ToUnixSeconds(time);
  }
  if (seconds < kEarliest) {
    return absl::InvalidArgumentError(
        "genesis: expected 2006-01-01T00:00:00Z or later: clients believe nothing earlier");
  }
  return static_cast<std::uint64_t>(seconds);
}

absl::StatusOr<std::uint64_t> SettleGenesis(const std::string& path, std::string_view setting,
                                            const storage::Calendar& calendar, std::uint64_t now) {
  PITSER_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> told, Read(path));
  std::optional<std::uint64_t> wanted;
  if (!setting.empty()) {
    PITSER_ASSIGN_OR_RETURN(wanted, ParseGenesis(setting));
    if (*wanted > now) return absl::InvalidArgumentError("genesis: is in the future");
  }
  std::uint64_t latest = now;  // What may not be passed.
  if (told) {
    // A first start by a clock that was ahead told too late a second; earlier ones are no lie.
    latest = std::min(*told, now);
  } else {
    PITSER_ASSIGN_OR_RETURN(const auto oldest, OldestLeaf(calendar));
    latest = oldest.value_or(now);
  }
  if (wanted && *wanted > latest) {
    return absl::InvalidArgumentError(absl::StrCat("genesis: the calendar begins at ", latest,
                                                   " already; it can only be moved back"));
  }
  const std::uint64_t genesis = wanted.value_or(latest);
  if (told != genesis) PITSER_RETURN_IF_ERROR(Write(path, genesis));
  return genesis;
}

}  // namespace pitser::server
