#include "client/answers.h"
#include "client/call_support.h"
#include "client/taken_part.h"
#include "ledger/base/check.h"
#include "pitser/v1/pitser.pb.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/trust.h"

// What the client believes of a server's answers over gRPC: a signature that it hands out is about
// the hash that it sent, whole, and consistent.
namespace pitser::fuzz {
namespace {

using ledger::Bytes;
using ledger::ByteVector;

void CheckBatch(Bytes input) {
  v1::SignBatchResponse response;
  if (!response.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  ledger::SharedTail tail(ledger::ToVector(ledger::AsBytes(response.tail())));
  for (const std::string& part : response.parts()) {
    const auto checked = client::CheckPart(tail, part, SignedDocument(), 0);
    if (!checked.ok()) continue;
    const auto signature = client::PutTogether(tail, part);
    if (!signature.ok()) continue;  // Not whole.
    PITSER_CHECK(signature->input_hash() == SignedDocument());
    PITSER_CHECK(signature->calendar_chain().has_value());
    const auto result = Verify(ledger::Policy::kInternal,
                               {.signature = *signature, .document_hash = SignedDocument()});
    PITSER_CHECK(result.ok() && result->outcome == ledger::Outcome::kOk);
  }
}

void CheckChain(Bytes input) {
  const auto chain = client::TakeCalendarChain(ledger::ToString(input));
  if (!chain.ok()) return;
  ByteVector written;
  WriteCalendarHashChain(written, *chain);
  const auto again = client::TakeCalendarChain(ledger::ToString(written));
  PITSER_CHECK(again.ok() && again->links == chain->links);
  PITSER_CHECK(again->publication_time == chain->publication_time &&
               again->aggregation_time == chain->aggregation_time &&
               again->input_hash == chain->input_hash);
}

}  // namespace

PITSER_FUZZ_TARGET(sign_answers) {
  CheckBatch(input);
  CheckChain(input);
}

}  // namespace pitser::fuzz
