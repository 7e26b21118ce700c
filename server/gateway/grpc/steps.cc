#include "server/gateway/grpc/steps.h"

#include <new>

namespace pitser::server {

void Steps::Wake() {
  if (state_.exchange(State::kWoken) != State::kIdle) return;
  if (pool_->Post([self = shared_from_this()] { self->Run(); }) != base::WorkerPool::Posted::kYes)
    Run();
}

void Steps::Run() {
  State expected;
  do {
    state_.store(State::kRunning);
    try {  // The standard library's border.
      while (Step()) {
      }
    } catch (const std::bad_alloc&) {
      OutOfMemory();
    }
    // Woken since: there may be something that the last Step() did not see.
    expected = State::kRunning;
  } while (!state_.compare_exchange_strong(expected, State::kIdle));
}

}  // namespace pitser::server
