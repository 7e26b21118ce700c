#include "client/answers.h"

#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "client/taken_part.h"
#include "client/trust.h"
#include "ledger/base/status.h"
#include "ledger/verify/verifier.h"

namespace pitser::client {
namespace {

using ledger::Signature;

constexpr std::string_view kWrongAnswerPayload = "pitser/wrong-answer";

// Spec 8.3, 8.6: nothing is handed out that does not pass the internal policy.
absl::Status CheckInternally(const Signature& signature, const std::optional<ledger::Imprint>& hash,
                             ledger::Level level) {
  PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult result,
                          ledger::Verify(ledger::Policy::kInternal, {.signature = signature,
                                                                     .document_hash = hash,
                                                                     .input_level = level,
                                                                     .user_publication = {},
                                                                     .extend = {}}));
  return RequireOk(result);
}

}  // namespace

absl::Status WrongAnswer(std::string_view what) {
  absl::Status status =
      absl::DataLossError(absl::StrFormat("the server's answer is wrong: %s", what));
  status.SetPayload(ledger::ToAbsl(kWrongAnswerPayload), absl::Cord());
  return status;
}

bool IsWrongAnswer(const absl::Status& status) {
  return status.GetPayload(ledger::ToAbsl(kWrongAnswerPayload)).has_value();
}

absl::Status MalformedAnswer(const absl::Status& status) {
  return MalformedAnswer(ledger::ToStd(status.message()));
}

absl::Status MalformedAnswer(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("the server's answer is malformed: %s", what));
}

absl::StatusOr<Signature> TakeSignature(ledger::ByteVector bytes, const SignInput& input) {
  auto signature = Signature::Parse(std::move(bytes));
  if (!signature.ok()) return MalformedAnswer(signature.status());
  PITSER_RETURN_IF_ERROR(CheckInternally(*signature, input.hash, input.level));
  PITSER_RETURN_IF_ERROR(RequireComplete(*signature));
  return signature;
}

absl::StatusOr<Signature> TakeExtended(const Signature& signature,
                                       const ledger::CalendarHashChain& chain,
                                       const ExtendTarget& target) {
  const auto time = target.publication ? std::optional<std::uint64_t>(target.publication->data.time)
                                       : target.time;
  if (time && chain.publication_time != *time) {
    return WrongAnswer("the calendar hash chain leads to another time than was asked for");
  }
  auto extended = ledger::ExtendSignature(signature, chain,
                                          target.publication ? &*target.publication : nullptr);
  if (!extended.ok()) return WrongAnswer(ledger::ToStd(extended.status().message()));
  PITSER_RETURN_IF_ERROR(CheckInternally(*extended, std::nullopt, 0));
  return extended;
}

absl::StatusOr<ledger::PublicationsFile> TakePublicationsFile(ledger::ByteVector bytes) {
  auto parsed = ledger::PublicationsFile::Parse(std::move(bytes));
  return parsed.ok() ? std::move(parsed) : MalformedAnswer(parsed.status());
}

}  // namespace pitser::client
