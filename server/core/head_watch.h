#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "base/mutex.h"

namespace pitser::server {

// Wakes those who wait for the calendar's head to move on. It only passes on what storage tells
// after a write is durable (CalendarOptions::on_head): nobody is woken for a second that could
// still be lost.
// Thread: any.
class HeadWatch {
 public:
  // Somebody who waits. Each wait ends with one of the two calls, under no lock, from whichever
  // thread moved the head or stopped; they must not block. A follower may be gone when they return.
  class Follower {
   public:
    virtual void HeadMoved() = 0;
    virtual void WatchStopped() = 0;

   protected:
    ~Follower() = default;
  };

  enum class Answer {
    kWaiting,  // One of the follower's calls will come, or has come: it may be gone already.
    kGoOn,     // Second `next` is closed, or `given_up` is set: nothing to wait for.
    kStopped,
  };
  // Has `follower` wait until second `next` is closed. Whoever sets `given_up` calls Leave() then.
  Answer Wait(Follower& follower, std::uint64_t next, const std::atomic<bool>& given_up)
      PITSER_EXCLUDES(mu_);

  // True: the follower waited, and none of its calls will come any more. False: it did not wait, or
  // one of them is coming.
  bool Leave(Follower& follower) PITSER_EXCLUDES(mu_);

  // The head is `head` now, or later already. Cost: a wake-up for each who waits.
  void Moved(std::uint64_t head) PITSER_EXCLUDES(mu_);

  // How many wait.
  std::size_t waiting() const PITSER_EXCLUDES(mu_);

  // Nobody waits from now on.
  void Stop() PITSER_EXCLUDES(mu_);

 private:
  mutable base::Mutex mu_;  // Leaf lock.
  std::optional<std::uint64_t> head_ PITSER_GUARDED_BY(mu_);
  bool stopped_ PITSER_GUARDED_BY(mu_) = false;
  std::set<Follower*> waiting_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::server
