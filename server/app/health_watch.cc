#include "server/app/health_watch.h"

#include <utility>

namespace pitser::server {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

}  // namespace

HealthWatch::HealthWatch(base::Clock& clock, std::function<void()> tell)
    : tell_(std::move(tell)), waiter_(clock.NewWaiter()) {
  tell_();
  thread_ = base::Thread("health", [this, &clock] {
    // False is an interrupt or a clock that was set: both end the wait, only the first the thread.
    const auto wait = [&] { waiter_->WaitUntil(clock.Now() + kInterval, kInterval); };
    for (wait(); !stopping_; wait()) tell_();
  });
}

HealthWatch::~HealthWatch() { Stop(); }

void HealthWatch::Stop() {
  stopping_ = true;
  waiter_->Interrupt();
  thread_.Join();
}

}  // namespace pitser::server
