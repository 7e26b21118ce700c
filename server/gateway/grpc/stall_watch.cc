#include "server/gateway/grpc/stall_watch.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr absl::Duration kInterval = absl::Seconds(1);

}  // namespace

StallWatch::StallWatch(base::Clock& clock, absl::Duration patience)
    : clock_(clock), patience_(patience), waiter_(clock.NewWaiter()) {
  thread_ = base::Thread("stall-watch", [this] {
    const absl::Duration interval = std::min(patience_, kInterval);
    // Woken by the destructor, else by the time: it waits for nobody. False is an interrupt or a
    // clock that was set: both end the wait, only the first the thread.
    const auto wait = [&] { waiter_->WaitUntil(clock_.Now() + interval, interval); };
    for (wait(); !stopping_; wait()) Look();
  });
}

StallWatch::~StallWatch() {
  stopping_ = true;
  waiter_->Interrupt();
  thread_.Join();
}

void StallWatch::Begin(std::shared_ptr<Waiting> waiting) {
  const Waiting* const key = waiting.get();
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mu_);
  waits_.insert_or_assign(key, Wait{std::move(waiting), now});
}

void StallWatch::End(const Waiting& waiting) {
  std::shared_ptr<Waiting> kept;  // Not destroyed under the lock.
  MutexLock lock(mu_);
  const auto it = waits_.find(&waiting);
  if (it == waits_.end()) return;
  kept = std::move(it->second.waiting);
  waits_.erase(it);
}

void StallWatch::Look() {
  const absl::Duration now = clock_.Monotonic();
  std::vector<std::shared_ptr<Waiting>> stalled;
  {
    MutexLock lock(mu_);
    for (auto it = waits_.begin(); it != waits_.end();) {
      if (now - it->second.since < patience_) {
        ++it;
        continue;
      }
      stalled.push_back(std::move(it->second.waiting));
      it = waits_.erase(it);
    }
  }
  for (const std::shared_ptr<Waiting>& waiting : stalled) waiting->Stalled();
}

}  // namespace pitser::server
