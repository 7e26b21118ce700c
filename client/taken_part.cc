#include "client/taken_part.h"

#include "absl/strings/str_format.h"
#include "client/call_support.h"
#include "ledger/base/status.h"

namespace pitser::client {
namespace {

constexpr std::size_t kMaxPartSize = 8 << 10;

}  // namespace

absl::Status CheckPart(ledger::SharedTail& tail, const std::string& part,
                       const ledger::Imprint& hash, ledger::Level level) {
  if (part.size() > kMaxPartSize) {
    return MalformedAnswer(absl::StrFormat("a part has %d bytes", part.size()));
  }
  const auto result = tail.Verify(ledger::AsBytes(part), hash, level);
  return result.ok() ? RequireOk(*result) : MalformedAnswer(result.status());
}

absl::StatusOr<ledger::Signature> PutTogether(const ledger::SharedTail& tail,
                                              const std::string& part) {
  auto bytes = tail.Assemble(ledger::AsBytes(part));
  if (!bytes.ok()) return MalformedAnswer(bytes.status());
  auto signature = ledger::Signature::Parse(*std::move(bytes));
  if (!signature.ok()) return MalformedAnswer(signature.status());
  PITSER_RETURN_IF_ERROR(RequireComplete(*signature));
  return signature;
}

absl::Status RequireComplete(const ledger::Signature& signature) {
  if (!signature.calendar_chain().has_value()) {
    return MalformedAnswer("a signature has no calendar hash chain");
  }
  if (!signature.authentication_record().has_value() &&
      !signature.publication_record().has_value()) {
    return MalformedAnswer("a signature has no record of its calendar root");
  }
  return absl::OkStatus();
}

absl::Status RequireOk(const ledger::VerificationResult& result) {
  if (result.outcome == ledger::Outcome::kOk) return absl::OkStatus();
  return WrongAnswer(absl::StrFormat("%s %s", ledger::ErrorCodeName(result.code),
                                     ledger::ErrorCodeText(result.code)));
}

}  // namespace pitser::client
