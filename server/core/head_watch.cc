#include "server/core/head_watch.h"

#include <utility>

namespace pitser::server {

using base::MutexLock;

HeadWatch::Answer HeadWatch::Wait(Follower& follower, std::uint64_t next,
                                  const std::atomic<bool>& given_up) {
  MutexLock lock(mu_);
  if (stopped_) return Answer::kStopped;
  if ((head_ && next <= *head_) || given_up) return Answer::kGoOn;
  waiting_.insert(&follower);
  return Answer::kWaiting;
}

bool HeadWatch::Leave(Follower& follower) {
  MutexLock lock(mu_);
  return waiting_.erase(&follower) > 0;
}

// Everybody who waits is woken, also for a second that is not the one: followers wait at the head,
// so it hardly happens, and whoever is woken for nothing waits again.
void HeadWatch::Moved(std::uint64_t head) {
  std::set<Follower*> woken;
  {
    MutexLock lock(mu_);
    if (head_ && head <= *head_) return;
    head_ = head;
    woken.swap(waiting_);
  }
  for (Follower* follower : woken) follower->HeadMoved();
}

std::size_t HeadWatch::waiting() const {
  MutexLock lock(mu_);
  return waiting_.size();
}

void HeadWatch::Stop() {
  std::set<Follower*> woken;
  {
    MutexLock lock(mu_);
    stopped_ = true;
    woken.swap(waiting_);
  }
  for (Follower* follower : woken) follower->WatchStopped();
}

}  // namespace pitser::server
