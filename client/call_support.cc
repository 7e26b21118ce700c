#include "client/call_support.h"

#include <algorithm>
#include <chrono>

#include "client/answers.h"
#include "ledger/base/bytes.h"
#include "ledger/format/tlv.h"
#include "net/grpc_status.h"

namespace pitser::client {
absl::StatusOr<ledger::CalendarHashChain> TakeCalendarChain(const std::string& bytes) {
  ledger::TlvReader reader(ledger::AsBytes(bytes));
  const auto element = reader.Next();
  if (!element.ok()) return MalformedAnswer(element.status());
  if (element->type != ledger::kCalendarHashChainTag || !reader.done()) {
    return MalformedAnswer(absl::InvalidArgumentError("it is no single calendar hash chain"));
  }
  auto chain = ledger::ParseCalendarHashChain(*element);
  return chain.ok() ? std::move(chain) : MalformedAnswer(chain.status());
}

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMicroseconds(std::max(timeout, absl::ZeroDuration())));
}

absl::Status CallWithRetry(const ClientOptions& options,
                           const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  return net::CallWithRetry(options.retry, options.timeout, options.environment,
                            [&](absl::Duration remaining) {
                              grpc::ClientContext context;
                              SetDeadline(context, remaining);
                              const grpc::Status status = call(context);
                              return net::FinishedAttempt(status, context);
                            });
}

}  // namespace pitser::client
