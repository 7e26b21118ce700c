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

// What has come of a batch. Messages are not kept as they come, for those of many batches come at
// the same time.
struct Answers {
  Answers() = default;
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  std::string tail;  // Of the first message.
  std::uint64_t aggregation_time = 0;
  std::uint64_t parts = 0;
  std::uint64_t too_long = 0;  // Of the parts: none of a signature.
  std::uint64_t part_bytes = 0;
  std::uint64_t bytes = 0;
  std::vector<std::unique_ptr<PartChunk>> chunks;
  KeptParts kept{[this](std::unique_ptr<PartChunk> full) { chunks.push_back(std::move(full)); }};

  // `first`: the number of the batch's first hash.
  void Take(const v1::SignBatchResponse& answer, std::uint64_t first, bool keep) {
    if (bytes == 0) {
      tail = answer.tail();
      aggregation_time = answer.aggregation_time();
    }
    bytes += answer.ByteSizeLong();
    for (const std::string& part : answer.parts()) {
      part_bytes += part.size();
      if (keep && !kept.Add(first + parts, part, tail, aggregation_time)) ++too_long;
      ++parts;
    }
  }
};

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
      StartRead(&answer_);
      StartCall();
    }

    std::uint64_t first = 0;
    std::uint64_t count = 0;
    Times times;  // Due when its last hash was.
    grpc::ClientContext context;
    v1::SignBatchRequest request;
    Answers answers;  // Worth nothing until the call has ended with OK.

   private:
    void OnReadDone(bool ok) override {
      if (!ok) return;
      answers.Take(answer_, first, lane_->options_.keep != nullptr);
      StartRead(&answer_);
    }
    void OnDone(const grpc::Status& status) override {
      lane_->End(std::unique_ptr<Call>(this), status);
    }

    BatchLane* const lane_;
    v1::SignBatchResponse answer_;  // One for all of them: it has the memory for the next.
  };

  // The next call, ready to be started; null when none is due.
  Call* Begin() PITSER_EXCLUDES(mu_);
  void End(std::unique_ptr<Call> call, const grpc::Status& status) PITSER_EXCLUDES(mu_);
  void Take(Call& call, std::int64_t now) PITSER_REQUIRES(mu_);

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

void BatchLane::Take(Call& call, std::int64_t now) {
  Answers& answers = call.answers;
  tally_.bytes_received += answers.bytes;
  if (answers.parts != call.count) {
    NotSigned({.refusal = {grpc::StatusCode::UNKNOWN, ""}}, call.times, now, call.count);
    return tally_.Breach(
        absl::StrCat("a batch of ", call.count, " was answered with ", answers.parts, " parts"));
  }
  Signed(call.times, now, call.count);
  ++tally_.tails;
  tally_.tail_bytes += answers.tail.size();
  tally_.part_bytes += answers.part_bytes;
  if (answers.too_long > 0) {
    tally_.Breach(absl::StrCat(answers.too_long, " of the batch of request ", call.first,
                               ": longer than any signature"));
  }
  if (!options_.keep) return;
  answers.kept.Flush();
  for (std::unique_ptr<PartChunk>& chunk : answers.chunks) options_.keep(std::move(chunk));
}

}  // namespace

std::unique_ptr<Lane> internal::MakeBatchLane(LaneOptions options) {
  return std::make_unique<BatchLane>(std::move(options));
}

}  // namespace pitser::bench
