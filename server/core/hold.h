#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/time/time.h"
#include "base/mutex.h"

namespace pitser::server {

// From which second on rounds may still be closed: those seconds are not made final yet.
// Thread: any.
class Hold {
 public:
  // Takes the place of the call before; the greatest value lets go of everything. Wakes whoever
  // waits. Returns the first second that is really held: later than `t` where the seconds up to
  // `head` are final, or somebody was let through.
  std::uint64_t From(std::uint64_t t, std::optional<std::uint64_t> head) PITSER_EXCLUDES(mu_);

  // Waits until `t` is not held, and lets through: From() holds only later seconds afterwards.
  // False when it was held for `at_most` of time that really passed.
  bool Await(std::uint64_t t, absl::Duration at_most) PITSER_EXCLUDES(mu_);

  // Lets through without waiting, where no round of `t` can be closed.
  void Pass(std::uint64_t t) PITSER_EXCLUDES(mu_);

 private:
  base::Mutex mu_;  // Leaf lock.
  base::CondVar moved_;
  std::uint64_t held_from_ PITSER_GUARDED_BY(mu_) = std::numeric_limits<std::uint64_t>::max();
  // First second that nobody was let through for.
  std::uint64_t not_passed_ PITSER_GUARDED_BY(mu_) = 0;
};

}  // namespace pitser::server
