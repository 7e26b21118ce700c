#include "server/gateway/grpc/steps.h"

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
    while (Step()) {
    }
    // Woken since: there may be something that the last Step() did not see.
    expected = State::kRunning;
  } while (!state_.compare_exchange_strong(expected, State::kIdle));
}

}  // namespace pitser::server
