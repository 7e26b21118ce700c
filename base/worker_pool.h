#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace pitser::base {

// A few threads for what another one must not do itself: a thread of the network, reading from
// disk. The queue is bounded, a full one refuses at once. Thread: any.
class WorkerPool {
 public:
  // Shape: at least one thread.
  WorkerPool(std::size_t threads, std::size_t max_queued);
  // Stops.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  enum class Posted { kYes, kFull, kStopped };
  // Never blocks. On kYes `work` is run exactly once, otherwise never.
  Posted Post(std::function<void()> work) PITSER_EXCLUDES(mu_);

  // Takes no more work, runs what is queued, and ends the threads. May be repeated, not at once.
  void Stop() PITSER_EXCLUDES(mu_);

 private:
  void Run() PITSER_EXCLUDES(mu_);

  const std::size_t max_queued_;
  Mutex mu_;  // Leaf lock: none is taken under it.
  CondVar changed_;
  std::deque<std::function<void()>> queue_ PITSER_GUARDED_BY(mu_);
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // Touched by the owner only.
};

}  // namespace pitser::base
