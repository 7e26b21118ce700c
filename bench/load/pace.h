#pragma once

#include <cstdint>

namespace pitser::bench {

// When requests are sent.
struct PaceOptions {
  double rate = 0;               // Requests a second; 0: as fast as answers make room.
  std::int64_t offset_ns = 0;    // When the first is due.
  std::uint64_t count = 0;       // So many in all; 0: any number.
  std::int64_t duration_ns = 0;  // None is sent from then on; 0: without end.
};

// With a rate the schedule is fixed beforehand (an open loop): a server that is slow, or a sender
// that is late, changes nothing in when a request was due, from where its latency counts.
// Times are nanoseconds since the start of the run.
// Thread: one at a time.
class Pace {
 public:
  explicit Pace(const PaceOptions& options) : options_(options) {}

  // How many requests may be sent now that were not yet.
  std::uint64_t Due(std::int64_t now) const;

  struct Turn {
    std::uint64_t index;  // 0, 1, 2, ...
    std::int64_t due;     // By the schedule; `now` without one.
  };
  // Precondition: Due(now) > 0.
  Turn Take(std::int64_t now);

  // Whether no request will ever be due any more.
  bool Over(std::int64_t now) const;

  // Requests that may still come: a batch need not wait to be full when there are fewer.
  std::uint64_t Left() const;

  // Requests that the schedule had until `now` and nobody took: the sender could not keep up, or
  // had too many unanswered.
  std::uint64_t Missed(std::int64_t now) const;

 private:
  std::int64_t DueTime(std::uint64_t index) const;
  std::uint64_t Scheduled(std::int64_t now) const;

  const PaceOptions options_;
  std::uint64_t taken_ = 0;
};

}  // namespace pitser::bench
