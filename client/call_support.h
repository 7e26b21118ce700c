#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "ledger/format/calendar_chain.h"

// What the calls of this library share. For its sources only: it brings gRPC along.
namespace pitser::client {

// The answer was well-formed and proven wrong: IsWrongAnswer() is true of it.
absl::Status WrongAnswer(std::string_view what);
// The answer is not what the contract says: kInvalidArgument.
absl::Status MalformedAnswer(const absl::Status& status);
absl::Status MalformedAnswer(std::string_view what);

// A complete 0x802 element. Errors: MalformedAnswer().
absl::StatusOr<ledger::CalendarHashChain> TakeCalendarChain(const std::string& bytes);

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout);

// One call with its repetitions, all of them within `options.timeout`: `call` gets a fresh context
// with its deadline for each attempt.
absl::Status CallWithRetry(const ClientOptions& options,
                           const std::function<grpc::Status(grpc::ClientContext&)>& call);

}  // namespace pitser::client
