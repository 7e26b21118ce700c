#pragma once

#include "absl/time/time.h"
#include "base/mutex.h"

namespace pitser::base {

// A lock for work that may take long, such as a disk's: who cannot wait without end says how long.
// Thread: any.
class Turn {
 public:
  // False when others had it for `at_most` of time that really passed. Else it is the caller's
  // until it calls Give(), which wakes whoever waits.
  bool Take(absl::Duration at_most = absl::InfiniteDuration()) PITSER_EXCLUDES(mu_);
  void Give() PITSER_EXCLUDES(mu_);

 private:
  Mutex mu_;  // Leaf lock.
  CondVar given_;
  bool taken_ PITSER_GUARDED_BY(mu_) = false;
};

// Takes a turn for a scope.
class TurnHolder {
 public:
  explicit TurnHolder(Turn& turn, absl::Duration at_most = absl::InfiniteDuration())
      : turn_(turn), taken_(turn.Take(at_most)) {}
  ~TurnHolder() {
    if (taken_) turn_.Give();
  }
  TurnHolder(const TurnHolder&) = delete;
  TurnHolder& operator=(const TurnHolder&) = delete;

  bool taken() const { return taken_; }

 private:
  Turn& turn_;
  const bool taken_;
};

}  // namespace pitser::base
