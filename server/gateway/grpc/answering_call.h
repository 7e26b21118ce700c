#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "server/gateway/grpc/steps.h"

namespace pitser::server {

// What the logic of a call does to it. All but Break() is done by its steps, one after the other.
class AnswerCall {
 public:
  // One at a time; AnsweringCall::OnWritten() follows.
  virtual void Send(std::string message) = 0;
  // Of a stream: the next message from the caller, one at a time.
  virtual void Receive() = 0;
  // Once, and nothing after it but Break(); AnsweringCall::OnGone() follows.
  virtual void Close(const absl::Status& status) = 0;
  // Ends the call at once, whatever the caller still has to read. Any thread, until OnGone().
  virtual void Break(const absl::Status& status) = 0;

 protected:
  ~AnswerCall() = default;
};

// A call that is answered with messages that the caller reads at its own speed. It holds what it
// has to say in the smallest form there is, and makes messages of it one by one as they are read. A
// caller that reads nothing for too long is sent away.
// Knows no gRPC.
// Thread: the public part any.
class AnsweringCall : public Steps {
 public:
  // The message is with the caller's side. Not `ok`: nobody will read any more.
  void OnWritten(bool ok);
  // The caller broke the call off, its deadline passed, or the connection is gone.
  void OnCancelled();
  // Nothing may be done to the call any more.
  void OnGone();

  // Ends the call if nothing was read for too long before `now`, by the monotonic clock: with a
  // status that the caller finds behind what it did not read; if it does not read that either,
  // after as long again the connection's part of the call is broken off.
  void CheckStall(absl::Duration now);

  // The server shuts down: the call ends when all that is in flight is answered and read.
  virtual void EndWhenAnswered() {}

 protected:
  // All outlive the call, which outlives OnGone().
  AnsweringCall(base::WorkerPool* pool, base::Clock* clock, absl::Duration stall, AnswerCall* call)
      : Steps(pool), clock_(clock), stall_(stall), call_(call) {}

  // The call is to end now, unless that was said before; whatever is in flight or unread is let go.
  void End(absl::Status status) PITSER_EXCLUDES(mu_);
  // Whether it ended or is about to.
  bool Ending() const PITSER_REQUIRES(mu_) { return end_.has_value(); }

  AnswerCall& call() { return *call_; }

  mutable base::Mutex mu_;  // Leaf lock. What the steps alone touch is not under it.

 private:
  // Does something else than writing, if there is something to do.
  virtual bool Work() = 0;
  // The next message; empty when there is none to write now.
  virtual std::string NextMessage() = 0;
  // What the last NextMessage() gave was written.
  virtual void Written() PITSER_REQUIRES(mu_) {}
  // What the call ends with, once there is nothing more to come.
  virtual std::optional<absl::Status> Complete() = 0;
  // Frees all that it holds: the call ends.
  virtual void LetGo() = 0;

  bool Step() final;
  void OutOfMemory() final;

  base::Clock* const clock_;
  const absl::Duration stall_;
  AnswerCall* const call_;

  std::optional<absl::Status> end_ PITSER_GUARDED_BY(mu_);
  bool finished_ PITSER_GUARDED_BY(mu_) = false;
  bool gone_ PITSER_GUARDED_BY(mu_) = false;
  bool writing_ PITSER_GUARDED_BY(mu_) = false;
  absl::Duration waiting_since_ PITSER_GUARDED_BY(mu_);  // For a reader.
};

}  // namespace pitser::server
