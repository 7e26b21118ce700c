#include "client/sign_stream.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "client/call_support.h"
#include "client/sign_queue.h"
#include "client/stubs.h"
#include "client/taken_part.h"
#include "ledger/base/status.h"
#include "ledger/verify/shared_tail.h"
#include "net/grpc_status.h"

namespace pitser::client {
namespace {

using ledger::Signature;
using pitser::v1::ItemError;
using pitser::v1::SignItemAnswer;
using pitser::v1::SignStreamRequest;
using pitser::v1::SignStreamResponse;

// A SignItem with the longest imprint, and its header, with room to spare.
constexpr std::size_t kMaxItemBytes = 96;
constexpr std::size_t kMaxItems = 4096;

// Why a request was not signed. Errors: MalformedAnswer().
absl::StatusOr<net::Attempt> AttemptOf(const ItemError& error) {
  if (error.code() < 1 || error.code() > 16) {
    return MalformedAnswer("an item's error has no code");
  }
  net::Attempt attempt;
  attempt.status = absl::Status(static_cast<absl::StatusCode>(error.code()), error.message());
  if (error.has_retry_after_ms()) {
    attempt.server_delay = absl::Milliseconds(error.retry_after_ms());
  }
  return attempt;
}

// How the stream's end is to be taken by what it left undecided.
net::Attempt EndOf(const grpc::Status& status, const grpc::ClientContext& context,
                   const absl::Status& wrong) {
  if (!wrong.ok()) return {.status = wrong, .server_delay = std::nullopt};
  net::Attempt attempt = net::FinishedAttempt(status, context);
  // Whatever ended it in time, its deadline or a server that had enough: sending again is right.
  if (attempt.status.ok() || attempt.status.code() == absl::StatusCode::kDeadlineExceeded) {
    attempt.status = absl::UnavailableError("the stream ended before everything was answered");
  }
  return attempt;
}

absl::StatusOr<Signature> TakePart(const SignStreamResponse& message, ledger::SharedTail& tail,
                                   const std::string& part, const SignQueue::Request& request) {
  PITSER_RETURN_IF_ERROR(CheckPart(tail, part, request.hash, request.level));
  PITSER_ASSIGN_OR_RETURN(Signature signature, PutTogether(tail, part));
  if (signature.signing_time() != message.aggregation_time()) {
    return WrongAnswer("a signature proves another second than its message says");
  }
  return signature;
}

}  // namespace

// Opens one stream after the other and does what the queue says, on a thread of its own; callbacks
// are called on another one. gRPC's threads only tell of events: a server that neither reads nor
// answers holds up none of ours.
class SignStream::Pump {
 public:
  Pump(pitser::v1::Signer::Stub& signer, const SignQueue::Limits& limits, std::size_t max_items,
       const net::RetryEnvironment& environment)
      : signer_(signer),
        max_items_(max_items),
        queue_(limits, environment),
        thread_("sign-stream", [this] { Run(); }),
        giver_("sign-answers", [this] {
          while (queue_.WaitForAnswers()) queue_.GiveAnswers();
        }) {}

  ~Pump() { Close(); }

  SignQueue& queue() { return queue_; }

  void Close() {
    queue_.Close();
    queue_.WaitForAll();
    const base::MutexLock lock(join_mu_);
    thread_.Join();
    giver_.Join();
  }

 private:
  class Call;

  void Run() {
    while (queue_.WaitForWork()) RunStream();
  }
  void RunStream();

  // Errors: MalformedAnswer().
  absl::Status TakeMessage(const SignStreamResponse& message);
  absl::Status TakeAnswer(const SignStreamResponse& message, const SignItemAnswer& answer,
                          ledger::SharedTail& tail);

  pitser::v1::Signer::Stub& signer_;
  const std::size_t max_items_;
  SignQueue queue_;
  base::Mutex join_mu_;          // Close() may be called by several threads.
  base::Thread thread_, giver_;  // Last: they use all of the above.
};

// One stream. Everything is started by the pump, hence the hold.
class SignStream::Pump::Call final
    : public grpc::ClientBidiReactor<SignStreamRequest, SignStreamResponse> {
 public:
  Call(pitser::v1::Signer::Stub& signer, SignQueue& queue) : queue_(queue) {
    signer.async()->SignStream(&context_, this);
    StartRead(&message_);
    AddHold();
    StartCall();
  }

  const SignStreamResponse& message() const { return message_; }
  void ReadNext() { StartRead(&message_); }
  void Send(const std::vector<SignQueue::Item>& items) {
    request_.Clear();
    for (const SignQueue::Item& item : items) {
      pitser::v1::SignItem& added = *request_.add_items();
      added.set_id(item.id);
      added.set_imprint(ledger::ToString(item.hash.bytes()));
      added.set_level(item.level);
    }
    StartWrite(&request_);
  }
  void HalfClose() { StartWritesDone(); }
  void Cancel() { context_.TryCancel(); }
  void Release() { RemoveHold(); }

  // After the end.
  const grpc::Status& status() const { return status_; }
  const grpc::ClientContext& context() const { return context_; }

 private:
  void OnReadDone(bool ok) override { ok ? queue_.MessageCame() : queue_.NoMoreMessages(); }
  void OnWriteDone(bool /*ok*/) override { queue_.Sent(); }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    queue_.Ended();  // The pump may now take this away.
  }

