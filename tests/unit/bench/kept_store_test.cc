#include "bench/load/kept_store.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "ledger/format/signature.h"
#include "tests/support/signature_maker.h"

namespace pitser::bench {
namespace {

// A chunk with `count` copies of one right signature and, at the end, the one of another hash.
std::unique_ptr<PartChunk> SomeChunk(const NumberedHashes& hashes, int count) {
  pitser::testing::SignatureRecipe recipe = pitser::testing::AuthenticatedRecipe();
  recipe.document_hash = hashes.Imprint(7);
  const ledger::Signature signature = pitser::testing::MakeSignature(recipe);
  const std::size_t part = signature.aggregation_chains()[0].raw.size();
  const std::string bytes = ledger::ToString(signature.bytes().subspan(4));
  const auto tail = std::make_shared<Tail>(
      Tail{.bytes = bytes.substr(part), .told_time = signature.signing_time()});
  auto chunk = std::make_unique<PartChunk>();
  for (int i = 0; i < count; ++i) chunk->Add(7, tail, bytes.substr(0, part));
  chunk->Add(8, tail, bytes.substr(0, part));
  return chunk;
}

TEST(KeptStore, VerifiesWhenTheClockHasStopped) {
  KeptStore store({.checker = {}, .seed = 3, .max_bytes = std::uint64_t{1} << 30});
  for (int i = 0; i < 10; ++i) store.Put(SomeChunk(NumberedHashes(3), 100));
  const KeptStore::Report report = store.VerifyAll();
  EXPECT_EQ(report.counts.right, 1000u);
  EXPECT_EQ(report.counts.wrong, 10u);
  EXPECT_EQ(report.verified_beside, 0u);
  EXPECT_GT(report.kept_bytes, 0u);
  EXPECT_FALSE(report.counts.complaints.empty());
}

TEST(KeptStore, VerifiesBesideWhatIsTooMuchToKeep) {
  KeptStore store({.checker = {}, .seed = 3, .max_bytes = 0});
  for (int i = 0; i < 10; ++i) store.Put(SomeChunk(NumberedHashes(3), 100));
  const KeptStore::Report report = store.VerifyAll();
  EXPECT_EQ(report.counts.right, 1000u);
  EXPECT_EQ(report.counts.wrong, 10u);
  EXPECT_LE(report.verified_beside, 1010u);
}

TEST(KeptStore, KnowsHashesBySeed) {
  KeptStore store({.checker = {}, .seed = 4, .max_bytes = std::uint64_t{1} << 30});
  store.Put(SomeChunk(NumberedHashes(3), 10));
  EXPECT_EQ(store.VerifyAll().counts.wrong, 11u);
}

}  // namespace
}  // namespace pitser::bench
