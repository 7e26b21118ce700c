#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "server/gateway/grpc/answering_call.h"
#include "tests/support/gate.h"

namespace pitser::testing {

// The other side of an AnsweringCall: keeps what the logic does to its call. Messages are read at
// once, or when the test says so.
// Thread: any.
class TestCall final : public server::AnswerCall {
 public:
  // Says which logic it is the call of, before that begins.
  void Attach(std::shared_ptr<server::AnsweringCall> logic) { logic_ = std::move(logic); }

  void Send(std::string message) override {
    bool read = false;
    {
      base::MutexLock lock(mu_);
      messages_.push_back(std::move(message));
      read = reading_;
      changed_.SignalAll();
    }
    if (read) logic_->OnWritten(true);
  }
  void Receive() override {
    base::MutexLock lock(mu_);
    ++receives_;
    changed_.SignalAll();
  }
  void Close(const absl::Status& status) override {
    base::MutexLock lock(mu_);
    closed_ = status;
    changed_.SignalAll();
  }
  void Break(const absl::Status&) override {
    base::MutexLock lock(mu_);
    ++breaks_;
  }

  // Whether messages are read at once; they are until this says otherwise.
  void SetReading(bool reading) {
    base::MutexLock lock(mu_);
    reading_ = reading;
  }

  // Blocks until so many messages were sent in all, and returns them.
  std::vector<std::string> AwaitMessages(std::size_t count) {
    base::MutexLock lock(mu_);
    while (messages_.size() < count) changed_.Wait(mu_);
    return messages_;
  }
  // Blocks until Receive() was called so often in all.
  void AwaitReceive(int count) {
    base::MutexLock lock(mu_);
    while (receives_ < count) changed_.Wait(mu_);
  }
  // Blocks until the call is closed, and returns with what.
  absl::Status AwaitClose() {
    base::MutexLock lock(mu_);
    while (!closed_.has_value()) changed_.Wait(mu_);
    return *closed_;
  }

  std::vector<std::string> messages() const {
    base::MutexLock lock(mu_);
    return messages_;
  }
  int receives() const {
    base::MutexLock lock(mu_);
    return receives_;
  }
  int breaks() const {
    base::MutexLock lock(mu_);
    return breaks_;
  }
  bool closed() const {
    base::MutexLock lock(mu_);
    return closed_.has_value();
  }

 private:
  std::shared_ptr<server::AnsweringCall> logic_;

  mutable base::Mutex mu_;
  base::CondVar changed_;
  bool reading_ PITSER_GUARDED_BY(mu_) = true;
  int receives_ PITSER_GUARDED_BY(mu_) = 0;
  int breaks_ PITSER_GUARDED_BY(mu_) = 0;
  std::vector<std::string> messages_ PITSER_GUARDED_BY(mu_);
  std::optional<absl::Status> closed_ PITSER_GUARDED_BY(mu_);
};

// Blocks until all that was posted before is done. `threads` is what the pool has.
inline void AwaitDone(base::WorkerPool& pool, int threads) {
  const auto gate = std::make_shared<Gate>();
  for (int thread = 0; thread < threads; ++thread) pool.Post([gate] { gate->Pass(); });
  gate->AwaitArrival(threads);
  gate->Open();
}

}  // namespace pitser::testing
