#pragma once

#include "base/mutex.h"

namespace pitser::testing {

// Stops threads at a point until the test lets them go on, for good.
// Thread: any.
class Gate {
 public:
  // Blocks until Open().
  void Pass() {
    base::MutexLock lock(mu_);
    ++arrived_;
    changed_.SignalAll();
    while (!open_) changed_.Wait(mu_);
  }
  // Blocks until so many threads came to Pass().
  void AwaitArrival(int threads = 1) {
    base::MutexLock lock(mu_);
    while (arrived_ < threads) changed_.Wait(mu_);
  }
  void Open() {
    base::MutexLock lock(mu_);
    open_ = true;
    changed_.SignalAll();
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  int arrived_ PITSER_GUARDED_BY(mu_) = 0;
  bool open_ PITSER_GUARDED_BY(mu_) = false;
};

}  // namespace pitser::testing
