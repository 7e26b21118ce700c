#pragma once

#include <cstddef>
#include <cstdint>

#include "ledger/crypto/imprint.h"
#include "pitser/v1/pitser.pb.h"

namespace pitser::server {

// Puts a stretch of the calendar into one message, as runs of seconds with and without a leaf.
class LeafRuns {
 public:
  // The stretch begins at second `first`. `message` is empty and outlives this; it grows to at most
  // `max_bytes`, which is room for one leaf at least.
  LeafRuns(std::uint64_t first, std::size_t max_bytes, v1::StreamCalendarLeavesResponse& message)
      : max_bytes_(max_bytes), message_(message), next_(first) {}

  // The leaf of second `t`, behind which the stretch goes on; the seconds before it that were not
  // told yet are empty. False: there is no room, and nothing was added, not even the empty seconds,
  // which stay together so. Shape: t >= next().
  bool Add(std::uint64_t t, const ledger::Imprint& leaf);

  // The seconds up to and including `last` are empty. Needs no room.
  void AddEmptyThrough(std::uint64_t last);

  // The first second that the message does not tell.
  std::uint64_t next() const { return next_; }

 private:
  v1::CalendarRun& NewRun(std::uint64_t seconds);

  const std::size_t max_bytes_;
  v1::StreamCalendarLeavesResponse& message_;
  std::uint64_t next_;
  v1::CalendarRun* leaves_ = nullptr;  // The last run, when it is one of leaves.
  std::size_t bytes_ = 0;              // The message's size, or a little more.
};

}  // namespace pitser::server
