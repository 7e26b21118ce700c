#include "base/turn.h"

#include <chrono>

namespace pitser::base {

bool Turn::Take(absl::Duration at_most) {
  const auto began = std::chrono::steady_clock::now();
  MutexLock lock(mu_);
  while (taken_) {
    if (at_most == absl::InfiniteDuration()) {
      given_.Wait(mu_);
      continue;
    }
    const auto waited = std::chrono::steady_clock::now() - began;
    const auto limit = absl::ToChronoNanoseconds(at_most);
    if (waited >= limit) return false;
    given_.WaitFor(mu_, limit - waited);
  }
  taken_ = true;
  return true;
}

void Turn::Give() {
  MutexLock lock(mu_);
  taken_ = false;
  given_.SignalAll();
}

}  // namespace pitser::base
