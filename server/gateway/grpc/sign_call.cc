#include "server/gateway/grpc/sign_call.h"

#include <array>
#include <atomic>
#include <memory>
#include <utility>

#include "ledger/format/signature.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/sign_wire.h"

namespace pitser::server {
namespace {

using ledger::Bytes;

class SignCall;

// Who may still end the call. It lives as long as the call or the pending request does, whichever
// is longer; the one of the two that takes the call out of it ends the call, the other finds
// nothing.
class CallSlot {
 public:
  explicit CallSlot(SignCall* call) : call_(call) {}
  SignCall* Take() { return call_.exchange(nullptr); }
  bool taken() const { return call_.load(std::memory_order_relaxed) == nullptr; }

 private:
  std::atomic<SignCall*> call_;
};

// The call, as gRPC sees it.
class SignCall final : public CallReactor<grpc::ServerUnaryReactor> {
 public:
  SignCall(grpc::CallbackServerContext& context, v1::SignResponse& response)
      : context_(context), response_(response), slot_(std::make_shared<CallSlot>(this)) {}

  const std::shared_ptr<CallSlot>& slot() const { return slot_; }

  // By whoever took the call out of its slot.
  void End(const absl::Status& status) { Finish(EndStatus(context_, status)); }

  void EndWith(const SignAnswer& answer, const std::string& account) {
    const std::array<Bytes, 2> elements = {Bytes(answer.own), Bytes(answer.seal->tail)};
    const auto signature = ledger::AssembleSignature(elements);
    if (!signature.ok()) return End(absl::InternalError(signature.status().message()));
    response_.set_signature(signature->data(), signature->size());
    response_.set_aggregation_time(answer.seal->aggregation_time);
    for (const std::string& client : answer.seal->clients) response_.add_account_path(client);
    response_.add_account_path(account);
    Finish(grpc::Status::OK);
  }

 private:
  void OnCancel() override {
    const std::shared_ptr<CallSlot> slot = slot_;  // Finish() may be the end of this object.
    if (slot->Take() != nullptr) End(absl::CancelledError("the call was cancelled"));
  }

  grpc::CallbackServerContext& context_;
  v1::SignResponse& response_;
  const std::shared_ptr<CallSlot> slot_;
};

// The same, as the aggregator sees it.
class PendingSign final : public PendingRequest {
 public:
  PendingSign(std::shared_ptr<CallSlot> slot, const ledger::Imprint& hash, ledger::Level level,
              std::string account, absl::Time deadline)
      : PendingRequest(hash, level, std::move(account), deadline), slot_(std::move(slot)) {}

  bool Cancelled() const override { return slot_->taken(); }

  void Answer(absl::StatusOr<SignAnswer> answer) override {
    SignCall* const call = slot_->Take();
    if (call == nullptr) return;
    if (answer.ok()) {
      call->EndWith(*answer, account());
    } else {
      call->End(answer.status());
    }
  }

 private:
  const std::shared_ptr<CallSlot> slot_;
};

}  // namespace

grpc::ServerUnaryReactor* StartSignCall(grpc::CallbackServerContext& context,
                                        const v1::SignRequest& request, v1::SignResponse& response,
                                        Aggregator& aggregator, std::string account,
                                        absl::Time deadline) {
  const auto hash = ReadHash(ledger::AsBytes(request.imprint()), request.level());
  if (!hash.ok()) return FinishedUnary(context, hash.status());

  auto* const call = new SignCall(context, response);
  // Its own hold on the slot: once the request is taken, the call may end at any moment.
  const std::shared_ptr<CallSlot> slot = call->slot();
  std::unique_ptr<PendingRequest> pending =
      std::make_unique<PendingSign>(slot, hash->imprint, hash->level, std::move(account), deadline);
  const absl::Status taken = aggregator.Enqueue(pending);
  if (!taken.ok() && slot->Take() != nullptr) call->End(taken);
  return call;
}

}  // namespace pitser::server
