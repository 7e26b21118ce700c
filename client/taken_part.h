#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/format/signature.h"
#include "ledger/verify/shared_tail.h"

// What SignBatch() and SignStream do with a signature that comes as a part of its own and a tail.
// For this library's sources only.
namespace pitser::client {

// OK when the whole is a signature of `hash` that passes the internal policy, as everything must
// that this library hands out.
// Errors: MalformedAnswer(), also for a part of more than 8 KiB: a chain of the most links that
// there may be has 5. WrongAnswer().
absl::Status CheckPart(ledger::SharedTail& tail, const std::string& part,
                       const ledger::Imprint& hash, ledger::Level level);

// A service's signature rests on something: it has a calendar hash chain, and a record of what that
// leads to. Without them it would be consistent all the same, and prove no time.
// Errors: MalformedAnswer().
absl::Status RequireComplete(const ledger::Signature& signature);

// Errors: MalformedAnswer(), also for one that is not complete.
absl::StatusOr<ledger::Signature> PutTogether(const ledger::SharedTail& tail,
                                              const std::string& part);

// OK when the result is; WrongAnswer() with its code otherwise.
absl::Status RequireOk(const ledger::VerificationResult& result);

}  // namespace pitser::client
