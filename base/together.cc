#include "base/together.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "base/mutex.h"

namespace pitser::base {
namespace {

// The steps of a loop, handed out one by one.
class Steps {
 public:
  explicit Steps(std::size_t count) : count_(count), left_(count) {}

  // Does steps until none is left to begin; true for the caller that ended the last.
  template <typename Step>
  bool Work(const Step& step) {
    bool ended_last = false;
    for (std::size_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
      step(i);
      ended_last = left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    return ended_last;
  }

 private:
  const std::size_t count_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> left_;  // Not ended yet.
};

// Steps, and somebody who waits for their end.
struct AwaitedSteps {
  explicit AwaitedSteps(std::size_t count, absl::FunctionRef<void(std::size_t)> body)
      : steps(count), step(body) {}

  void Work() {
    if (!steps.Work(step)) return;
    MutexLock lock(mu);
    ended = true;
    changed.SignalAll();
  }
  void AwaitEnd() {
    MutexLock lock(mu);
    while (!ended) changed.Wait(mu);
  }

  Steps steps;
  const absl::FunctionRef<void(std::size_t)> step;  // Not called once the last step has ended.
  Mutex mu;
  CondVar changed;
  bool ended PITSER_GUARDED_BY(mu) = false;
};

}  // namespace

void RunTogether(WorkerPool& pool, std::size_t helpers, std::size_t count,
                 absl::FunctionRef<void(std::size_t)> step) {
  if (count <= 1 || helpers == 0) {
    for (std::size_t i = 0; i < count; ++i) step(i);
    return;
  }
  const auto shared = std::make_shared<AwaitedSteps>(count, step);
  for (std::size_t i = 0; i < std::min(helpers, count - 1); ++i) {
    if (pool.Post([shared] { shared->Work(); }) != WorkerPool::Posted::kYes) break;
  }
  shared->Work();
  shared->AwaitEnd();
}

void RunAside(WorkerPool& pool, std::size_t helpers, std::size_t count,
              std::function<void(std::size_t)> step, std::function<void()> done) {
  const auto steps = std::make_shared<Steps>(count);
  const auto work = [steps, step = std::move(step), done = std::move(done)] {
    if (steps->Work(step)) done();
  };
  bool taken = false;
  for (std::size_t i = 0; i < std::min(helpers, count); ++i) {
    if (pool.Post(work) != WorkerPool::Posted::kYes) break;
    taken = true;
  }
  if (!taken) work();
}

}  // namespace pitser::base
