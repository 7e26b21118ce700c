#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "client/client.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/signature.h"
#include "net/retry.h"

namespace pitser::client {

// The requests of a SignStream: those that wait to be sent and those that wait for their answers,
// and the state of the stream that is open. It decides what is done next, what is sent again and
// when a request has waited long enough; it knows no gRPC, so that threads alone can drive it in a
// test.
//
// A request's time begins when it is first sent, and ends when its answer has come, whenever its
// callback is called. One that was never sent waits as long as requests leave or are answered.
//
// Four kinds of thread use it: callers (Add, WaitForRoom, Close, WaitForAll); the pump, one thread
// that opens one stream after the other and does what Next() says; the giver, one thread that calls
// the callbacks, so that a slow one holds up no answer; and gRPC's, which tell of events.
class SignQueue {
 public:
  struct Limits {
    std::size_t max_in_flight;   // Sent and unanswered, or signed and not given by the giver.
    std::size_t max_unanswered;  // Those, and what waits to be sent.
    absl::Duration timeout;      // For each request from its first sending, with all repetitions.
    net::RetryPolicy retry;
  };
  struct Request {
    std::uint64_t id;
    ledger::Imprint hash;
    ledger::Level level;
    SignCallback callback;
    absl::Duration since;  // When it was added, then when it was first sent. Monotonic.
    bool was_sent = false;
    int attempts = 0;  // That have ended.
  };
  // What the pump is to do with the stream that is open.
  enum class Step {
    kRead,       // Take the message that has come, then ask for the next one.
    kSend,       // Send the items.
    kHalfClose,  // Say that no more requests come.
    kCancel,
    kRelease,  // Nothing more is started on this stream: let it end.
    kEnded,
  };

  // Of `environment`, the sleep is not used.
  SignQueue(const Limits& limits, net::RetryEnvironment environment)
      : limits_(limits), environment_(std::move(environment)) {}

  // --- Callers ---

  // Never blocks. On OK, `callback` is called exactly once.
  // Errors: kResourceExhausted when max_unanswered is reached, kUnavailable after Close().
  absl::Status Add(const ledger::Imprint& hash, ledger::Level level, SignCallback callback)
      PITSER_EXCLUDES(mu_);
  // Waits until Add() would find room, or Close().
  void WaitForRoom() PITSER_EXCLUDES(mu_);
  // No more requests; all that are there are still answered.
  void Close() PITSER_EXCLUDES(mu_);
  // Waits until every callback has returned.
  void WaitForAll() PITSER_EXCLUDES(mu_);

  // --- The pump ---

  // Waits until a stream is needed: true; it counts as open from then on, and as reading. False:
  // closed, and nothing is left.
  bool WaitForWork() PITSER_EXCLUDES(mu_);
  // Waits until there is something to do. Fills `items` for kSend: at most `max_items` requests,
  // which are in flight from then on; their callbacks stay here.
  struct Item {
    std::uint64_t id;
    ledger::Imprint hash;
    ledger::Level level;
  };
  Step Next(std::size_t max_items, std::vector<Item>& items) PITSER_EXCLUDES(mu_);
  // The request with this id, out of what is in flight: to be given to Answer() or Refuse().
  std::optional<Request> TakeInFlight(std::uint64_t id) PITSER_EXCLUDES(mu_);
  // Has the giver call its callback.
  void Answer(Request request, absl::StatusOr<ledger::Signature> result) PITSER_EXCLUDES(mu_);
  // Sends it again after a while, with all others, or answers it when that is not worth it.
  void Refuse(Request request, const net::Attempt& outcome) PITSER_EXCLUDES(mu_);
  // The pump has cancelled the stream for a reason of its own: nothing more is sent on it.
  void StopSending() PITSER_EXCLUDES(mu_);
  // After kEnded: what is in flight is sent again on another stream, or answered with the outcome
  // when that is not worth repeating.
  void EndStream(const net::Attempt& outcome) PITSER_EXCLUDES(mu_);

