#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/ledger.h"
#include "ledger/base/bytes.h"
#include "ledger/format/calendar_chain.h"

// How a server's answers are taken, whatever brought them. For the sources of this library only.
namespace pitser::client {

// The answer was well-formed and proven wrong: IsWrongAnswer() is true of it.
absl::Status WrongAnswer(std::string_view what);
// The answer is not what the contract says: kInvalidArgument.
absl::Status MalformedAnswer(const absl::Status& status);
absl::Status MalformedAnswer(std::string_view what);

// A signature that is consistent, whole, and of the hash that was asked for.
// Errors: MalformedAnswer(), WrongAnswer().
absl::StatusOr<ledger::Signature> TakeSignature(ledger::ByteVector bytes, const SignInput& input);

// `signature` with a chain that was asked for to get to `target`.
// Errors: WrongAnswer().
absl::StatusOr<ledger::Signature> TakeExtended(const ledger::Signature& signature,
                                               const ledger::CalendarHashChain& chain,
                                               const ExtendTarget& target);

// Errors: MalformedAnswer().
absl::StatusOr<ledger::PublicationsFile> TakePublicationsFile(ledger::ByteVector bytes);

}  // namespace pitser::client
