#include <vector>

#include "ledger/base/check.h"
#include "ledger/verify/shared_tail.h"
#include "tests/fuzz/target.h"

// The input is a signature and then anything: the signature's lowest chain is a part, the rest of
// it the tail, and what follows is a second part of that tail. The short way says what the long way
// says.
namespace pitser::fuzz {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::Imprint;
using ledger::SharedTail;
using ledger::Signature;
using ledger::VerificationResult;

absl::StatusOr<VerificationResult> VerifySlowly(const SharedTail& tail, Bytes part,
                                                const Imprint& document_hash) {
  auto bytes = tail.Assemble(part);
  if (!bytes.ok()) return bytes.status();
  const auto whole = Signature::Parse(*std::move(bytes));
  if (!whole.ok()) return whole.status();
  return Verify(ledger::Policy::kInternal, {.signature = *whole, .document_hash = document_hash});
}

void CheckAlike(SharedTail& tail, Bytes part, const Imprint& document_hash) {
  const auto fast = tail.Verify(part, document_hash, 0);
  const auto slow = VerifySlowly(tail, part, document_hash);
  PITSER_CHECK(fast.ok() == slow.ok());
  if (!fast.ok()) {
    PITSER_CHECK(fast.status() == slow.status());
    return;
  }
  PITSER_CHECK(fast->outcome == slow->outcome && fast->code == slow->code &&
               fast->rule == slow->rule);
}

// The documents that the part may be said to be of: what the whole says, and what the part alone
// does, of which a record in the tail may say something else.
std::vector<Imprint> DocumentsOf(const SharedTail& tail, Bytes part) {
  std::vector<Imprint> documents;
  for (const SharedTail& with : {SharedTail(ledger::ToVector(tail.tail())), SharedTail({})}) {
    auto bytes = with.Assemble(part);
    if (!bytes.ok()) continue;
    const auto whole = Signature::Parse(*std::move(bytes));
    if (whole.ok()) documents.push_back(whole->input_hash());
  }
  return documents;
}

}  // namespace

PITSER_FUZZ_TARGET(shared_tail) {
  if (input.empty()) return;
  ledger::TlvReader reader(input);
  const auto first = reader.Next();
  if (!first.ok()) return;
  const auto signature = Signature::Parse(ledger::ToVector(first->raw));
  if (!signature.ok()) return;
  const Bytes second_part = input.subspan(first->raw.size());

  const Bytes part = signature->aggregation_chains().front().raw;
  ByteVector rest;
  ledger::TlvReader children(*first);
  while (!children.done()) {
    const Bytes child = children.Next()->raw;
    if (child.data() - first->raw.data() != part.data() - signature->bytes().data()) {
      ledger::Append(rest, child);
    }
  }
  SharedTail tail(std::move(rest));
  const Imprint document_hash = signature->input_hash();
  for (int time = 0; time < 2; ++time) {  // Before the tail is known, and then.
    CheckAlike(tail, part, document_hash);
    CheckAlike(tail, second_part, document_hash);
    for (const Imprint& document : DocumentsOf(tail, second_part)) {
      CheckAlike(tail, second_part, document);
    }
  }
}

}  // namespace pitser::fuzz
