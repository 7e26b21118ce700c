// The threads that make signatures and write files.

#include "client/signed_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "client/block_signer.h"
#include "client/client.h"
#include "client/file_batch.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/value_of.h"

namespace pitser::client {
namespace {

using ledger::Imprint;
using testing::SomeImprint;
using testing::StatusIs;
using testing::ValueOf;
using Order = SignedBlock::Order;

SignedBlock MakeBlock(std::size_t count) {
  std::vector<BlockLeaf> leaves;
  const ledger::Masking masking{.iv = ledger::ByteVector(32, 5), .previous = SomeImprint("before")};
  auto builder = ValueOf(ledger::LocalBlockBuilder::Create({.masking = masking}));
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back({.hash = SomeImprint(std::to_string(i))});
    EXPECT_TRUE(builder.Add({.hash = leaves.back().hash}).ok());
  }
  const ledger::LeveledImprint root = ValueOf(builder.Build()).root();
  testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
  recipe.document_hash = root.imprint;
  recipe.chains.front().links.front().level_correction = root.level;
  return ValueOf(RestoreBlock(leaves, ledger::HashAlgorithm::kSha256, masking,
                              testing::MakeSignature(recipe)));
}

TEST(SignedBlock, VisitsEveryLeafOnceInEitherOrderOnAnyNumberOfThreads) {
  for (const std::size_t count : {1u, 511u, 512u, 513u, 5000u}) {
    const SignedBlock block = MakeBlock(count);
    for (const unsigned threads : {0u, 1u, 2u, 7u, 1000u}) {
      for (const Order order : {Order::kAscending, Order::kAny}) {
        base::Mutex mu;
        std::set<std::size_t> seen;
        std::size_t next = 0;
        PITSER_ASSERT_OK(block.Visit(order, threads, [&](const SignatureRun& run) {
          const base::MutexLock lock(mu);
          EXPECT_TRUE(order == Order::kAny || run.first() == next);
          next = run.first() + run.size();
          for (std::size_t i = 0; i < run.size(); ++i) {
            EXPECT_TRUE(seen.insert(run.first() + i).second);
          }
          const std::size_t last = run.size() - 1;
          EXPECT_TRUE(
              ledger::Equal(run.signature(last), ValueOf(block.SignatureOf(run.first() + last))));
          return absl::OkStatus();
        }));
        EXPECT_EQ(seen.size(), count);
      }
    }
  }
}

TEST(SignedBlock, StopsAtTheVisitorsError) {
  const SignedBlock block = MakeBlock(20'000);
  for (const Order order : {Order::kAscending, Order::kAny}) {
    std::atomic<int> visits{0};
    const absl::Status status = block.Visit(order, 2, [&](const SignatureRun& /*run*/) {
      return ++visits == 2 ? absl::ResourceExhaustedError("full") : absl::OkStatus();
    });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "full"));
    // Of the other thread one may be under way, and one may just be begun.
    EXPECT_LE(visits, order == Order::kAscending ? 2 : 39);
  }
}

TEST(SignedBlock, TakesNoSignatureOfAnotherRoot) {
  auto builder = ValueOf(ledger::LocalBlockBuilder::Create({}));
  PITSER_ASSERT_OK(builder.Add({.hash = SomeImprint("a")}));
  PITSER_ASSERT_OK(builder.Add({.hash = SomeImprint("b")}));
  ledger::LocalBlock block = ValueOf(builder.Build());
  testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
  // Of the root, but as if it were a leaf.
  recipe.document_hash = block.root().imprint;
  EXPECT_THAT(SignedBlock::Create(std::move(block), testing::MakeSignature(recipe), std::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument, "not of level 1"));
}

TEST(FileBatch, TakesFilesFromSeveralThreads) {
  const testing::TempFolder folder;
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 50;
  std::vector<int> done(kThreads * kEach);  // Each by whoever releases it; joined below.
  FileBatch batch({.max_open = 16}, [&done](std::size_t id, const absl::Status& status) {
    if (status.ok()) ++done[id];
  });
  {
    std::vector<base::Thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back("writer", [&, t] {
        for (std::size_t i = t * kEach; i < (t + 1) * kEach; ++i) {
          PITSER_EXPECT_OK(
              batch.Add(i, folder / std::to_string(i), ledger::AsBytes(std::to_string(i))));
        }
      });
    }
  }
  PITSER_ASSERT_OK(batch.Finish());
  for (std::size_t i = 0; i < done.size(); ++i) {
    EXPECT_EQ(done[i], 1);
    EXPECT_EQ(ledger::ToString(ValueOf(ReadFile(folder / std::to_string(i), 100))),
              std::to_string(i));
  }
}

}  // namespace
}  // namespace pitser::client
