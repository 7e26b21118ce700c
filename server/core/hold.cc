#include "server/core/hold.h"

#include <algorithm>
#include <chrono>

namespace pitser::server {

using base::MutexLock;

std::uint64_t Hold::From(std::uint64_t t, std::optional<std::uint64_t> head) {
  MutexLock lock(mu_);
  held_from_ = std::max({t, not_passed_, head ? *head + 1 : 0});
  moved_.SignalAll();
  return held_from_;
}

bool Hold::Await(std::uint64_t t, absl::Duration at_most) {
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(at_most);
  MutexLock lock(mu_);
  // Woken by From(): the round thread moves the hold on with each round, and lets go when signing
  // stops and when it ends. When it does not come to it, the time runs out.
  while (held_from_ <= t) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return false;
    moved_.WaitFor(mu_, until - now);
  }
  not_passed_ = std::max(not_passed_, t + 1);
  return true;
}

void Hold::Pass(std::uint64_t t) {
  MutexLock lock(mu_);
  not_passed_ = std::max(not_passed_, t + 1);
}

}  // namespace pitser::server
