#pragma once

#include <atomic>
#include <memory>

#include "base/worker_pool.h"

namespace pitser::server {

// Work that is done step by step on a pool, one step at a time, whoever asks for it and however
// often: what a call that many threads tell things to (gRPC's, the round's, the watch's) does about
// them. What only steps touch needs no lock.
// Thread: Wake() any.
class Steps : public std::enable_shared_from_this<Steps> {
 public:
  virtual ~Steps() = default;

 protected:
  // `pool` outlives every Wake() that finds something to do.
  explicit Steps(base::WorkerPool* pool) : pool_(pool) {}

  // There may be something to do: Step() is called soon. Does not wait, unless the pool's queue is
  // full: then this thread does the work, and whoever asks for more than the pool can do is slowed
  // down by it.
  void Wake();

 private:
  // Does the next thing that there is to do; false when there is none. Never called twice at once.
  virtual bool Step() = 0;

  // A step found no memory: what asked for it is to be given up.
  virtual void OutOfMemory() = 0;

  void Run();

  enum class State { kIdle, kRunning, kWoken };

  base::WorkerPool* const pool_;
  std::atomic<State> state_ = State::kIdle;
};

}  // namespace pitser::server
