// Hashing in batches and hash trees.
//   build/release/bin/pitser_microbench --benchmark_filter='Hash|Tree'

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "bench/numbered_imprint.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hasher.h"
#include "ledger/tree/hash_tree.h"
#include "ledger/tree/local_block.h"

namespace pitser {
namespace {

using bench::NumberedImprint;
using ledger::HashAlgorithm;
using ledger::Imprint;

// Messages of a tree's inner node: two SHA-256 imprints and the level.
constexpr std::size_t kNodeMessage = 67;

Imprint NodeHash() {
  return *ledger::Hash(HashAlgorithm::kSha256, {ledger::ByteVector(kNodeMessage, 0x5a)});
}

// As fast as the processor hashes them: the limit of everything that is built of them.
void BM_HashBatch(benchmark::State& state) {
  const Imprint expected = NodeHash();
  auto batch = *ledger::HashBatch::Create(HashAlgorithm::kSha256, kNodeMessage);
  ledger::ByteVector digests(ledger::HashBatch::kCapacity * 32);
  for (auto _ : state) {
    while (!batch.full()) std::memset(batch.Next(), 0x5a, kNodeMessage);
    std::ranges::fill(digests, 0);
    batch.Finish(digests.data(), 32);
    PITSER_CHECK(ledger::Equal(ledger::Bytes(digests).last(32), expected.digest()));
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(ledger::HashBatch::kCapacity));
}
BENCHMARK(BM_HashBatch);

// By OpenSSL, one message at a time: a fetched digest, one context.
void BM_HashByOpenssl(benchmark::State& state) {
  const ledger::ByteVector message(kNodeMessage, 0x5a);
  const Imprint expected = NodeHash();
  EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  ledger::ByteVector digest(32);
  for (auto _ : state) {
    PITSER_CHECK(EVP_DigestInit_ex2(context, sha256, nullptr) == 1 &&
                 EVP_DigestUpdate(context, message.data(), message.size()) == 1 &&
                 EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1);
  }
  PITSER_CHECK(ledger::Equal(digest, expected.digest()));
  EVP_MD_CTX_free(context);
  EVP_MD_free(sha256);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HashByOpenssl);

void BM_TreeBuild(benchmark::State& state) {
  std::vector<ledger::LeveledImprint> leaves;
  for (int i = 0; i < state.range(0); ++i) {
    leaves.push_back({NumberedImprint(static_cast<std::uint64_t>(i)), 0});
  }
  const ledger::LeveledImprint root =
      ledger::HashTree::Build(HashAlgorithm::kSha256, leaves)->root();
  for (auto _ : state) {
    const auto tree = ledger::HashTree::Build(HashAlgorithm::kSha256, leaves);
    PITSER_CHECK(tree.ok() && tree->root() == root);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_TreeBuild)->Arg(16)->Arg(1'000)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);

// What a batch of a caller's becomes.
void BM_TreeOfDigests(benchmark::State& state) {
  ledger::ByteVector digests;
  for (int i = 0; i < state.range(0); ++i) {
    ledger::Append(digests, NumberedImprint(static_cast<std::uint64_t>(i)).digest());
  }
  const ledger::LeveledImprint root =
      ledger::HashTree::BuildFromDigests(HashAlgorithm::kSha256, digests)->root();
  for (auto _ : state) {
    const auto tree = ledger::HashTree::BuildFromDigests(HashAlgorithm::kSha256, digests);
    PITSER_CHECK(tree.ok() && tree->root() == root);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_TreeOfDigests)
    ->RangeMultiplier(10)
    ->Range(10, 1'000'000)
    ->Arg(1 << 20)
    ->Unit(benchmark::kMicrosecond);

// A tree of a caller's own with blinding masks, and the signature of every leaf as bytes: its
// chain, and what the root's signature ends with (of the size that one of ours has).
void BM_LocalAggregation(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<Imprint> hashes;
  for (std::size_t i = 0; i < count; ++i) hashes.push_back(NumberedImprint(i));
  const ledger::ByteVector tail(1'400, 0x5a);
  const ledger::ChainIndex above = {0x5};
  ledger::ByteVector bytes;
  for (auto _ : state) {
    ledger::LocalBlockBuilder::Options options;
    options.masking = {ledger::ByteVector(32, 0x17), Imprint::Zero(HashAlgorithm::kSha256)};
    auto builder = *ledger::LocalBlockBuilder::Create(options);
    for (const Imprint& hash : hashes) PITSER_CHECK(builder.Add({.hash = hash}).ok());
    const ledger::LocalBlock block = *builder.Build();
    ledger::ChainWriter chains = block.Chains(1'700'000'000, above);
    for (std::size_t i = 0; i < count; ++i) {
      bytes.clear();
      ledger::Append(bytes, chains.Write(i, block.parts(i)));
      ledger::Append(bytes, tail);
      benchmark::DoNotOptimize(bytes.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LocalAggregation)->Arg(1 << 17)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pitser
