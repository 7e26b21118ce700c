#include "bench/load/pace.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ledger/base/check.h"

namespace pitser::bench {

std::int64_t Pace::DueTime(std::uint64_t index) const {
  return options_.offset_ns +
         static_cast<std::int64_t>(std::llround(static_cast<double>(index) * 1e9 / options_.rate));
}

// How many have a due time of at most `now` and before the end.
std::uint64_t Pace::Scheduled(std::int64_t now) const {
  if (options_.duration_ns > 0) now = std::min(now, options_.duration_ns - 1);
  if (now < options_.offset_ns) return 0;
  auto count = static_cast<std::uint64_t>(static_cast<double>(now - options_.offset_ns) *
                                          options_.rate / 1e9) +
               1;
  while (count > 0 && DueTime(count - 1) > now) --count;  // What rounding added.
  return options_.count > 0 ? std::min(count, options_.count) : count;
}

std::uint64_t Pace::Left() const {
  return options_.count > 0 ? options_.count - taken_ : std::numeric_limits<std::uint64_t>::max();
}

bool Pace::Over(std::int64_t now) const {
  return Left() == 0 || (options_.duration_ns > 0 && now >= options_.duration_ns);
}

std::uint64_t Pace::Due(std::int64_t now) const {
  if (Over(now)) return 0;
  if (options_.rate <= 0) return Left();
  const std::uint64_t scheduled = Scheduled(now);
  return scheduled - std::min(scheduled, taken_);
}

Pace::Turn Pace::Take(std::int64_t now) {
  PITSER_CHECK(Left() > 0);
  const std::uint64_t index = taken_++;
  return {index, options_.rate > 0 ? DueTime(index) : now};
}

std::uint64_t Pace::Missed(std::int64_t now) const {
  if (options_.rate <= 0) return 0;
  const std::uint64_t scheduled = Scheduled(now);
  return scheduled - std::min(scheduled, taken_);
}

}  // namespace pitser::bench