  SignQueue& queue_;
  grpc::ClientContext context_;
  SignStreamRequest request_;   // gRPC's while it is sent.
  SignStreamResponse message_;  // gRPC's until a message has come.
  grpc::Status status_;
};

void SignStream::Pump::RunStream() {
  Call call(signer_, queue_);
  absl::Status wrong;
  std::vector<SignQueue::Item> items;
  while (true) {
    switch (queue_.Next(max_items_, items)) {
      case SignQueue::Step::kRead:
        // After a wrong message the stream is at its end; what else comes is not looked at.
        if (wrong.ok()) wrong = TakeMessage(call.message());
        if (!wrong.ok()) {
          queue_.StopSending();
          call.Cancel();
        }
        call.ReadNext();
        break;
      case SignQueue::Step::kSend:
        call.Send(items);
        break;
      case SignQueue::Step::kHalfClose:
        call.HalfClose();
        break;
      case SignQueue::Step::kCancel:
        call.Cancel();
        break;
      case SignQueue::Step::kRelease:
        call.Release();
        break;
      case SignQueue::Step::kEnded:
        queue_.EndStream(EndOf(call.status(), call.context(), wrong));
        return;
    }
  }
}

absl::Status SignStream::Pump::TakeMessage(const SignStreamResponse& message) {
  ledger::SharedTail tail(ledger::ToVector(ledger::AsBytes(message.tail())));
  for (const SignItemAnswer& answer : message.answers()) {
    PITSER_RETURN_IF_ERROR(TakeAnswer(message, answer, tail));
  }
  return absl::OkStatus();
}

absl::Status SignStream::Pump::TakeAnswer(const SignStreamResponse& message,
                                          const SignItemAnswer& answer, ledger::SharedTail& tail) {
  auto request = queue_.TakeInFlight(answer.id());
  if (!request) return MalformedAnswer("it answers what was not asked");
  switch (answer.outcome_case()) {
    case SignItemAnswer::kPart: {
      auto signature = TakePart(message, tail, answer.part(), *request);
      queue_.Answer(*std::move(request), std::move(signature));
      return absl::OkStatus();
    }
    case SignItemAnswer::kError: {
      const auto refusal = AttemptOf(answer.error());
      if (refusal.ok()) {
        queue_.Refuse(*std::move(request), *refusal);
      } else {
        queue_.Answer(*std::move(request), refusal.status());
      }
      return refusal.status();
    }
    default: {
      const absl::Status nothing = MalformedAnswer("an item has neither signature nor error");
      queue_.Answer(*std::move(request), nothing);
      return nothing;
    }
  }
}

absl::StatusOr<std::unique_ptr<SignStream>> SignStream::Open(Client& client,
                                                             const SignStreamOptions& options) {
  PITSER_ASSIGN_OR_RETURN(const ServerInfo info, client.GetServerInfo());
  const ServerLimits& limits = info.limits;
  if (limits.max_stream_in_flight == 0) {
    return absl::UnimplementedError("the server does not serve streams");
  }
  const SignQueue::Limits queue_limits{
      .max_in_flight = std::max<std::size_t>(
          1, std::min<std::size_t>(options.max_in_flight, limits.max_stream_in_flight)),
      .max_unanswered = std::max<std::size_t>(1, options.max_unanswered),
      .timeout = client.options_.timeout,
      .retry = client.options_.retry};
  std::size_t max_items = kMaxItems;
  if (limits.max_message_bytes != 0) {
    max_items = std::clamp<std::size_t>(limits.max_message_bytes / kMaxItemBytes, 1, kMaxItems);
  }
  auto pump = std::make_unique<Pump>(*client.stubs_->signer, queue_limits, max_items,
                                     client.options_.environment);
  return std::unique_ptr<SignStream>(new SignStream(std::move(pump)));
}

SignStream::SignStream(std::unique_ptr<Pump> pump) : pump_(std::move(pump)) {}

SignStream::~SignStream() = default;

absl::Status SignStream::Sign(const ledger::Imprint& hash, ledger::Level level,
                              SignCallback callback) {
  return pump_->queue().Add(hash, level, std::move(callback));
}

std::future<absl::StatusOr<Signature>> SignStream::Sign(const ledger::Imprint& hash,
                                                        ledger::Level level) {
  // Shared: a function object can be copied.
  const auto promise = std::make_shared<std::promise<absl::StatusOr<Signature>>>();
  auto future = promise->get_future();
  const absl::Status status = Sign(hash, level, [promise](absl::StatusOr<Signature> result) {
    promise->set_value(std::move(result));
  });
  if (!status.ok()) promise->set_value(status);
  return future;
}

void SignStream::WaitForRoom() { pump_->queue().WaitForRoom(); }

void SignStream::Close() { pump_->Close(); }

}  // namespace pitser::client
