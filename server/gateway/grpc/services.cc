#include "server/gateway/grpc/services.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/crypto/hasher.h"
#include "server/gateway/grpc/account.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/sign_call.h"

namespace pitser::server::internal {
namespace {

using ledger::AsText;

// The contract promises messages of at most 1 MiB; the rest is for what is around the bytes.
constexpr std::size_t kPieceBytes = (std::size_t{1} << 20) - 1024;

absl::Status NotServedYet(std::string_view call) {
  return absl::UnimplementedError(absl::StrCat(
      ledger::ToAbsl(call), " is part of the contract but not served by this version"));
}

// The caller's deadline by the server's clock. gRPC's is by the machine's.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context, base::Clock& clock) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return clock.Now() + absl::FromChrono(deadline - std::chrono::system_clock::now());
}

// gRPC itself refuses what is far above the limit, but cannot say the limit's name.
absl::Status CheckSize(const google::protobuf::Message& request, const GrpcLimits& limits) {
  const std::size_t size = request.ByteSizeLong();
  if (size <= limits.max_message_bytes) return absl::OkStatus();
  return base::WithLimit(absl::InvalidArgumentError(
                             absl::StrCat("a message of ", size, " bytes: at most ",
                                          limits.max_message_bytes, " (limit max_message_bytes)")),
                         "max_message_bytes");
}

// Runs `read` where disk may be read and ends the call with what it returns.
grpc::ServerUnaryReactor* Read(ServiceContext& shared, grpc::CallbackServerContext& context,
                               std::function<absl::Status()> read) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  const auto posted = shared.reads.Post([&context, reactor, read = std::move(read)] {
    reactor->Finish(EndStatus(
        context, context.IsCancelled() ? absl::CancelledError("the call was cancelled") : read()));
  });
  if (posted == WorkerPool::Posted::kYes) return reactor;
  const absl::Status refusal =
      posted == WorkerPool::Posted::kFull
          ? base::LimitReached("max_queued_reads", "too many calls wait for the calendar",
                               absl::Milliseconds(100))
          : absl::UnavailableError("the server is shutting down");
  reactor->Finish(EndStatus(context, refusal));
  return reactor;
}

