#include "base/ticker.h"

#include <utility>

namespace pitser::base {

Ticker::Ticker(Clock& clock, const std::string& thread_name, absl::Duration period,
               std::function<void()> tick)
    : waiter_(clock.NewWaiter()) {
  thread_ = Thread(thread_name, [this, &clock, period, tick = std::move(tick)] {
    // False is an interrupt or a clock that was set: both end the wait, only the first the thread.
    const auto wait = [&] { waiter_->WaitUntil(clock.Now() + period, period); };
    for (wait(); !stopping_; wait()) tick();
  });
}

Ticker::~Ticker() { Stop(); }

void Ticker::Stop() {
  stopping_ = true;
  waiter_->Interrupt();
  thread_.Join();
}

}  // namespace pitser::base