  // --- The giver ---

  // Waits until there are answers: true. False: closed, and every callback has returned.
  bool WaitForAnswers() PITSER_EXCLUDES(mu_);
  // Calls the callbacks of what is answered by now, one after the other and without a lock.
  void GiveAnswers() PITSER_EXCLUDES(mu_);

  // --- gRPC's threads: events of the stream that is open ---

  void MessageCame() PITSER_EXCLUDES(mu_);
  void NoMoreMessages() PITSER_EXCLUDES(mu_);
  void Sent() PITSER_EXCLUDES(mu_);  // Or not: the end is told by the above.
  void Ended() PITSER_EXCLUDES(mu_);

 private:
  // By id, which is the order in which they are first sent, and so of their ends.
  using Requests = std::map<std::uint64_t, Request>;
  struct Answered {
    Request request;
    absl::StatusOr<ledger::Signature> result;
  };

  void Give(Request request, absl::StatusOr<ledger::Signature> result) PITSER_REQUIRES(mu_);
  // When the request has waited long enough. While signatures that the giver has not given take the
  // room, nothing that was not sent ends: callbacks, and not the service, keep it from being sent.
  absl::Duration EndOf(const Request& request) const PITSER_REQUIRES(mu_);
  // Of the following, those that look at the same moment get the same `now`: what one of them finds
  // to be too early, WaitForChange() waits for.

  // Answers what has waited too long; says whether some of it was in flight.
  bool GiveUpExpired(absl::Duration now) PITSER_REQUIRES(mu_);
  bool HasRoom() const PITSER_REQUIRES(mu_);
  bool MaySend(absl::Duration now) const PITSER_REQUIRES(mu_);
  void TakeItems(absl::Duration now, std::size_t max_items, std::vector<Item>& items)
      PITSER_REQUIRES(mu_);
  // Puts it back to be sent again, or answers it.
  void Repeat(Request request, const net::Attempt& outcome) PITSER_REQUIRES(mu_);
  // The next step of the stream, if there is one now.
  std::optional<Step> NextStep(absl::Duration now, std::size_t max_items, std::vector<Item>& items)
      PITSER_REQUIRES(mu_);
  // Waits for a change, or for the time at which one of the above has to look again.
  void WaitForChange(absl::Duration now) PITSER_REQUIRES(mu_);

  const Limits limits_;
  const net::RetryEnvironment environment_;

  base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  base::CondVar answers_came_;  // Or the last was given.
  std::uint64_t next_id_ PITSER_GUARDED_BY(mu_) = 1;
  Requests unsent_ PITSER_GUARDED_BY(mu_);
  Requests in_flight_ PITSER_GUARDED_BY(mu_);
  std::vector<Answered> answered_ PITSER_GUARDED_BY(mu_);  // The giver has not taken them.
  std::size_t held_ PITSER_GUARDED_BY(mu_) = 0;  // Signatures whose callbacks have not returned.
  std::size_t unanswered_ PITSER_GUARDED_BY(mu_) = 0;  // All callbacks that have not returned.
  // When something was last sent for the first time, or answered by the service, or when a callback
  // last made room.
  absl::Duration moved_ PITSER_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  bool closed_ PITSER_GUARDED_BY(mu_) = false;
  // The service asked for patience: nothing is sent before.
  absl::Duration pause_until_ PITSER_GUARDED_BY(mu_) = -absl::InfiniteDuration();

  // The stream that is open.
  struct Stream {
    bool readable = false;  // A message has come and is not taken.
    bool no_more = false;   // No message comes any more.
    bool sending = false;   // A message is on its way out.
    bool half_closed = false;
    bool cancelled = false;  // Nothing more is sent.
    bool stuck = false;      // It was cancelled because a request had waited too long.
    bool released = false;
    bool ended = false;
    // When a half-closed stream must have ended.
    absl::Duration end_by = absl::InfiniteDuration();
  };
  Stream stream_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::client
