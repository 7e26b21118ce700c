#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/answers.h"
#include "client/client.h"
#include "ledger/format/calendar_chain.h"

// What the calls of this library share. For its sources only: it brings gRPC along.
namespace pitser::client {

// A complete 0x802 element. Errors: MalformedAnswer().
absl::StatusOr<ledger::CalendarHashChain> TakeCalendarChain(const std::string& bytes);

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout);

// One call with its repetitions, all of them within `options.timeout`: `call` gets a fresh context
// with its deadline for each attempt.
absl::Status CallWithRetry(const ClientOptions& options,
                           const std::function<grpc::Status(grpc::ClientContext&)>& call);

}  // namespace pitser::client
