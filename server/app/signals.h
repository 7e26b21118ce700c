#pragma once

#include <chrono>
#include <csignal>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace pitser::server {

// The signals of the process, waited for by a thread of their own, so that they do what they are
// for whatever the node is busy with or stuck in.
//   SIGTERM, SIGINT   before Started() and from the second on: the end at once, as if nobody had
//                     asked for them; that loses nothing, as a crash does not. Else for Await().
//   SIGHUP, SIGUSR1, SIGUSR2   a line in the log, and nothing else.
//   SIGPIPE, SIGXFSZ  ignored: the write says that it failed.
// Logs: signal_ignored, stopping.
// Thread: one owner. Only one at a time.
class Signals {
 public:
  // To be made before any other thread: all that begin later leave the signals to this one.
  Signals();
  // They stay blocked: none that comes late may end the process in the middle of its end.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The node runs: from now on it is ended in order.
  void Started() PITSER_EXCLUDES(mu_);

  // Waits until the node is to end. If that takes longer than `longest` from then on, the process
  // ends as by a crash, saying so.
  void Await(absl::Duration longest) PITSER_EXCLUDES(mu_);

 private:
  void Run() PITSER_EXCLUDES(mu_);
  bool TakeEnding(int signal) PITSER_EXCLUDES(mu_);
  void EndIfOverdue() PITSER_EXCLUDES(mu_);

  sigset_t waited_for_{};
  base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  bool started_ PITSER_GUARDED_BY(mu_) = false;
  bool asked_ PITSER_GUARDED_BY(mu_) = false;
  bool over_ PITSER_GUARDED_BY(mu_) = false;
  std::chrono::steady_clock::time_point until_ PITSER_GUARDED_BY(mu_) =
      std::chrono::steady_clock::time_point::max();
  base::Thread thread_;
};

}  // namespace pitser::server
