// From bytes to a verdict by the internal policy, and beside it in the same run what the hashes
// alone cost when each has to wait for the one before, as in a hash chain.
//   build/release/bin/pitser_microbench --benchmark_filter=Offline

#include <benchmark/benchmark.h>

#include <optional>
#include <vector>

#include "ledger/crypto/hasher.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/testpack.h"

namespace pitser::bench {
namespace {

using ledger::ByteVector;
using ledger::Signature;

// One of ours, as a single node signs: nine aggregation links, a calendar hash chain, RSA-2048.
std::optional<ByteVector> Ours() {
  return ledger::ToVector(testing::MakeSignature(testing::SingleNodeRecipe()).bytes());
}

// A real one: five aggregation hash chains, a calendar hash chain, a publication record.
std::optional<ByteVector> OfThePack() {
  const auto pack = testing::TestPackDir();
  if (!pack) return std::nullopt;
  return *testing::ReadFileBytes(*pack / "valid-signatures/signature-extended.ksig");
}

using Source = std::optional<ByteVector> (*)();

void BM_OfflineParseAndVerify(benchmark::State& state, Source source) {
  const std::optional<ByteVector> bytes = source();
  if (!bytes) return state.SkipWithError("no test pack here");
  const ledger::Imprint document = Signature::Parse(*bytes)->input_hash();
  for (auto _ : state) {
    const absl::StatusOr<Signature> signature = Signature::Parse(*bytes);
    if (!signature.ok()) return state.SkipWithError("not parsed");
    const auto result =
        Verify(ledger::Policy::kInternal, {.signature = *signature, .document_hash = document});
    if (!result.ok() || result->outcome != ledger::Outcome::kOk) {
      return state.SkipWithError("not verified");
    }
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes->size()));
}
BENCHMARK_CAPTURE(BM_OfflineParseAndVerify, ours, Ours);
BENCHMARK_CAPTURE(BM_OfflineParseAndVerify, pack, OfThePack);

void BM_OfflineParse(benchmark::State& state, Source source) {
  const std::optional<ByteVector> bytes = source();
  if (!bytes) return state.SkipWithError("no test pack here");
  for (auto _ : state) benchmark::DoNotOptimize(Signature::Parse(*bytes));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_OfflineParse, ours, Ours);
BENCHMARK_CAPTURE(BM_OfflineParse, pack, OfThePack);

// The lengths of what verifying `signature` hashes, all of it by SHA-256.
std::vector<std::size_t> MessageSizes(const Signature& signature) {
  constexpr std::size_t kImprint = 33;
  std::vector<std::size_t> sizes;
  for (const auto& chain : signature.aggregation_chains()) {
    for (const auto& link : chain.links) sizes.push_back(kImprint + link.sibling.size() + 1);
  }
  for (const auto& link : signature.calendar_chain()->links) {
    sizes.push_back(kImprint + link.sibling.bytes().size() + 1);
  }
  return sizes;
}

// Each message begins with the imprint of the one before.
void BM_OfflineHashesOneAtATime(benchmark::State& state, Source source) {
  const std::optional<ByteVector> bytes = source();
  if (!bytes) return state.SkipWithError("no test pack here");
  const std::vector<std::size_t> sizes = MessageSizes(*Signature::Parse(*bytes));
  ByteVector rest(256);
  ledger::Imprint node = ledger::Imprint::Zero(ledger::HashAlgorithm::kSha256);
  for (auto _ : state) {
    for (const std::size_t size : sizes) {
      node = *ledger::Hash(ledger::HashAlgorithm::kSha256,
                           {node.bytes(), ledger::Bytes(rest).first(size - node.bytes().size())});
    }
    benchmark::DoNotOptimize(node);
  }
  state.counters["hashes"] = static_cast<double>(sizes.size());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_OfflineHashesOneAtATime, ours, Ours);
BENCHMARK_CAPTURE(BM_OfflineHashesOneAtATime, pack, OfThePack);

}  // namespace
}  // namespace pitser::bench
