#include "server/gateway/grpc/sign_batch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/retry_hint.h"
#include "base/thread.h"
#include "tests/support/status_matchers.h"
#include "tests/support/volume_calls.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::CheckedSignature;
using testing::CheckPart;
using testing::Digests;
using testing::kTestTime;
using testing::OpenBatch;
using testing::StatusIs;
using testing::TestImprint;
using testing::TestNode;

class SignBatchTest : public ::testing::Test {
 protected:
  OpenBatch& Open(const v1::SignBatchRequest& request,
                  absl::Time deadline = absl::InfiniteFuture()) {
    return Open(request.SerializeAsString(), deadline);
  }
  OpenBatch& Open(std::string request, absl::Time deadline = absl::InfiniteFuture()) {
    batches_.push_back(
        std::make_unique<OpenBatch>(node_, pool_, budget_, limits_, std::move(request), deadline));
    batches_.back()->Begin();
    return *batches_.back();
  }
  // Until what was begun has begun.
  void Settle() { testing::AwaitDone(pool_, 2); }

  SignBatchLimits limits_{100'000, absl::Seconds(30), absl::Seconds(1)};
  Budget budget_{200'000};
  TestNode node_;
  base::WorkerPool pool_{2, 100};
  std::vector<std::unique_ptr<OpenBatch>> batches_;
};

class SignBatchSizes : public SignBatchTest, public ::testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Digests, SignBatchSizes, ::testing::Values(1, 2, 3, 7, 8, 9, 100, 2000));

TEST_P(SignBatchSizes, EveryDigestIsSigned) {
  OpenBatch& batch = Open(Digests(GetParam()));
  Settle();
  EXPECT_EQ(budget_.left(), 200'000 - GetParam());
  node_.Pass(absl::Seconds(1));
  PITSER_ASSERT_OK(batch.call().AwaitClose());
  EXPECT_EQ(budget_.left(), 200'000U);
  const v1::SignBatchResponse answer = batch.Whole();
  EXPECT_EQ(answer.aggregation_time(), kTestTime);
  ASSERT_EQ(answer.account_path_size(), 1);
  EXPECT_EQ(answer.account_path(0), "anna");
  ASSERT_EQ(answer.parts_size(), static_cast<int>(GetParam()));
  EXPECT_EQ(answer.parts(0).empty(), GetParam() == 1);
  for (int i = 0; i < answer.parts_size(); ++i) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto signature,
                                CheckPart(answer, i, TestImprint(static_cast<std::uint64_t>(i))));
    EXPECT_EQ(signature.aggregation_chains().size(), GetParam() == 1 ? 1U : 2U);
    PITSER_ASSERT_OK_AND_ASSIGN(const auto root, signature.AggregationRoot());
    EXPECT_EQ(node_.storage().Leaf(kTestTime)->value(), root.imprint);
  }
}

TEST_F(SignBatchTest, OtherAlgorithmsAndOtherRequestsOfTheRound) {
  PITSER_ASSERT_OK(node_.Enqueue(77));
  OpenBatch& batch = Open(Digests(5, ledger::HashAlgorithm::kSha512));
  Settle();
  PITSER_ASSERT_OK(node_.Enqueue(78));
  node_.Pass(absl::Seconds(1));
  PITSER_ASSERT_OK(batch.call().AwaitClose());
  const v1::SignBatchResponse answer = batch.Whole();
  for (int i = 0; i < 5; ++i) {
    PITSER_EXPECT_OK(CheckPart(
        answer, i, TestImprint(static_cast<std::uint64_t>(i), ledger::HashAlgorithm::kSha512)));
  }
  for (const auto& received : node_.box().Take()) {
    PITSER_EXPECT_OK(CheckedSignature(*received.answer, testing::AnswerBox::HashOf(received.id)));
  }
}

TEST_F(SignBatchTest, RefusesWhatIsNoBatch) {
  limits_.max_batch = 10;
  const auto refused = [this](const std::string& request) {
    return Open(request).call().AwaitClose();
  };
  const auto changed = [](auto change) {
    v1::SignBatchRequest request = Digests(3);
    change(request);
    return request.SerializeAsString();
  };
  EXPECT_THAT(refused(Digests(3, ledger::HashAlgorithm::kSha1).SerializeAsString()),
              StatusIs(StatusCode::kInvalidArgument, "SHA-1"));
  for (const std::uint32_t algorithm : {3U, 0x7EU, 257U}) {
    EXPECT_THAT(refused(changed([&](auto& r) { r.set_algorithm(algorithm); })),
                StatusIs(StatusCode::kInvalidArgument, "algorithm"));
  }
  EXPECT_THAT(refused(changed([](auto& r) { r.clear_digests(); })),
              StatusIs(StatusCode::kInvalidArgument, "digests"));
  EXPECT_THAT(refused(changed([](auto& r) { r.mutable_digests()->push_back('x'); })),
              StatusIs(StatusCode::kInvalidArgument, "multiple of 32"));
  EXPECT_THAT(refused(""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(refused("\x12\x7fshort"), StatusIs(StatusCode::kInvalidArgument, "malformed"));
  const absl::Status too_large = refused(Digests(11).SerializeAsString());
  EXPECT_THAT(too_large, StatusIs(StatusCode::kInvalidArgument, "at most 10"));
  EXPECT_EQ(base::LimitOf(too_large), "max_batch");
  EXPECT_EQ(budget_.left(), 200'000U);
}

TEST_F(SignBatchTest, ACancelledBatchFreesItsDigestsBeforeItsRound) {
  OpenBatch& first = Open(Digests(100'000));
  OpenBatch& second = Open(Digests(100'000));
  Settle();
  EXPECT_EQ(budget_.left(), 0U);
  const absl::Status refused = Open(Digests(1)).call().AwaitClose();
  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(base::LimitOf(refused), "max_batch_digests");
  EXPECT_EQ(base::RetryAfterOf(refused), absl::Seconds(1));

  first.batch().OnCancelled();
  EXPECT_THAT(first.call().AwaitClose(), StatusIs(StatusCode::kCancelled));
  EXPECT_EQ(budget_.left(), 100'000U);
  OpenBatch& third = Open(Digests(50'000));
  second.batch().OnCancelled();
  EXPECT_THAT(second.call().AwaitClose(), StatusIs(StatusCode::kCancelled));
  Settle();
  EXPECT_EQ(budget_.left(), 150'000U);

  node_.Pass(absl::Seconds(1));
  PITSER_EXPECT_OK(third.call().AwaitClose());
  PITSER_EXPECT_OK(CheckPart(third.Whole(), 0, TestImprint(0)));
}

TEST_F(SignBatchTest, NobodyIsSignedForWhenAllAreCancelled) {
  OpenBatch& batch = Open(Digests(100));
  Settle();
  batch.batch().OnCancelled();
  batch.call().AwaitClose().IgnoreError();
  node_.Pass(absl::Seconds(1));
  EXPECT_EQ(node_.storage().head(), std::nullopt);
}

TEST_F(SignBatchTest, ASlowReaderHoldsTheTreeAndIsSentAwayInTheEnd) {
  OpenBatch& batch = Open(Digests(5000));
  batch.call().SetReading(false);
  Settle();
  node_.Pass(absl::Seconds(1));
  batch.call().AwaitMessages(1);
  Settle();
  EXPECT_EQ(batch.call().messages().size(), 1U) << "the rest is not made yet";
  batch.batch().OnWritten(true);
  batch.call().AwaitMessages(2);
  EXPECT_EQ(budget_.left(), 195'000U);

  const absl::Duration sent = node_.clock().Monotonic();
  batch.batch().CheckStall(sent + absl::Seconds(29));
  EXPECT_FALSE(batch.call().closed());
  batch.batch().CheckStall(sent + absl::Seconds(30));
  const absl::Status status = batch.call().AwaitClose();
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(base::LimitOf(status), "stream_stall_ms");
  EXPECT_EQ(budget_.left(), 200'000U);
}

TEST_F(SignBatchTest, WhatTheRoundEndsWithIsTheBatchsEnd) {
  node_.storage().FailWrites(absl::ResourceExhaustedError("disk full: /data"));
  OpenBatch& batch = Open(Digests(100));
  Settle();
  node_.Pass(absl::Seconds(1));
  EXPECT_THAT(batch.call().AwaitClose(), StatusIs(StatusCode::kUnavailable, "disk full"));
  EXPECT_TRUE(batch.call().messages().empty());
  EXPECT_EQ(budget_.left(), 200'000U);
}

TEST_F(SignBatchTest, ADeadlineBeforeTheRoundIsRefused) {
  OpenBatch& batch = Open(Digests(2), absl::FromUnixSeconds(kTestTime + 1) - absl::Milliseconds(1));
  EXPECT_THAT(batch.call().AwaitClose(), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST(SignBatchThreads, BatchesCancellationsAndRoundsAtOnce) {
  TestNode node;
  base::WorkerPool pool(2, 2);  // A queue that is full now and then.
  Budget budget(100'000);
  const SignBatchLimits limits{100'000, absl::Seconds(30), absl::Seconds(1)};
  const std::string request = Digests(1000).SerializeAsString();
  constexpr int kThreads = 4;
  std::atomic<int> running = kThreads;
  std::vector<base::Thread> callers;
  for (int number = 0; number < kThreads; ++number) {
    callers.emplace_back("caller", [&, number] {
      for (int i = 0; i < 10; ++i) {
        OpenBatch batch(node, pool, budget, limits, request);
        batch.Begin();
        if ((number + i) % 3 == 0) continue;  // Cancelled wherever it is.
        PITSER_EXPECT_OK(batch.call().AwaitClose());
        EXPECT_EQ(batch.Whole().parts_size(), 1000);
      }
      --running;
    });
  }
  while (running > 0) node.Pass(absl::Milliseconds(100));
  for (base::Thread& caller : callers) caller.Join();
  EXPECT_EQ(budget.left(), 100'000U);
}

}  // namespace
}  // namespace pitser::server
