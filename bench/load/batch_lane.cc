#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "bench/load/lane.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::bench {
namespace {

using base::MutexLock;

// A SignBatch for every `batch_size` hashes.
class BatchLane final : public Lane {
 public:
  explicit BatchLane(LaneOptions options)
      : Lane(std::move(options)), stub_(v1::Signer::NewStub(options_.channel)) {}

  void Pump() override {
    while (Call* const call = Begin()) call->Start();
  }

  void Cancel() override {
    MutexLock lock(mu_);
    for (Call* const call : running_) call->context.TryCancel();
  }

 private:
  class Call final : public grpc::ClientReadReactor<v1::SignBatchResponse> {
   public:
    explicit Call(BatchLane* lane) : lane_(lane) {}

    void Start() {
      lane_->stub_->async()->SignBatch(&context, &request, this);
      StartRead(&answers.emplace_back());
      StartCall();
    }

    std::uint64_t first = 0;
    std::uint64_t count = 0;
    Times times;  // Due when its last hash was.
    grpc::ClientContext context;
    v1::SignBatchRequest request;
    std::vector<v1::SignBatchResponse> answers;  // Worth nothing until the call has ended with OK.

   private:
    void OnReadDone(bool ok) override {
      if (ok) {
        StartRead(&answers.emplace_back());
      } else {
        answers.pop_back();
      }
    }
    void OnDone(const grpc::Status& status) override {
      lane_->End(std::unique_ptr<Call>(this), status);
    }

    BatchLane* const lane_;
  };

  // The next call, ready to be started; null when none is due.
  Call* Begin() PITSER_EXCLUDES(mu_);
  void End(std::unique_ptr<Call> call, const grpc::Status& status) PITSER_EXCLUDES(mu_);
  void Take(const Call& call, std::int64_t now) PITSER_REQUIRES(mu_);

  const std::unique_ptr<v1::Signer::Stub> stub_;
  absl::flat_hash_set<Call*> running_ PITSER_GUARDED_BY(mu_);
};

BatchLane::Call* BatchLane::Begin() {
  const std::int64_t now = Now();
  MutexLock lock(mu_);
  const std::uint64_t count = std::min(Room(now), options_.batch_size);
  if (count == 0) return nullptr;
  auto* const call = new Call(this);
  call->count = count;
  call->context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
  call->request.set_algorithm(static_cast<std::uint32_t>(NumberedHashes::kAlgorithm));
  std::string& digests = *call->request.mutable_digests();
  digests.resize(count * NumberedHashes::kSize);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Pace::Turn turn = Send(now);
    if (i == 0) call->first = NumberOf(turn);
    call->times = {turn.due, now};
    hashes_.Digest(NumberOf(turn),
                   reinterpret_cast<std::uint8_t*>(digests.data()) + i * NumberedHashes::kSize);
  }
  Sent(call->times, count);
  ++tally_.calls;
  tally_.bytes_sent += call->request.ByteSizeLong();
  ++calls_;
  running_.insert(call);
  return call;
}

void BatchLane::End(std::unique_ptr<Call> call, const grpc::Status& status) {
  const std::int64_t now = Now();
  {
    MutexLock lock(mu_);
    running_.erase(call.get());
    if (status.ok()) {
      Take(*call, now);
    } else {
      NotSigned(EndingOf(status, call->context), call->times, now, call->count);
    }
  }
  call.reset();
  Pump();
  MutexLock lock(mu_);
  --calls_;
}

void BatchLane::Take(const Call& call, std::int64_t now) {
  std::uint64_t parts = 0;
  for (const v1::SignBatchResponse& answer : call.answers) {
    tally_.bytes_received += answer.ByteSizeLong();
    parts += static_cast<std::uint64_t>(answer.parts_size());
  }
  if (parts != call.count) {
    NotSigned({.refusal = {grpc::StatusCode::UNKNOWN, ""}}, call.times, now, call.count);
    return tally_.Breach(
        absl::StrCat("a batch of ", call.count, " was answered with ", parts, " parts"));
  }
  Signed(call.times, now, call.count);
  const v1::SignBatchResponse& head = call.answers.front();
  ++tally_.tails;
  tally_.tail_bytes += head.tail().size();
  std::uint64_t number = call.first;
  for (const v1::SignBatchResponse& answer : call.answers) {
    for (const std::string& part : answer.parts()) {
      Keep(number++, part, head.tail(), head.aggregation_time());
    }
  }
}

}  // namespace

std::unique_ptr<Lane> internal::MakeBatchLane(LaneOptions options) {
  return std::make_unique<BatchLane>(std::move(options));
}

}  // namespace pitser::bench
