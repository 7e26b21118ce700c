// Whatever the three signing calls are given together, every signature verifies.

#include <memory>
#include <random>
#include <vector>

#include "base/log.h"
#include "tests/support/status_matchers.h"
#include "tests/support/volume_calls.h"

namespace pitser::server {
namespace {

using testing::Add;
using testing::AnswerBox;
using testing::CheckedSignature;
using testing::CheckPart;
using testing::Digests;
using testing::OpenBatch;
using testing::OpenStream;
using testing::TestImprint;
using testing::TestNode;

constexpr ledger::HashAlgorithm kAlgorithms[] = {
    ledger::HashAlgorithm::kSha256, ledger::HashAlgorithm::kSha384, ledger::HashAlgorithm::kSha512,
    ledger::HashAlgorithm::kSha3_256};

const SignBatchLimits kBatchLimits{100'000, absl::Seconds(30), absl::Seconds(1)};
const SignStreamLimits kStreamLimits{100'000, 16 << 20,          4 << 20,
                                     200'000, absl::Seconds(30), absl::Seconds(1)};

TEST(Batches, OfEverySizeVerify) {
  base::ScopedLogSink quiet([](std::string_view) {});
  TestNode node;
  base::WorkerPool pool(2, 100);
  Budget budget(100'000);
  for (std::size_t size = 1; size <= 130; ++size) {
    OpenBatch batch(node, pool, budget, kBatchLimits, Digests(size).SerializeAsString());
    batch.Begin();
    testing::AwaitDone(pool, 2);
    node.Pass(absl::Seconds(1));
    PITSER_ASSERT_OK(batch.call().AwaitClose());
    const v1::SignBatchResponse answer = batch.Whole();
    ASSERT_EQ(answer.parts_size(), static_cast<int>(size));
    for (std::size_t i = 0; i < size; ++i) {
      PITSER_ASSERT_OK(CheckPart(answer, static_cast<int>(i), TestImprint(i)))
          << "digest " << i << " of " << size;
    }
    // A part is its own digest's only.
    EXPECT_FALSE(CheckPart(answer, 0, TestImprint(size)).ok());
  }
}

// What one stream was sent.
struct Sent {
  std::vector<ledger::LeveledImprint> hashes;  // By id.
};

// A message of some items, of any level and algorithm.
v1::SignStreamRequest SomeItems(std::mt19937_64& random, Sent& sent) {
  v1::SignStreamRequest request;
  const std::size_t sizes[] = {1, 1, 2, 5, 15, 16, 40, 1030};
  const bool plain = random() % 2 == 0;
  for (std::size_t count = sizes[random() % 8]; count > 0; --count) {
    const auto algorithm = plain ? kAlgorithms[0] : kAlgorithms[random() % 4];
    const auto level = static_cast<ledger::Level>(plain ? 0 : random() % 201);
    const ledger::LeveledImprint hash{TestImprint(random(), algorithm), level};
    Add(request, sent.hashes.size(), hash.imprint, hash.level);
    sent.hashes.push_back(hash);
  }
  return request;
}

void ExpectAllSigned(OpenStream& stream, const Sent& sent) {
  const auto answers = stream.Answers(sent.hashes.size());
  ASSERT_EQ(answers.size(), sent.hashes.size());
  std::uint64_t id = 0;
  for (const auto& [answered, answer] : answers) {
    ASSERT_EQ(answered, id);
    const ledger::LeveledImprint& hash = sent.hashes[id];
    // Of the many, some: verifying is what takes the time here.
    if (id % 7 == 0 || hash.level > 0) {
      PITSER_ASSERT_OK(stream.Check(answer, hash.imprint, hash.level)) << "id " << id;
    }
    ++id;
  }
}

class MixedRounds : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, MixedRounds, ::testing::Range<std::uint64_t>(1, 13));

TEST_P(MixedRounds, EverySignatureVerifies) {
  base::ScopedLogSink quiet([](std::string_view) {});
  std::mt19937_64 random(GetParam());
  TestNode node;
  base::WorkerPool pool(2, 100);
  Budget budget(100'000);
  OpenStream streams[] = {{node, pool, kStreamLimits}, {node, pool, kStreamLimits}};
  Sent sent[2];
  for (int round = 0; round < 3; ++round) {
    struct Batch {
      std::unique_ptr<OpenBatch> call;
      std::size_t size;
      ledger::HashAlgorithm algorithm;
    };
    std::vector<Batch> batches;
    std::vector<ledger::Level> levels;
    for (std::uint64_t calls = random() % 12; calls > 0; --calls) {
      switch (random() % 3) {
        case 0: {
          const std::size_t size = 1 + random() % 200;
          const auto algorithm = kAlgorithms[random() % 4];
          batches.push_back(
              {std::make_unique<OpenBatch>(node, pool, budget, kBatchLimits,
                                           Digests(size, algorithm).SerializeAsString()),
               size, algorithm});
          batches.back().call->Begin();
          break;
        }
        case 1: {
          const std::size_t which = random() % 2;
          streams[which].SendAndAwait(SomeItems(random, sent[which]));
          break;
        }
        default:
          levels.push_back(static_cast<ledger::Level>(random() % 201));
          PITSER_ASSERT_OK(node.Enqueue(levels.size() - 1, {.level = levels.back()}));
      }
    }
    testing::AwaitDone(pool, 2);
    node.Pass(absl::Seconds(1));
    for (const Batch& batch : batches) {
      PITSER_ASSERT_OK(batch.call->call().AwaitClose());
      const v1::SignBatchResponse answer = batch.call->Whole();
      ASSERT_EQ(answer.parts_size(), static_cast<int>(batch.size));
      for (std::size_t i = 0; i < batch.size; ++i) {
        PITSER_ASSERT_OK(CheckPart(answer, static_cast<int>(i), TestImprint(i, batch.algorithm)));
      }
    }
    for (const auto& received : node.box().Take()) {
      PITSER_ASSERT_OK(received.answer);
      PITSER_ASSERT_OK(
          CheckedSignature(*received.answer, AnswerBox::HashOf(received.id), levels[received.id]));
    }
    for (const std::size_t which : {0U, 1U}) ExpectAllSigned(streams[which], sent[which]);
  }
}

}  // namespace
}  // namespace pitser::server
