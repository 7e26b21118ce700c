// Makes calendars that no honest node would have, with all checksums right.
//
//   forge_calendar forge FROM TO SECOND       the calendar at FROM, copied to TO, with another leaf
//                                             for one second
//   forge_calendar make TO FIRST STEP COUNT   COUNT leaves, one every STEP seconds from FIRST on
//
// Prints the head. No other process may have FROM or TO open.

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "storage/calendar.h"
#include "tests/support/memory_calendar.h"

namespace {

using pitser::ledger::Imprint;
using pitser::storage::Calendar;
using Leaf = std::pair<std::uint64_t, Imprint>;

std::uint64_t Number(const char* text) {
  std::uint64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "forge_calendar: %s\n", std::string(status.message()).c_str());
  return 1;
}

int Load(const std::string& to, const std::function<std::optional<Leaf>()>& next,
         std::uint64_t head) {
  const auto calendar = Calendar::Open(to, {});
  if (!calendar.ok()) return Fail(calendar.status());
  const absl::Status loaded = (*calendar)->BulkLoad(next, head);
  if (!loaded.ok()) return Fail(loaded);
  std::printf("%llu\n", static_cast<unsigned long long>(head));
  return 0;
}

int Forge(const std::string& from, const std::string& to, std::uint64_t second) {
  std::deque<Leaf> leaves;
  std::uint64_t head = 0;
  {
    pitser::storage::CalendarOptions options;
    options.must_exist = true;
    const auto calendar = Calendar::Open(from, options);
    if (!calendar.ok()) return Fail(calendar.status());
    head = (*calendar)->head().value_or(0);
    const absl::Status visited =
        (*calendar)->VisitLeaves(0, head, [&](std::uint64_t t, const Imprint& leaf) {
          leaves.emplace_back(t, t == second ? pitser::testing::TestImprint(t) : leaf);
          return true;
        });
    if (!visited.ok()) return Fail(visited);
  }
  return Load(
      to,
      [&]() -> std::optional<Leaf> {
        if (leaves.empty()) return std::nullopt;
        const Leaf leaf = leaves.front();
        leaves.pop_front();
        return leaf;
      },
      head);
}

int Make(const std::string& to, std::uint64_t first, std::uint64_t step, std::uint64_t count) {
  std::uint64_t made = 0;
  return Load(
      to,
      [&]() -> std::optional<Leaf> {
        if (made == count) return std::nullopt;
        const std::uint64_t t = first + step * made++;
        return Leaf(t, pitser::testing::TestImprint(t));
      },
      first + step * (count - 1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "forge") return Forge(argv[2], argv[3], Number(argv[4]));
  if (argc == 6 && std::string(argv[1]) == "make") {
    return Make(argv[2], Number(argv[3]), Number(argv[4]), Number(argv[5]));
  }
  std::fprintf(stderr, "forge_calendar: see its source for what it takes\n");
  return 2;
}
