#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "bench/load/lane.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::bench {
namespace {

using base::MutexLock;

// A call of its own for every hash.
class UnaryLane final : public Lane {
 public:
  explicit UnaryLane(LaneOptions options)
      : Lane(std::move(options)), stub_(v1::Signer::NewStub(options_.channel)) {}

  void Pump() override {
    while (Call* const call = Begin()) {
      stub_->async()->Sign(
          &call->context, &call->request, &call->response,
          [this, call](const grpc::Status& status) { End(std::unique_ptr<Call>(call), status); });
    }
  }

  void Cancel() override {
    MutexLock lock(mu_);
    for (Call* const call : running_) call->context.TryCancel();
  }

 private:
  struct Call {
    std::uint64_t number = 0;
    Times times;
    grpc::ClientContext context;
    v1::SignRequest request;
    v1::SignResponse response;
  };

  // The next call, ready to be started; null when none is due.
  Call* Begin() PITSER_EXCLUDES(mu_) {
    const std::int64_t now = Now();
    auto call = std::make_unique<Call>();
    {
      MutexLock lock(mu_);
      if (Room(now) == 0) return nullptr;
      const Pace::Turn turn = Send(now);
      call->number = NumberOf(turn);
      call->times = {turn.due, now};
      Sent(call->times);
      call->context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
      call->request.set_imprint(ledger::ToString(hashes_.Imprint(call->number).bytes()));
      ++tally_.calls;
      tally_.bytes_sent += call->request.ByteSizeLong();
      ++calls_;
      running_.insert(call.get());
    }
    return call.release();
  }

  void End(std::unique_ptr<Call> call, const grpc::Status& status) PITSER_EXCLUDES(mu_) {
    const std::int64_t now = Now();
    {
      MutexLock lock(mu_);
      running_.erase(call.get());
      if (status.ok()) {
        tally_.bytes_received += call->response.ByteSizeLong();
        Signed(call->times, now);
        KeepWhole(call->number, call->response.signature(), call->response.aggregation_time());
      } else {
        NotSigned(EndingOf(status, call->context), call->times, now);
      }
    }
    call.reset();  // Before the lane may be seen as ended, and its channel let go.
    Pump();
    MutexLock lock(mu_);
    --calls_;
  }

  const std::unique_ptr<v1::Signer::Stub> stub_;
  absl::flat_hash_set<Call*> running_ PITSER_GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<Lane> internal::MakeUnaryLane(LaneOptions options) {
  return std::make_unique<UnaryLane>(std::move(options));
}

}  // namespace pitser::bench
