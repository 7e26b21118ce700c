#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "ledger/base/check.h"

namespace pitser::cli {

// Runs jobs on several threads and gives back what they return in the order of the jobs. At most
// `window` jobs wait, run or are done and not yet taken: memory does not grow with their number.
// Thread: one puts and takes.
template <typename Result>
class OrderedPool {
 public:
  using Job = std::function<Result()>;

  OrderedPool(const std::string& name, std::size_t threads, std::size_t window) : window_(window) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back(name, [this] { Run(); });
  }
  // Jobs that nobody began are dropped.
  ~OrderedPool() {
    const base::MutexLock lock(mu_);
    stopping_ = true;
    changed_.SignalAll();
  }
  OrderedPool(const OrderedPool&) = delete;
  OrderedPool& operator=(const OrderedPool&) = delete;

  bool full() const { return under_way_ == window_; }
  bool empty() const { return under_way_ == 0; }

  // Precondition: not full().
  void Put(Job job) {
    PITSER_CHECK(!full());
    ++under_way_;
    const base::MutexLock lock(mu_);
    slots_.push_back({.job = std::move(job), .result = {}});
    changed_.SignalAll();
  }

  // What the oldest job returned; nothing when it is not done within `patience`.
  // Precondition: not empty().
  std::optional<Result> Take(std::chrono::milliseconds patience) {
    PITSER_CHECK(!empty());
    const base::MutexLock lock(mu_);
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!slots_.front().result.has_value()) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) return std::nullopt;
      changed_.WaitFor(mu_, left);
    }
    std::optional<Result> result = std::move(slots_.front().result);
    slots_.pop_front();
    --begun_;
    --under_way_;
    return result;
  }

 private:
  struct Slot {
    Job job;
    std::optional<Result> result;
  };

  void Run() {
    while (Slot* const slot = Begin()) {
      Result result = slot->job();
      const base::MutexLock lock(mu_);
      slot->result = std::move(result);
      changed_.SignalAll();
    }
  }

  // The next slot to be worked on: it stays where it is until its result is taken. Null at the end.
  Slot* Begin() {
    const base::MutexLock lock(mu_);
    while (!stopping_ && begun_ == slots_.size()) changed_.Wait(mu_);
    return stopping_ ? nullptr : &slots_[begun_++];
  }

  const std::size_t window_;
  std::size_t under_way_ = 0;  // Of the thread that puts and takes.

  base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  std::deque<Slot> slots_ PITSER_GUARDED_BY(mu_);  // The oldest first.
  std::size_t begun_ PITSER_GUARDED_BY(mu_) = 0;   // So many of them, from the front.
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;

  std::vector<base::Thread> threads_;  // Last: they use all of the above.
};

}  // namespace pitser::cli
