#include <cstddef>
#include <vector>

#include "benchmark/benchmark.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/hasher.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"

// What verification costs, and beside it what its hashes and its one RSA signature cost alone: the
// difference is ours. One signature is an item.
namespace pitser::bench {
namespace {

using ledger::ByteVector;
using ledger::Outcome;
using ledger::Policy;
using ledger::Signature;

// As a single node signs: one aggregation hash chain of nine links, a calendar hash chain,
// RSA-2048.
const Signature& SignatureOfOurs() {
  static const Signature* const signature =
      new Signature(testing::MakeSignature(testing::SingleNodeRecipe()));
  return *signature;
}

const ledger::PublicationsFile& TrustedFile() {
  static const ledger::PublicationsFile* const file = new ledger::PublicationsFile(
      testing::MakePublicationsFile({testing::TestTrust::Get().calendar_record()}, {}));
  return *file;
}

// The messages that verifying SignatureOfOurs() hashes, by their lengths.
std::vector<ByteVector> Messages() {
  constexpr std::size_t kImprint = 33;
  std::vector<ByteVector> messages;
  for (const auto& link : SignatureOfOurs().aggregation_chains().front().links) {
    messages.emplace_back(kImprint + link.sibling.size() + 1);
  }
  for (const auto& link : SignatureOfOurs().calendar_chain()->links) {
    messages.emplace_back(kImprint + link.sibling.bytes().size() + 1);
  }
  return messages;
}

bool HashAll(const std::vector<ByteVector>& messages) {
  for (const ByteVector& message : messages) {
    auto imprint = ledger::Hash(ledger::HashAlgorithm::kSha256, {message});
    if (!imprint.ok()) return false;
    benchmark::DoNotOptimize(imprint);
  }
  return true;
}

void RunVerify(benchmark::State& state, Policy policy) {
  const Signature& signature = SignatureOfOurs();
  const ledger::PublicationsFile& file = TrustedFile();
  for (auto _ : state) {
    const auto result = Verify(policy, {.signature = signature,
                                        .document_hash = signature.input_hash(),
                                        .publications_file = &file});
    if (!result.ok() || result->outcome != Outcome::kOk) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_VerifyInternal(benchmark::State& state) { RunVerify(state, Policy::kInternal); }
BENCHMARK(BM_VerifyInternal);

void BM_VerifyInternalHashesAlone(benchmark::State& state) {
  const std::vector<ByteVector> messages = Messages();
  for (auto _ : state) {
    if (!HashAll(messages)) state.SkipWithError("not hashed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_VerifyInternalHashesAlone);

// The record is remembered, as for all signatures of a round but the first.
void BM_VerifyKeyBased(benchmark::State& state) { RunVerify(state, Policy::kKeyBased); }
BENCHMARK(BM_VerifyKeyBased);

void BM_VerifyKeyBasedHashesAndRsaAlone(benchmark::State& state) {
  const std::vector<ByteVector> messages = Messages();
  const ledger::Certificate& certificate = testing::TestTrust::Get().calendar;
  const auto& record = *SignatureOfOurs().authentication_record();
  for (auto _ : state) {
    if (!HashAll(messages) || !VerifyRsaSignature(certificate, record.signature_type,
                                                  record.signed_bytes, record.signature_value)) {
      state.SkipWithError("not verified");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_VerifyKeyBasedHashesAndRsaAlone);

// From bytes to a verdict, as a verifier of files does it.
void BM_ParseAndVerifyKeyBased(benchmark::State& state) {
  const Signature& original = SignatureOfOurs();
  for (auto _ : state) {
    const auto signature = Signature::Parse(ledger::ToVector(original.bytes()));
    if (!signature.ok()) {
      state.SkipWithError("not parsed");
      break;
    }
    const auto result = Verify(Policy::kKeyBased, {.signature = *signature,
                                                   .document_hash = original.input_hash(),
                                                   .publications_file = &TrustedFile()});
    if (!result.ok() || result->outcome != Outcome::kOk) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ParseAndVerifyKeyBased);

}  // namespace
}  // namespace pitser::bench
