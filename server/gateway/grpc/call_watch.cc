#include "server/gateway/grpc/call_watch.h"

#include <algorithm>
#include <utility>

namespace pitser::server {

using base::MutexLock;

CallWatch::CallWatch(base::Clock* clock, absl::Duration stall)
    : clock_(clock),
      period_(std::clamp(stall / 8, absl::Milliseconds(10), absl::Seconds(1))),
      waiter_(clock->NewWaiter()),
      thread_("pitser-watch", [this] { Run(); }) {}

CallWatch::~CallWatch() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  waiter_->Interrupt();
  thread_.Join();
}

void CallWatch::Add(std::shared_ptr<AnsweringCall> call) {
  bool ending = false;
  {
    MutexLock lock(mu_);
    calls_.insert(call);
    ending = ending_;
  }
  if (ending) call->EndWhenAnswered();
}

void CallWatch::Remove(const std::shared_ptr<AnsweringCall>& call) {
  MutexLock lock(mu_);
  calls_.erase(call);
}

void CallWatch::EndWhenAnswered() {
  {
    MutexLock lock(mu_);
    ending_ = true;
  }
  for (const auto& call : Calls()) call->EndWhenAnswered();
}

std::vector<std::shared_ptr<AnsweringCall>> CallWatch::Calls() const {
  MutexLock lock(mu_);
  return {calls_.begin(), calls_.end()};
}

void CallWatch::Run() {
  for (;;) {
    {
      MutexLock lock(mu_);
      if (stopping_) return;
    }
    const absl::Duration now = clock_->Monotonic();
    for (const auto& call : Calls()) call->CheckStall(now);
    // Woken by the destructor, else by the time. The wall clock may be set; what counts is the
    // time that passes.
    waiter_->WaitUntil(clock_->Now() + period_, period_);
  }
}

}  // namespace pitser::server
