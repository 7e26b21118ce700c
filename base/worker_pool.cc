#include "base/worker_pool.h"

#include <utility>

namespace pitser::base {

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_queued) : max_queued_(max_queued) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkerPool::~WorkerPool() { Stop(); }

WorkerPool::Posted WorkerPool::Post(std::function<void()> work) {
  {
    MutexLock lock(mu_);
    if (stopping_) return Posted::kStopped;
    if (queue_.size() >= max_queued_) return Posted::kFull;
    queue_.push_back(std::move(work));
  }
  changed_.SignalAll();
  return Posted::kYes;
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.SignalAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::Run() {
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mu_);
      while (queue_.empty() && !stopping_) changed_.Wait(mu_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace pitser::base