// Sends a publications file piece by piece.
class FileCall final
    : public CallReactor<grpc::ServerWriteReactor<v1::GetPublicationsFileResponse>> {
 public:
  explicit FileCall(std::shared_ptr<const ledger::PublicationsFile> file) : file_(std::move(file)) {
    Next();
  }

 private:
  void Next() {
    const ledger::Bytes rest = file_->bytes().subspan(sent_);
    if (rest.empty()) return Finish(grpc::Status::OK);
    const ledger::Bytes piece = rest.first(std::min(rest.size(), kPieceBytes));
    sent_ += piece.size();
    message_.set_data(piece.data(), piece.size());
    StartWrite(&message_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller went away"));
    Next();
  }

  const std::shared_ptr<const ledger::PublicationsFile> file_;
  std::size_t sent_ = 0;
  v1::GetPublicationsFileResponse message_;
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

grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>* SignerService::SignStream(
    grpc::CallbackServerContext* context) {
  using Reactor = grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>;
  return new RefusedCall<Reactor>(*context, NotServedYet("SignStream"));
}

grpc::ServerWriteReactor<v1::SignBatchResponse>* SignerService::SignBatch(
    grpc::CallbackServerContext* context, const v1::SignBatchRequest*) {
  return new RefusedCall<grpc::ServerWriteReactor<v1::SignBatchResponse>>(
      *context, NotServedYet("SignBatch"));
}

grpc::ServerUnaryReactor* ExtenderService::Extend(grpc::CallbackServerContext* context,
                                                  const v1::ExtendRequest* request,
                                                  v1::ExtendResponse* response) {
  return Read(*shared_, *context, [shared = shared_, request, response]() -> absl::Status {
    std::optional<std::uint64_t> publication_time;
    if (request->has_publication_time()) publication_time = request->publication_time();
    const auto chain = shared->parts.extender->Chain(request->aggregation_time(), publication_time);
    if (!chain.ok()) return chain.status();
    ledger::ByteVector bytes;
    ledger::WriteCalendarHashChain(bytes, *chain);
    response->set_calendar_hash_chain(bytes.data(), bytes.size());
    response->set_publication_time(chain->publication_time);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::GetPublicationsFileResponse>* PublicationsService::GetPublicationsFile(
    grpc::CallbackServerContext*, const v1::GetPublicationsFileRequest*) {
  return new FileCall(shared_->parts.publisher->file());
}

grpc::ServerWriteReactor<v1::ListPublicationsResponse>* PublicationsService::ListPublications(
    grpc::CallbackServerContext* context, const v1::ListPublicationsRequest*) {
  return new RefusedCall<grpc::ServerWriteReactor<v1::ListPublicationsResponse>>(
      *context, NotServedYet("ListPublications"));
}

grpc::ServerUnaryReactor* CalendarService::GetCalendarHead(grpc::CallbackServerContext* context,
                                                           const v1::GetCalendarHeadRequest*,
                                                           v1::GetCalendarHeadResponse* response) {
  return Read(*shared_, *context, [shared = shared_, response]() -> absl::Status {
    const auto head = shared->parts.calendar->head();
    if (!head.has_value()) return absl::OutOfRangeError("no second is closed yet");
    const auto root = shared->parts.calendar->Root(*head);
    if (!root.ok()) return root.status();
    response->set_time(*head);
    response->set_root(std::string(AsText(root->bytes())));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::StreamCalendarLeavesResponse>* CalendarService::StreamCalendarLeaves(
    grpc::CallbackServerContext* context, const v1::StreamCalendarLeavesRequest*) {
  return new RefusedCall<grpc::ServerWriteReactor<v1::StreamCalendarLeavesResponse>>(
      *context, NotServedYet("StreamCalendarLeaves"));
}

InfoService::InfoService(ServiceContext* shared) : shared_(shared) {
  info_.set_version(shared->options.version);
  info_.set_round_length_ms(
      static_cast<std::uint32_t>(absl::ToInt64Milliseconds(shared->options.round_length)));
  for (const ledger::HashAlgorithm id : ledger::AllHashAlgorithms()) {
    v1::Algorithm& algorithm = *info_.add_algorithms();
    algorithm.set_id(static_cast<std::uint32_t>(id));
    algorithm.set_name(std::string(ledger::HashAlgorithmName(id)));
    algorithm.set_digest_size(static_cast<std::uint32_t>(ledger::DigestSize(id)));
    algorithm.set_may_be_signed(ledger::AlgorithmPolicy::Default().Trusted(id));
  }
  const GrpcLimits& limits = shared->options.limits;
  info_.mutable_limits()->set_max_pending(limits.max_pending);
  info_.mutable_limits()->set_max_level(limits.max_level);
  info_.mutable_limits()->set_max_message_bytes(limits.max_message_bytes);
  info_.mutable_limits()->set_max_streams_per_connection(limits.max_streams_per_connection);
  info_.mutable_limits()->set_max_queued_reads(limits.max_queued_reads);
  info_.set_root_fingerprint(ledger::ToString(shared->parts.root.Fingerprint()));
}

grpc::ServerUnaryReactor* InfoService::GetServerInfo(grpc::CallbackServerContext* context,
                                                     const v1::GetServerInfoRequest*,
                                                     v1::GetServerInfoResponse* response) {
  *response = info_;
  response->set_time_ms(
      static_cast<std::uint64_t>(absl::ToUnixMillis(shared_->parts.clock->Now())));
  return FinishedUnary(*context, absl::OkStatus());
}

grpc::ServerUnaryReactor* InfoService::GetTrust(grpc::CallbackServerContext* context,
                                                const v1::GetTrustRequest*,
                                                v1::GetTrustResponse* response) {
  response->add_root_certificates(ledger::ToString(shared_->parts.root.der()));
  v1::SubjectConstraint& constraint = *response->add_constraints();
  constraint.set_oid(shared_->parts.constraint.oid);
  constraint.set_value(shared_->parts.constraint.value);
  return FinishedUnary(*context, absl::OkStatus());
}

}  // namespace pitser::server::internal
