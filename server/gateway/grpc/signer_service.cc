#include <grpc/grpc.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/gateway/grpc/account.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/services.h"
#include "server/gateway/grpc/sign_batch.h"
#include "server/gateway/grpc/sign_call.h"
#include "server/gateway/grpc/sign_stream.h"
#include "server/gateway/grpc/sign_wire.h"

namespace pitser::server::internal {
namespace {

using grpc::ByteBuffer;
using StreamReactor = grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>;
using BatchReactor = grpc::ServerWriteReactor<ByteBuffer>;

// The message, without a copy of its bytes.
ByteBuffer ToBuffer(std::string message) {
  auto* const owned = new std::string(std::move(message));
  const grpc::Slice slice(
      owned->data(), owned->size(), [](void* text) { delete static_cast<std::string*>(text); },
      owned);
  return ByteBuffer(&slice, 1);
}

std::string ToText(const ByteBuffer& buffer) {
  std::string text;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return text;
  text.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

// What SignStream and SignBatch do alike as gRPC sees them: hands what gRPC says to the logic, and
// what the logic does to gRPC.
template <typename Reactor, typename Logic>
class SigningReactor : public CallReactor<Reactor>, public AnswerCall {
 public:
  SigningReactor(ServiceContext& shared, grpc::CallbackServerContext& context)
      : shared_(shared), context_(context) {}

  // To be called once, after construction.
  void Begin(std::shared_ptr<Logic> logic) {
    logic_ = logic;
    shared_.watch.Add(logic);
    logic->Begin();
  }

 protected:
  ~SigningReactor() override {
    shared_.watch.Remove(logic_);
    logic_->OnGone();
  }
  Logic& logic() { return *logic_; }

 private:
  void Send(std::string message) override {
    response_ = ToBuffer(std::move(message));
    this->StartWrite(&response_);
  }
  void Close(const absl::Status& status) override { this->Finish(EndStatus(context_, status)); }
  void Break(const absl::Status& status) override {
    // gRPC's C++ has only TryCancel(), which cannot say why.
    grpc_call_cancel_with_status(context_.c_call(), static_cast<grpc_status_code>(status.code()),
                                 std::string(status.message()).c_str(), nullptr);
  }

  void OnWriteDone(bool ok) override {
    response_.Clear();
    logic_->OnWritten(ok);
  }
  void OnCancel() override {
    const std::shared_ptr<Logic> logic = logic_;  // Its end may be the end of this object.
    logic->OnCancelled();
  }

  ServiceContext& shared_;
  grpc::CallbackServerContext& context_;
  std::shared_ptr<Logic> logic_;
  ByteBuffer response_;
};

class StreamCall final : public SigningReactor<StreamReactor, SignStream> {
 public:
  using SigningReactor::SigningReactor;

 private:
  void Receive() override { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (!ok) return logic().OnRead(std::nullopt);
    std::string message = ToText(request_);
    request_.Clear();
    logic().OnRead(std::move(message));
  }

  ByteBuffer request_;
};

class BatchCall final : public SigningReactor<BatchReactor, SignBatch> {
 public:
  using SigningReactor::SigningReactor;

 private:
  void Receive() override {}  // The only message has come with the call.
};

}  // namespace

grpc::ServerUnaryReactor* SignerService::Sign(grpc::CallbackServerContext* context,
                                              const v1::SignRequest* request,
                                              v1::SignResponse* response) {
  if (const absl::Status size = CheckSize(*request, shared_->options.limits); !size.ok()) {
    return FinishedUnary(*context, size);
  }
  auto account = AccountOf(*context, shared_->options.default_account);
  if (!account.ok()) return FinishedUnary(*context, account.status());
  return StartSignCall(*context, *request, *response, *shared_->parts.aggregator,
                       *std::move(account), DeadlineOf(*context, *shared_->parts.clock));
}

StreamReactor* SignerService::SignStream(grpc::CallbackServerContext* context) {
  auto account = AccountOf(*context, shared_->options.default_account);
  if (!account.ok()) return new RefusedCall<StreamReactor>(*context, account.status());
  const GrpcLimits& limits = shared_->options.limits;
  auto* const call = new StreamCall(*shared_, *context);
  call->Begin(std::make_shared<server::SignStream>(
      SignStreamLimits{limits.max_stream_in_flight, limits.max_stream_unsent_bytes,
                       limits.max_message_bytes, limits.max_pending,
                       absl::Milliseconds(limits.stream_stall_ms), shared_->options.round_length},
      &shared_->signing, shared_->parts.clock, shared_->parts.aggregator, call, *std::move(account),
      DeadlineOf(*context, *shared_->parts.clock)));
  return call;
}

BatchReactor* SignerService::SignBatch(grpc::CallbackServerContext* context,
                                       const ByteBuffer* request) {
  const GrpcLimits& limits = shared_->options.limits;
  if (const absl::Status size = CheckMessageBytes(request->Length(), limits.max_message_bytes);
      !size.ok()) {
    return new RefusedCall<BatchReactor>(*context, size);
  }
  auto account = AccountOf(*context, shared_->options.default_account);
  if (!account.ok()) return new RefusedCall<BatchReactor>(*context, account.status());
  auto* const call = new BatchCall(*shared_, *context);
  call->Begin(std::make_shared<server::SignBatch>(
      SignBatchLimits{limits.max_batch, absl::Milliseconds(limits.stream_stall_ms),
                      shared_->options.round_length},
      &shared_->batch_digests, &shared_->signing, shared_->parts.clock, shared_->parts.aggregator,
      call, *std::move(account), DeadlineOf(*context, *shared_->parts.clock), ToText(*request)));
  return call;
}

}  // namespace pitser::server::internal
