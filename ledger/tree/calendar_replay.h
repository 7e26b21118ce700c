#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/tree/calendar_tree.h"

namespace pitser::ledger {

// One perfect subtree at the right edge of a calendar.
struct CalendarPeak {
  unsigned level;
  Imprint value;

  friend bool operator==(const CalendarPeak&, const CalendarPeak&) = default;
};

// A calendar that is read once, second by second, and keeps nothing but what every later root
// depends on: one perfect subtree for each one bit of the number of closed seconds. That is how an
// auditor recomputes a ledger of any age in a few kilobytes.
// Thread: one at a time.   Source: spec/ksi-signature.md 5.3 to 5.5.
class CalendarReplay {
 public:
  // Before the first second.
  CalendarReplay() = default;

  // Goes on from where a replay was: `peaks` as Peaks() gave them, the largest first.
  // Errors: kInvalidArgument when they are not those that a calendar with this head has.
  static absl::StatusOr<CalendarReplay> Restore(std::uint64_t head,
                                                std::vector<CalendarPeak> peaks);

  // A replay that stands at the chain's aggregation time, as the chain says: the right links are
  // the peaks before that second. Whoever can tell the chain's root from elsewhere, or a later one
  // that is replayed to, has proven them.
  // Errors: kInvalidArgument when the chain's shape is not that of its aggregation time.
  static absl::StatusOr<CalendarReplay> FromChain(const CalendarHashChain& chain);

  // The newest second that was taken in.
  std::optional<std::uint64_t> head() const {
    return next_ == 0 ? std::nullopt : std::optional(next_ - 1);
  }
  // The second that comes next.
  std::uint64_t next() const { return next_; }

  // Takes in the leaf of `t`; the seconds between the head and it are empty.
  // Cost:   a hash for each subtree that it completes; a gap's, about kCalendarLevels, not its
  //         length.
  // Errors: kFailedPrecondition if t <= head; kOutOfRange if t > kMaxCalendarTime; kUnimplemented
  // when this build cannot compute the leaf's algorithm.
  absl::Status Append(std::uint64_t t, const Imprint& leaf);

  // Takes in empty seconds up to and including `new_head`. Errors: as Append().
  absl::Status Skip(std::uint64_t new_head);

  // The calendar root for the head as publication time.
  // Errors: kFailedPrecondition before the first second; kUnimplemented.
  absl::StatusOr<Imprint> Root() const;

  // From the largest to the smallest, at most kCalendarLevels + 1.
  std::vector<CalendarPeak> Peaks() const;

 private:
  absl::Status CheckAfterHead(std::uint64_t t) const;
  // Takes in the perfect subtree of `level` that begins at next_.
  // Precondition: it fits there, that is, next_ is a multiple of its size.
  absl::Status Push(unsigned level, Imprint value);

  std::uint64_t next_ = 0;
  // Used as a stack: the smallest, which is the last to come, on top.
  std::vector<CalendarPeak> peaks_;
};

// The root for the chain's aggregation time as publication time, which the chain's right links and
// its input hash give: what every chain from a second says of the calendar as it was at that
// second. Errors: kUnimplemented when an algorithm cannot be computed by this build.
absl::StatusOr<Imprint> RootAtAggregationTime(const CalendarHashChain& chain);

}  // namespace pitser::ledger
