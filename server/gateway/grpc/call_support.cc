#include "server/gateway/grpc/call_support.h"

#include <chrono>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/retry_hint.h"
#include "ledger/base/bytes.h"
#include "server/gateway/grpc/sign_wire.h"
#include "server/gateway/grpc/status_map.h"

namespace pitser::server::internal {

void ServiceContext::NoteRead(const absl::Status& status) {
  if (!absl::IsDataLoss(status) || saw_damage.exchange(true)) return;
  base::LogError("calendar_damaged", {{"reason", status}});
}

absl::Status WithMemory(const std::function<absl::Status()>& work) {
  try {  // The standard library's border.
    return work();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("the server has not enough memory for this call now");
  }
}

absl::Time DeadlineOf(const grpc::CallbackServerContext& context, base::Clock& clock) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return clock.Now() + absl::FromChrono(deadline - std::chrono::system_clock::now());
}

absl::Status CheckSize(const google::protobuf::Message& request, const GrpcLimits& limits) {
  return CheckMessageBytes(request.ByteSizeLong(), limits.max_message_bytes);
}

absl::Status IsTheParents(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("this server has a parent: ", ledger::ToAbsl(what), " is the parent's to give"));
}

void TellPublication(const ledger::PublicationRecord& record, v1::Publication& message) {
  message.set_time(record.data.time);
  message.set_imprint(ledger::ToString(record.data.hash.bytes()));
  message.set_code(ledger::EncodePublicationCode(record.data));
  for (const std::string& reference : record.references) message.add_references(reference);
}

grpc::ServerUnaryReactor* Read(ServiceContext& shared, grpc::CallbackServerContext& context,
                               std::function<absl::Status()> read) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  const auto posted = shared.reads.Post([&shared, &context, reactor, read = std::move(read)] {
    const absl::Status status =
        context.IsCancelled() ? absl::CancelledError("the call was cancelled") : WithMemory(read);
    shared.NoteRead(status);
    reactor->Finish(EndStatus(context, status));
  });
  if (posted == base::WorkerPool::Posted::kYes) return reactor;
  const absl::Status refusal =
      posted == base::WorkerPool::Posted::kFull
          ? base::LimitReached("max_queued_reads", "too many calls wait for the calendar",
                               absl::Milliseconds(100))
          : absl::UnavailableError("the server is shutting down");
  reactor->Finish(EndStatus(context, refusal));
  return reactor;
}

}  // namespace pitser::server::internal
