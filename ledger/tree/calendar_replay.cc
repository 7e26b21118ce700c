#include "ledger/tree/calendar_replay.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::ledger {
namespace {

// The levels of the perfect subtrees that [0, count) is cut into, the largest first.
std::vector<unsigned> PeakLevels(std::uint64_t count) {
  std::vector<unsigned> levels;
  for (unsigned level = kCalendarLevels + 1; level-- > 0;) {
    if ((count >> level & 1) != 0) levels.push_back(level);
  }
  return levels;
}

}  // namespace

absl::StatusOr<CalendarReplay> CalendarReplay::Restore(std::uint64_t head,
                                                       std::vector<CalendarPeak> peaks) {
  if (head > kMaxCalendarTime) {
    return absl::InvalidArgumentError(
        absl::StrFormat("second %d lies beyond the calendar's end, %d", head, kMaxCalendarTime));
  }
  const std::vector<unsigned> levels = PeakLevels(head + 1);
  if (!std::ranges::equal(levels, peaks, {}, {}, &CalendarPeak::level)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a calendar whose head is second %d has %d peaks of other levels", head, levels.size()));
  }
  CalendarReplay replay;
  replay.next_ = head + 1;
  replay.peaks_ = std::move(peaks);
  return replay;
}

absl::StatusOr<CalendarReplay> CalendarReplay::FromChain(const CalendarHashChain& chain) {
  const std::uint64_t t = chain.AggregationTime();
  const absl::StatusOr<std::uint64_t> proven =
      CalendarTimeFromShape(chain.publication_time, chain.links);
  if (!proven.ok()) return proven.status();
  if (*proven != t || t > kMaxCalendarTime) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the chain has the shape of second %d and says %d", *proven, t));
  }
  // Right links run upwards, so the smallest subtree comes first; there is one for each one bit of
  // the time (spec 5.3).
  CalendarReplay replay;
  replay.next_ = t;
  std::vector<unsigned> levels = PeakLevels(t);
  for (const CalendarLink& link : chain.links) {
    if (link.direction != LinkDirection::kRight) continue;
    if (levels.empty()) return absl::InvalidArgumentError("the chain has too many right links");
    replay.peaks_.push_back({levels.back(), link.sibling});
    levels.pop_back();
  }
  if (!levels.empty()) return absl::InvalidArgumentError("the chain has too few right links");
  std::ranges::reverse(replay.peaks_);
  PITSER_RETURN_IF_ERROR(replay.Append(t, chain.input_hash));
  return replay;
}

absl::Status CalendarReplay::CheckAfterHead(std::uint64_t t) const {
  if (t > kMaxCalendarTime) {
    return absl::OutOfRangeError(
        absl::StrFormat("second %d lies beyond the calendar's end, %d", t, kMaxCalendarTime));
  }
  if (t >= next_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("second %d is not after the head, %d", t, next_ - 1));
}

absl::Status CalendarReplay::Push(unsigned level, Imprint value) {
  next_ += std::uint64_t{1} << level;
  while (!peaks_.empty() && peaks_.back().level == level) {
    const Imprint& left = peaks_.back().value;
    // Two empty halves are common (all seconds before the first start) and known.
    const bool empty = left == EmptyNode(level) && value == left;
    absl::StatusOr<Imprint> joined =
        empty ? absl::StatusOr<Imprint>(EmptyNode(level + 1)) : JoinCalendarNodes(left, value);
    if (!joined.ok()) return joined.status();
    value = *joined;
    peaks_.pop_back();
    ++level;
  }
  peaks_.push_back({level, value});
  return absl::OkStatus();
}

absl::Status CalendarReplay::Append(std::uint64_t t, const Imprint& leaf) {
  PITSER_RETURN_IF_ERROR(CheckAfterHead(t));
  if (t > next_) PITSER_RETURN_IF_ERROR(Skip(t - 1));
  return Push(0, leaf);
}

absl::Status CalendarReplay::Skip(std::uint64_t new_head) {
  PITSER_RETURN_IF_ERROR(CheckAfterHead(new_head));
  const std::uint64_t end = new_head + 1;
  while (next_ < end) {
    // The largest empty subtree that fits: it begins at a multiple of its size and ends in time.
    const unsigned aligned =
        next_ == 0 ? kCalendarLevels : static_cast<unsigned>(std::countr_zero(next_));
    const unsigned fits = static_cast<unsigned>(std::bit_width(end - next_)) - 1;
    const unsigned level = std::min({aligned, fits, kCalendarLevels});
    PITSER_RETURN_IF_ERROR(Push(level, EmptyNode(level)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Imprint> CalendarReplay::Root() const {
  if (peaks_.empty()) return absl::FailedPreconditionError("no second was taken in yet");
  Imprint root = peaks_.back().value;
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) {
    PITSER_ASSIGN_OR_RETURN(root, JoinCalendarNodes(peaks_[i].value, root));
  }
  return root;
}

std::vector<CalendarPeak> CalendarReplay::Peaks() const { return peaks_; }

absl::StatusOr<Imprint> RootAtAggregationTime(const CalendarHashChain& chain) {
  CalendarLinks right;
  std::ranges::copy_if(chain.links, std::back_inserter(right), [](const CalendarLink& link) {
    return link.direction == LinkDirection::kRight;
  });
  return FoldCalendarLinks(chain.input_hash, right);
}

}  // namespace pitser::ledger
