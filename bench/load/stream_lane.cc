#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bench/load/lane.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::bench {
namespace {

using base::MutexLock;

constexpr std::int64_t kReopenNs = 100'000'000;
// Messages that are not full leave so often: what costs is the message, and what is due meanwhile
// goes with the next.
constexpr std::int64_t kWriteEveryNs = 2'000'000;

// One SignStream, opened again when it breaks.
class StreamLane final : public Lane {
 public:
  explicit StreamLane(LaneOptions options)
      : Lane(std::move(options)), stub_(v1::Signer::NewStub(options_.channel)) {}

  void Pump() override;

  void Cancel() override {
    MutexLock lock(mu_);
    if (call_ != nullptr) call_->context.TryCancel();
  }

 private:
  // The stream as gRPC sees it. While `open` it has a hold on gRPC, so that it cannot end under
  // somebody who is about to write; each write takes another one for itself.
  class Call final : public grpc::ClientBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse> {
   public:
    explicit Call(StreamLane* lane) : lane_(lane) {}

    void Start() {
      lane_->stub_->async()->SignStream(&context, this);
      AddMultipleHolds(2);  // For being open, and for whoever opens it.
      StartRead(&response);
      StartCall();
    }

    grpc::ClientContext context;
    v1::SignStreamRequest request;
    v1::SignStreamResponse response;
    // Guarded by the lane's mutex.
    bool open = true;
    bool writing = false;

   private:
    void OnReadDone(bool ok) override {
      if (!ok) return lane_->Close(*this);
      lane_->Answered(response);
      StartRead(&response);
      lane_->Pump();
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return lane_->Close(*this);
      {
        MutexLock lock(lane_->mu_);
        writing = false;
      }
      lane_->Pump();
    }
    void OnDone(const grpc::Status& status) override {
      lane_->End(std::unique_ptr<Call>(this), status);
    }

    StreamLane* const lane_;
  };

  // A stream is opened if one is needed.
  void OpenIfNeeded() PITSER_EXCLUDES(mu_);
  // Fills the next message; how many requests are in it.
  std::uint64_t Fill(v1::SignStreamRequest& request, std::int64_t now) PITSER_REQUIRES(mu_);
  // Nothing will be written any more, because it broke.
  void Close(Call& call) PITSER_EXCLUDES(mu_);
  void Answered(const v1::SignStreamResponse& response) PITSER_EXCLUDES(mu_);
  void AnsweredItem(const v1::SignStreamResponse& response, const v1::SignItemAnswer& answer,
                    std::int64_t now) PITSER_REQUIRES(mu_);
  void End(std::unique_ptr<Call> call, const grpc::Status& status) PITSER_EXCLUDES(mu_);

