#include <string>

#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {

using ledger::AsText;

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

}  // namespace pitser::server::internal
