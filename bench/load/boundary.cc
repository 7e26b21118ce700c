#include "bench/load/boundary.h"

#include "absl/strings/str_cat.h"

namespace pitser::bench {

std::chrono::system_clock::time_point NextBoundary(std::chrono::system_clock::time_point now,
                                                   std::chrono::seconds round) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  return second - second.time_since_epoch() % round + round;
}

void AfterBoundary::Sent(const OneRound& round, std::int64_t at, std::uint64_t count) {
  if (at >= round.boundary) sent_late += count;
}

void AfterBoundary::Answered(const OneRound& round, std::int64_t at, std::uint64_t count) {
  if (at < round.boundary) {
    answered_early += count;
  } else if (at >= round.next_boundary) {
    answered_late += count;
  }
  latency.Record(at - round.boundary, count);
}

void AfterBoundary::Add(const AfterBoundary& other) {
  latency.Add(other.latency);
  sent_late += other.sent_late;
  answered_early += other.answered_early;
  answered_late += other.answered_late;
}

std::string AfterBoundary::Flaw() const {
  if (sent_late > 0) {
    return absl::StrCat(sent_late,
                        " sent when the round was over: send fewer, or take longer rounds");
  }
  if (answered_early > 0) {
    return absl::StrCat(answered_early,
                        " answered before the round was over: is its length the server's?");
  }
  if (answered_late > 0) {
    return absl::StrCat(answered_late,
                        " answered when the next round was over, too: take longer rounds");
  }
  return "";
}

}  // namespace pitser::bench
