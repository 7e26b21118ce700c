#include "ledger/base/check.h"
#include "ledger/format/signature.h"
#include "ledger/verify/verifier.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/trust.h"
#include "tests/support/rewrite_signature.h"

namespace pitser::fuzz {
namespace {

using ledger::ByteVector;
using ledger::Outcome;
using ledger::Policy;
using ledger::Signature;

// Written anew, a signature says the same; writing that again changes nothing.
void CheckRewriting(const Signature& signature) {
  const ByteVector once = testing::RewriteSignature(signature);
  const auto again = Signature::Parse(once);
  PITSER_CHECK(again.ok());
  PITSER_CHECK(testing::RewriteSignature(*again) == once);
  PITSER_CHECK(again->input_hash() == signature.input_hash());
  PITSER_CHECK(again->signing_time() == signature.signing_time());
  PITSER_CHECK(again->allowed_level() == signature.allowed_level());
  PITSER_CHECK(again->Identities().size() == signature.Identities().size());
}

void CheckPolicies(const Signature& signature) {
  const ledger::VerificationContext context = {.signature = signature,
                                               .document_hash = SignedDocument(),
                                               .publications_file = &*FuzzTrust().publications};
  for (const Policy policy :
       {Policy::kInternal, Policy::kKeyBased, Policy::kPublicationsFileBased}) {
    const auto result = Verify(policy, context);
    if (!result.ok()) {
      const absl::StatusCode code = result.status().code();
      PITSER_CHECK(code == absl::StatusCode::kInvalidArgument ||
                   code == absl::StatusCode::kUnimplemented);
      continue;
    }
    PITSER_CHECK((result->outcome == Outcome::kOk) == (result->code == ledger::ErrorCode::kNone));
    if (result->outcome != Outcome::kOk) continue;
    PITSER_CHECK(signature.input_hash() == SignedDocument());
    PITSER_CHECK(signature.AggregationRoot().ok());
    if (policy == Policy::kInternal) continue;
    // Vouched for by a key that signed one document in one second.
    PITSER_CHECK(signature.signing_time() == testing::kTestTime);
  }
}

void CheckExtending(const Signature& signature) {
  if (!signature.calendar_chain().has_value()) return;
  const auto& record = signature.publication_record();
  const auto extended = ExtendSignature(signature, *signature.calendar_chain(),
                                        record.has_value() ? &*record : nullptr);
  if (!extended.ok()) return;
  PITSER_CHECK(!extended->authentication_record().has_value());
  PITSER_CHECK(extended->signing_time() == signature.signing_time());
  PITSER_CHECK(*extended->AggregationRoot() == *signature.AggregationRoot());
}

}  // namespace

PITSER_FUZZ_TARGET(signature) {
  const auto signature = Signature::Parse(ledger::ToVector(input));
  if (!signature.ok()) {
    PITSER_CHECK(signature.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  PITSER_CHECK(ledger::Equal(signature->bytes(), input));
  PITSER_CHECK(!signature->aggregation_chains().empty());
  CheckRewriting(*signature);
  CheckPolicies(*signature);
  CheckExtending(*signature);
}

}  // namespace pitser::fuzz