  const std::unique_ptr<v1::Signer::Stub> stub_;
  Call* call_ PITSER_GUARDED_BY(mu_) = nullptr;  // Owns itself; null between two streams.
  std::int64_t reopen_at_ PITSER_GUARDED_BY(mu_) = 0;
  std::int64_t write_at_ PITSER_GUARDED_BY(mu_) = 0;  // Not before, unless a message is full.
  absl::flat_hash_map<std::uint64_t, Times> waiting_ PITSER_GUARDED_BY(mu_);  // By id.
};

void StreamLane::OpenIfNeeded() {
  const std::int64_t now = Now();
  Call* call = nullptr;
  {
    MutexLock lock(mu_);
    if (call_ != nullptr || now < reopen_at_ || Room(now) == 0) return;
    call = call_ = new Call(this);
    call->writing = true;  // Until it is started, nobody may write.
    ++calls_;
  }
  call->Start();
  {
    MutexLock lock(mu_);
    call->writing = false;
  }
  call->RemoveHold();
}

void StreamLane::Pump() {
  OpenIfNeeded();
  const std::int64_t now = Now();
  Call* call = nullptr;
  bool write = false;
  {
    MutexLock lock(mu_);
    if (call_ == nullptr || !call_->open || call_->writing) return;
    call = call_;
    write = Fill(call->request, now) > 0;
    if (write) {
      call->writing = true;
      call->AddHold();
    } else if (Over(now)) {
      call->open = false;
    } else {
      return;
    }
  }
  if (write) {
    call->StartWrite(&call->request);
  } else {
    call->StartWritesDone();
  }
  call->RemoveHold();
}

std::uint64_t StreamLane::Fill(v1::SignStreamRequest& request, std::int64_t now) {
  const std::uint64_t count = std::min(Room(now), options_.batch_size);
  if (count == 0 || (count < options_.batch_size && now < write_at_ && !Over(now))) return 0;
  write_at_ = now + kWriteEveryNs;
  request.clear_items();
  for (std::uint64_t i = 0; i < count; ++i) {
    const Pace::Turn turn = Send(now);
    const std::uint64_t number = NumberOf(turn);
    const Times times{turn.due, now};
    Sent(times);
    waiting_.emplace(number, times);
    v1::SignItem* const item = request.add_items();
    item->set_id(number);
    item->set_imprint(ledger::ToString(hashes_.Imprint(number).bytes()));
  }
  ++tally_.calls;
  tally_.bytes_sent += request.ByteSizeLong();
  return count;
}

void StreamLane::Close(Call& call) {
  {
    MutexLock lock(mu_);
    call.writing = false;
    if (!std::exchange(call.open, false)) return;
  }
  call.RemoveHold();
}

void StreamLane::Answered(const v1::SignStreamResponse& response) {
  const std::int64_t now = Now();
  MutexLock lock(mu_);
  tally_.bytes_received += response.ByteSizeLong();
  if (!response.tail().empty()) {
    ++tally_.tails;
    tally_.tail_bytes += response.tail().size();
  }
  for (const v1::SignItemAnswer& answer : response.answers()) AnsweredItem(response, answer, now);
}

void StreamLane::AnsweredItem(const v1::SignStreamResponse& response,
                              const v1::SignItemAnswer& answer, std::int64_t now) {
  const auto waiting = waiting_.find(answer.id());
  if (waiting == waiting_.end()) {
    return tally_.Breach(absl::StrCat("an answer for id ", answer.id(), ", which waits for none"));
  }
  const Times times = waiting->second;
  waiting_.erase(waiting);
  switch (answer.outcome_case()) {
    case v1::SignItemAnswer::kPart:
      Signed(times, now);
      return Keep(answer.id(), answer.part(), response.tail(), response.aggregation_time());
    case v1::SignItemAnswer::kError: {
      const v1::ItemError& error = answer.error();
      const auto delay = error.has_retry_after_ms()
                             ? std::optional<std::uint32_t>(error.retry_after_ms())
                             : std::nullopt;
      return NotSigned(EndingOfItem(static_cast<int>(error.code()), error.limit(), delay), times,
                       now);
    }
    case v1::SignItemAnswer::OUTCOME_NOT_SET:
      break;
  }
  NotSigned({.fate = Fate::kUndecided, .refusal = {grpc::StatusCode::UNKNOWN, ""}}, times, now);
  tally_.Breach(absl::StrCat("the answer for id ", answer.id(), " says nothing"));
}

void StreamLane::End(std::unique_ptr<Call> call, const grpc::Status& status) {
  const std::int64_t now = Now();
  {
    MutexLock lock(mu_);
    if (status.ok() && !waiting_.empty()) {
      tally_.Breach(absl::StrCat("a stream ended with ", waiting_.size(), " requests unanswered"));
    }
    const Ending ending = status.ok() ? Ending{.refusal = {grpc::StatusCode::UNKNOWN, ""}}
                                      : EndingOf(status, call->context);
    for (const auto& entry : waiting_) NotSigned(ending, entry.second, now);
    waiting_.clear();
    call_ = nullptr;
    reopen_at_ = now + kReopenNs;
  }
  call.reset();
  MutexLock lock(mu_);
  --calls_;
}

}  // namespace

std::unique_ptr<Lane> internal::MakeStreamLane(LaneOptions options) {
  return std::make_unique<StreamLane>(std::move(options));
}

}  // namespace pitser::bench
