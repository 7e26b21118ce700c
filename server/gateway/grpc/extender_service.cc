#include <optional>

#include "ledger/format/calendar_chain.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {

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

}  // namespace pitser::server::internal
