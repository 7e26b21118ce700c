#include "server/aggregator/aggregator.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/retry_hint.h"
#include "base/thread.h"
#include "ledger/format/tlv.h"
#include "tests/support/gate.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_node.h"
#include "tests/support/test_trust.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::AnswerBox;
using testing::CheckedSignature;
using testing::kTestTime;
using testing::ReceivedAnswer;
using testing::StatusIs;
using testing::TestNode;

constexpr std::uint64_t kT = kTestTime;

absl::Time At(std::uint64_t second) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(second));
}

// The chain of an answer's own part, as it stands.
ledger::AggregationHashChain ChainOf(const SignAnswer& answer) {
  ledger::TlvReader reader(answer.own);
  const absl::StatusOr<ledger::Element> element = reader.Next();
  EXPECT_TRUE(element.ok() && reader.done());
  absl::StatusOr<ledger::AggregationHashChain> chain = ledger::ParseAggregationHashChain(*element);
  EXPECT_TRUE(chain.ok()) << chain.status();
  return *chain;
}

TEST(Aggregator, SignsASingleRequest) {
  AggregatorOptions options;
  options.node_name = "node-1";
  TestNode node(options);
  PITSER_ASSERT_OK(node.Enqueue(7));
  node.Pass(absl::Milliseconds(999));
  EXPECT_TRUE(node.box().Take().empty());
  node.Pass(absl::Milliseconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(node.box().destroyed(), 1);
  PITSER_ASSERT_OK(answers[0].answer);
  const SignAnswer& answer = *answers[0].answer;
  EXPECT_EQ(answer.seal->aggregation_time, kT);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Signature signature,
                              CheckedSignature(answer, AnswerBox::HashOf(7)));
  EXPECT_EQ(signature.signing_time(), kT);
  ASSERT_EQ(signature.aggregation_chains().size(), 1U);
  EXPECT_EQ(signature.aggregation_chains()[0].links.size(), 1U);
  EXPECT_EQ(signature.aggregation_chains()[0].index, (ledger::ChainIndex{0b11}));
  ASSERT_EQ(signature.Identities().size(), 1U);
  EXPECT_EQ(signature.Identities()[0].metadata,
            (ledger::Metadata{"anna", "node-1", 0, kT * 1'000'000}));
}

class AggregatorSizes : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Leaves, AggregatorSizes,
                         ::testing::Values(1, 2, 3, 7, 8, 100, 1000, 5000));

TEST_P(AggregatorSizes, EverySignatureOfARoundVerifies) {
  TestNode node;
  for (std::size_t id = 0; id < GetParam(); ++id) {
    PITSER_ASSERT_OK(node.Enqueue(id, {.account = id % 2 == 0 ? "anna" : "bert"}));
  }
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), GetParam());
  std::set<std::uint64_t> numbers;
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    EXPECT_EQ(received.answer->seal, answers[0].answer->seal) << "encoded once";
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Signature signature,
                                CheckedSignature(*received.answer, AnswerBox::HashOf(received.id)));
    EXPECT_EQ(signature.signing_time(), kT);
    const ledger::Metadata metadata = signature.Identities().at(0).metadata;
    EXPECT_EQ(metadata.client_id, received.id % 2 == 0 ? "anna" : "bert");
    numbers.insert(metadata.sequence_number.value());
    PITSER_ASSERT_OK_AND_ASSIGN(const auto root, signature.AggregationRoot());
    PITSER_ASSERT_OK_AND_ASSIGN(const auto leaf, node.storage().Leaf(kT));
    EXPECT_EQ(leaf, root.imprint);
  }
  EXPECT_EQ(numbers.size(), GetParam());
  EXPECT_EQ(node.storage().head(), kT);
}

TEST(Aggregator, RoundsAreSeconds) {
  TestNode node;
  node.Pass(absl::Milliseconds(999));
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.Pass(absl::Milliseconds(1));
  PITSER_ASSERT_OK(node.Enqueue(2));
  node.Pass(absl::Milliseconds(999));
  PITSER_ASSERT_OK(node.Enqueue(3));
  node.Pass(absl::Milliseconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].answer->seal->aggregation_time, kT);
  EXPECT_EQ(answers[1].answer->seal->aggregation_time, kT + 1);
  EXPECT_EQ(answers[2].answer->seal->aggregation_time, kT + 1);
}

TEST(Aggregator, AnEmptyRoundCostsNothing) {
  TestNode node;
  for (int i = 0; i < 5; ++i) node.Pass(absl::Seconds(1));
  EXPECT_EQ(node.storage().head(), std::nullopt);
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.Pass(absl::Seconds(1));
  EXPECT_EQ(node.storage().head(), kT + 5);
}

TEST(Aggregator, LongerRoundsHaveTheTimeOfTheirLastSecond) {
  AggregatorOptions options;
  options.round_seconds = 5;
  TestNode node(options);  // kT is the second second of its round.
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.Pass(absl::Seconds(3));
  PITSER_ASSERT_OK(node.Enqueue(2));
  EXPECT_TRUE(node.box().Take().empty());
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 2U);
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Signature signature,
                                CheckedSignature(*received.answer, AnswerBox::HashOf(received.id)));
    EXPECT_EQ(signature.signing_time(), kT + 3);
    EXPECT_EQ(signature.signing_time() % 5, 4U);
  }
}

// While the disk is slow, requests belong to the second they came in all the same.
TEST(Aggregator, ALateRoundHoldsUpNoRequests) {
  TestNode node;
  testing::Gate gate;
  node.storage().OnApply([&] { gate.Pass(); });
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.clock().Advance(absl::Seconds(1));
  gate.AwaitArrival();
  PITSER_ASSERT_OK(node.Enqueue(2));
  node.clock().Advance(absl::Seconds(1));
  PITSER_ASSERT_OK(node.Enqueue(3));
  node.clock().Advance(absl::Seconds(1));
  EXPECT_TRUE(node.box().Take().empty());
  gate.Open();
  node.Settle();
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(answers[i].id, i + 1);
    PITSER_ASSERT_OK(answers[i].answer);
    EXPECT_EQ(answers[i].answer->seal->aggregation_time, kT + i);
  }
}

// Requests that take their answers as slowly as they like: what comes after is closed in time, and
// a round with few requests is not kept waiting at all.
TEST(Aggregator, ARoundThatIsAnsweredSlowlyHoldsUpNoOther) {
  TestNode node;
  testing::Gate gate;
  node.box().OnAnswer([&](std::uint64_t id) {
    if (id < 1000) gate.Pass();
  });
  for (std::uint64_t id = 0; id < 1000; ++id) PITSER_ASSERT_OK(node.Enqueue(id));
  node.clock().Advance(absl::Seconds(1));
  gate.AwaitArrival();
  node.clock().AwaitBlocked();
  PITSER_ASSERT_OK(node.Enqueue(1000));
  node.clock().Advance(absl::Seconds(1));
  node.clock().AwaitBlocked();
  EXPECT_EQ(node.storage().head(), kT + 1);
  std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].id, 1000U);
  EXPECT_EQ(answers[0].answer->seal->aggregation_time, kT + 1);
  EXPECT_EQ(node.aggregator().Stats().pending, 1000U);
  EXPECT_EQ(node.aggregator().Stats().answering, 1U);
  gate.Open();
  node.Settle();
  answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1000U);
  for (const ReceivedAnswer& received : answers) {
    EXPECT_EQ(received.answer->seal->aggregation_time, kT);
  }
  EXPECT_EQ(node.aggregator().Stats().pending, 0U);
}

TEST(Aggregator, LevelsAreInTheFirstLinkOfASignature) {
  TestNode node;
  const std::vector<ledger::Level> levels = {0, 5, 200, 17, 0, 1, 63};
  for (std::size_t id = 0; id < levels.size(); ++id) {
    PITSER_ASSERT_OK(node.Enqueue(id, {.level = levels[id]}));
  }
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), levels.size());
  for (const ReceivedAnswer& received : answers) {
    const ledger::Level level = levels[received.id];
    PITSER_ASSERT_OK_AND_ASSIGN(
        const ledger::Signature signature,
        CheckedSignature(*received.answer, AnswerBox::HashOf(received.id), level));
    EXPECT_EQ(signature.allowed_level(), level);
    PITSER_ASSERT_OK_AND_ASSIGN(const auto root, signature.AggregationRoot());
    EXPECT_LE(root.level, 254);
  }
}

TEST(Aggregator, LevelsAreLeftOutOfTheServiceForm) {
  TestNode node;
  constexpr ledger::Level kLevel = 9;
  PITSER_ASSERT_OK(node.Enqueue(1, {.level = kLevel}));
  PITSER_ASSERT_OK(node.Enqueue(2, {.level = kLevel, .form = AnswerForm::kService}));
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 2U);
  const ledger::AggregationHashChain signature = ChainOf(*answers[0].answer);
  const ledger::AggregationHashChain service = ChainOf(*answers[1].answer);
  EXPECT_EQ(signature.links[0].level_correction, kLevel);
  EXPECT_EQ(service.links[0].level_correction, 0);
  PITSER_ASSERT_OK_AND_ASSIGN(
      const auto from_zero,
      FoldAggregationLinks(signature.algorithm, signature.links, signature.input_hash, 0));
  PITSER_ASSERT_OK_AND_ASSIGN(
      const auto from_level,
      FoldAggregationLinks(service.algorithm, service.links, service.input_hash, kLevel));
  EXPECT_EQ(from_zero, from_level);
}

// The chain above a tree of our own goes on from the level that the chains inside it lead to.
TEST(Aggregator, LevelsAreLeftOutAboveATreeOfOurOwn) {
  AggregatorOptions options;
  options.max_level = 3;
  TestNode node(options);
  constexpr ledger::Level kHeight = 17;  // Not what max_level is about.
  PITSER_ASSERT_OK(node.Enqueue(1, {.level = kHeight, .form = AnswerForm::kAboveTree}));
  EXPECT_THAT(node.Enqueue(2, {.level = kHeight}),
              StatusIs(StatusCode::kInvalidArgument, "max_level"));
  EXPECT_THAT(node.Enqueue(3, {.level = kMaxOwnTreeLevel + 1, .form = AnswerForm::kAboveTree}),
              StatusIs(StatusCode::kInternal));
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  const ledger::AggregationHashChain chain = ChainOf(*answers[0].answer);
  EXPECT_EQ(chain.links[0].level_correction, 0);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto root, FoldAggregationLinks(chain.algorithm, chain.links,
                                                                    chain.input_hash, kHeight));
  EXPECT_EQ(node.storage().Leaf(kT)->value(), root.imprint);
}

TEST(Aggregator, ARequestTakesAsMuchOfMaxPendingAsItWeighs) {
  AggregatorOptions options;
  options.max_pending = 10;
  TestNode node(options);
  PITSER_ASSERT_OK(node.Enqueue(1, {.weight = 7}));
  const absl::Status refused = node.Enqueue(2, {.weight = 4});
  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(base::LimitOf(refused), "max_pending");
  PITSER_ASSERT_OK(node.Enqueue(3, {.weight = 3, .cancelled = true}));
  EXPECT_THAT(node.Enqueue(4), StatusIs(StatusCode::kResourceExhausted));
  node.Pass(absl::Seconds(1));
  PITSER_EXPECT_OK(node.Enqueue(5, {.weight = 10}));  // All of it is back.
  EXPECT_THAT(node.Enqueue(6, {.weight = 11}), StatusIs(StatusCode::kResourceExhausted));
}

TEST(Aggregator, RefusedWeightIsGivenBackToo) {
  AggregatorOptions options;
  options.max_pending = 10;
  TestNode node(options);
  PITSER_ASSERT_OK(node.Enqueue(1, {.weight = 10}));
  node.SetWall(At(kT + 1000));  // Signing stops, and what waits is refused.
  ASSERT_EQ(node.box().Take().size(), 1U);
  node.SetWall(At(kT + 2));
  node.Pass(absl::Seconds(2));
  PITSER_EXPECT_OK(node.Enqueue(2, {.weight = 10}));
}

TEST(Aggregator, TellsBeforehandWhatMayBeSigned) {
  AggregatorOptions options;
  options.max_level = 5;
  TestNode node(options);
  PITSER_EXPECT_OK(node.aggregator().CheckHash(AnswerBox::HashOf(1), 5));
  EXPECT_THAT(node.aggregator().CheckHash(AnswerBox::HashOf(1), 6),
              StatusIs(StatusCode::kInvalidArgument, "max_level"));
  EXPECT_THAT(node.aggregator().CheckHash(AnswerBox::HashOf(1, ledger::HashAlgorithm::kSha1), 0),
              StatusIs(StatusCode::kInvalidArgument, "SHA-1"));
}

TEST(Aggregator, RefusesALevelAboveItsLimit) {
  TestNode node;
  const absl::Status refused = node.Enqueue(1, {.level = 201});
  EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "max_level"));
  EXPECT_EQ(base::LimitOf(refused), "max_level");
}

TEST(Aggregator, TakesTrustedAlgorithmsOnly) {
  TestNode node;
  EXPECT_THAT(node.Enqueue(1, {.algorithm = ledger::HashAlgorithm::kSha1}),
              StatusIs(StatusCode::kInvalidArgument, "SHA-1"));
  PITSER_ASSERT_OK(node.Enqueue(2, {.algorithm = ledger::HashAlgorithm::kSha512}));
  PITSER_ASSERT_OK(node.Enqueue(3));
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 2U);
  PITSER_EXPECT_OK(
      CheckedSignature(*answers[0].answer, AnswerBox::HashOf(2, ledger::HashAlgorithm::kSha512)));
}

TEST(Aggregator, RefusesAnAccountThatMetadataCannotName) {
  TestNode node;
  for (const std::string& account :
       {std::string(), std::string("a\0b", 3), std::string("\xff"), std::string(256, 'a')}) {
    EXPECT_THAT(node.Enqueue(1, {.account = account}),
                StatusIs(StatusCode::kInvalidArgument, "account"));
  }
  PITSER_EXPECT_OK(node.Enqueue(1, {.account = std::string(255, 'a')}));
}

TEST(Aggregator, RefusesAtOnceWhenTooManyWait) {
  AggregatorOptions options;
  options.max_pending = 3;
  TestNode node(options);
  for (std::uint64_t id = 0; id < 3; ++id) PITSER_ASSERT_OK(node.Enqueue(id));
  node.Pass(absl::Milliseconds(400));
  const absl::Status refused = node.Enqueue(3);
  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(base::LimitOf(refused), "max_pending");
  EXPECT_EQ(base::RetryAfterOf(refused), absl::Milliseconds(600));
  node.Pass(absl::Milliseconds(600));
  PITSER_EXPECT_OK(node.Enqueue(3));
  EXPECT_EQ(node.box().Take().size(), 3U);
}

TEST(Aggregator, ARefusedRequestStaysWithTheCaller) {
  TestNode node;
  std::unique_ptr<PendingRequest> request = node.box().Request(1, {.level = 255});
  EXPECT_THAT(node.aggregator().Enqueue(request), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_NE(request, nullptr);
  EXPECT_EQ(node.box().destroyed(), 0);
}

TEST(Aggregator, RefusesADeadlineBeforeTheBoundary) {
  TestNode node;
  EXPECT_THAT(node.Enqueue(1, {.deadline = At(kT + 1) - absl::Milliseconds(1)}),
              StatusIs(StatusCode::kDeadlineExceeded, "in 1s"));
  PITSER_EXPECT_OK(node.Enqueue(2, {.deadline = At(kT + 1)}));
}

TEST(Aggregator, CancelledRequestsAreLeftOutAndFreed) {
  TestNode node;
  PITSER_ASSERT_OK(node.Enqueue(1, {.cancelled = true}));
  node.Pass(absl::Seconds(1));
  std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0].answer, StatusIs(StatusCode::kCancelled));
  EXPECT_EQ(node.box().destroyed(), 1);
  EXPECT_EQ(node.storage().head(), std::nullopt) << "nobody is left to have a leaf for";

  PITSER_ASSERT_OK(node.Enqueue(2));
  PITSER_ASSERT_OK(node.Enqueue(3, {.cancelled = true}));
  PITSER_ASSERT_OK(node.Enqueue(4));
  node.Pass(absl::Seconds(1));
  answers = node.box().Take();
  ASSERT_EQ(answers.size(), 3U);
  for (const ReceivedAnswer& received : answers) {
    if (received.id == 3) {
      EXPECT_THAT(received.answer, StatusIs(StatusCode::kCancelled));
      continue;
    }
    PITSER_EXPECT_OK(CheckedSignature(*received.answer, AnswerBox::HashOf(received.id)));
    EXPECT_EQ(ChainOf(*received.answer).links.size(), 2U);
  }
}

TEST(Aggregator, StopAnswersWhatIsPendingAtItsBoundary) {
  TestNode node;
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.aggregator().CloseIntake();
  EXPECT_THAT(node.Enqueue(2), StatusIs(StatusCode::kUnavailable, "shutting down"));
  base::Thread stopper("stopper", [&] { node.aggregator().Stop(); });
  node.clock().Advance(absl::Seconds(1));
  stopper.Join();
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  PITSER_EXPECT_OK(CheckedSignature(*answers[0].answer, AnswerBox::HashOf(1)));
  node.aggregator().Stop();
}

TEST(Aggregator, StopDoesNotWaitWhenNothingIsPending) {
  TestNode node;
  node.aggregator().Stop();  // The clock stands still.
  EXPECT_THAT(node.Enqueue(1), StatusIs(StatusCode::kUnavailable, "shutting down"));
}

TEST(Aggregator, AFullDiskIsToldAndPasses) {
  TestNode node;
  node.storage().FailWrites(absl::ResourceExhaustedError("disk full: /data"));
  PITSER_ASSERT_OK(node.Enqueue(1));
  PITSER_ASSERT_OK(node.Enqueue(2));
  node.Pass(absl::Seconds(1));
  std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 2U);
  for (const ReceivedAnswer& received : answers) {
    EXPECT_THAT(received.answer, StatusIs(StatusCode::kUnavailable, "disk full: /data"));
    EXPECT_TRUE(base::RetryAfterOf(received.answer.status()).has_value());
  }
  node.storage().FailWrites(absl::OkStatus());
  PITSER_ASSERT_OK(node.Enqueue(3));
  node.Pass(absl::Seconds(1));
  answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  PITSER_EXPECT_OK(CheckedSignature(*answers[0].answer, AnswerBox::HashOf(3)));
  PITSER_EXPECT_OK(node.core().Health());
}

TEST(Aggregator, RecoversFromAFullDiskWithoutRequestsToo) {
  TestNode node;
  node.storage().FailWrites(absl::ResourceExhaustedError("disk full"));
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.Pass(absl::Seconds(1));
  node.Pass(absl::Seconds(1));
  EXPECT_THAT(node.core().Health(), StatusIs(StatusCode::kResourceExhausted));
  node.storage().FailWrites(absl::OkStatus());
  node.Pass(absl::Seconds(1));
  PITSER_EXPECT_OK(node.core().Health());
}

TEST(Aggregator, ASecondThatIsClosedAlreadyIsTriedAgainByTheCaller) {
  TestNode node;
  PITSER_ASSERT_OK(node.Enqueue(1));
  PITSER_ASSERT_OK(node.storage().AdvanceHead(kT));  // Behind the core's back.
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0].answer, StatusIs(StatusCode::kUnavailable, "closed already"));
}

TEST(Aggregator, StopsUnderAnExpiredCertificate) {
  TestNode node;
  node.Pass(absl::Hours(24 * 3651));
  EXPECT_THAT(node.Enqueue(1), StatusIs(StatusCode::kUnavailable, "certificate"));
  // It holds nothing up that needs no signature: neither what was over before, nor since.
  PITSER_EXPECT_OK(node.core().AdvanceHead(kT + 5));
  PITSER_EXPECT_OK(node.core().AdvanceHead(kT + 86'400 * 3651 - 1));
}

TEST(Aggregator, AClockSetFarForwardStopsSigningUntilItIsRight) {
  TestNode node;
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.SetWall(At(kT + 1000));
  std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0].answer, StatusIs(StatusCode::kUnavailable, "set forward"));
  EXPECT_THAT(node.Enqueue(2), StatusIs(StatusCode::kUnavailable, "set forward"));
  node.Pass(absl::Seconds(1));
  EXPECT_THAT(node.Enqueue(2), StatusIs(StatusCode::kUnavailable, "set forward"));
  EXPECT_EQ(node.storage().head(), std::nullopt);

  node.SetWall(At(kT + 2));
  node.Pass(absl::Seconds(2));  // It looks again after two seconds at most.
  PITSER_ASSERT_OK(node.Enqueue(3));
  node.Pass(absl::Seconds(1));
  answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Signature signature,
                              CheckedSignature(*answers[0].answer, AnswerBox::HashOf(3)));
  EXPECT_EQ(signature.signing_time(), kT + 4);
}

TEST(Aggregator, ASmallStepForwardSkipsSeconds) {
  TestNode node;
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.SetWall(At(kT + 30));
  PITSER_ASSERT_OK(node.Enqueue(2));
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].answer->seal->aggregation_time, kT);
  EXPECT_EQ(answers[1].answer->seal->aggregation_time, kT + 30);
}

TEST(Aggregator, AClockSetBackALittleMakesTheRoundLonger) {
  TestNode node;
  node.Pass(absl::Seconds(10));
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.SetWall(At(kT + 7));
  PITSER_ASSERT_OK(node.Enqueue(2));
  node.Pass(absl::Seconds(3));
  EXPECT_TRUE(node.box().Take().empty());
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 2U);
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    EXPECT_EQ(received.answer->seal->aggregation_time, kT + 10);
  }
}

TEST(Aggregator, AClockSetFarBackRefusesUntilItHasCaughtUp) {
  TestNode node;
  node.Pass(absl::Seconds(100));
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.SetWall(At(kT));
  EXPECT_THAT(node.Enqueue(2), StatusIs(StatusCode::kUnavailable, "set back"));
  node.Pass(absl::Seconds(2));
  std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0].answer, StatusIs(StatusCode::kUnavailable, "set back"));
  node.Pass(absl::Seconds(98));
  PITSER_ASSERT_OK(node.Enqueue(3));
  node.Pass(absl::Seconds(1));
  answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].answer->seal->aggregation_time, kT + 100);
}

TEST(Aggregator, SaysOneLineARound) {
  TestNode node;
  std::vector<std::string> lines;
  base::ScopedLogSink sink([&](std::string_view line) { lines.emplace_back(line); });
  PITSER_ASSERT_OK(node.Enqueue(1));
  PITSER_ASSERT_OK(node.Enqueue(2));
  node.Pass(absl::Seconds(1));
  node.Pass(absl::Seconds(1));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "info round_committed round=1700000001 leaves=2 elapsed_ms=0");
}

TEST(StartAggregator, RefusesLimitsThatCouldPassTheFormats) {
  testing::FakeClock clock(At(kT));
  AggregatorOptions options;
  options.max_level = 236;  // + 1 for the metadata + 18 for 200,000 leaves = 255.
  EXPECT_THAT(StartAggregator(options, nullptr, &clock),
              StatusIs(StatusCode::kInvalidArgument, "254"));
  options = {};
  options.max_level = 0;
  options.max_pending = std::size_t{1} << 62;
  EXPECT_THAT(StartAggregator(options, nullptr, &clock), StatusIs(StatusCode::kInvalidArgument));
  options = {};
  options.round_seconds = 0;
  EXPECT_THAT(StartAggregator(options, nullptr, &clock), StatusIs(StatusCode::kInvalidArgument));
  options = {};
  options.node_name = "\xff";
  EXPECT_THAT(StartAggregator(options, nullptr, &clock),
              StatusIs(StatusCode::kInvalidArgument, "node name"));
}

TEST(Aggregator, CountsWhatBecameOfRequests) {
  AggregatorOptions options;
  options.max_pending = 4;
  TestNode node(options);
  PITSER_ASSERT_OK(node.Enqueue(1));
  PITSER_ASSERT_OK(node.Enqueue(2));
  PITSER_ASSERT_OK(node.Enqueue(3, {.cancelled = true}));
  EXPECT_FALSE(node.Enqueue(4, {.level = 255}).ok());
  EXPECT_FALSE(node.Enqueue(5, {.deadline = At(kT)}).ok());
  AggregatorStats stats = node.aggregator().Stats();
  EXPECT_EQ(stats.pending, 3U);
  EXPECT_EQ(stats.refused, 2U);
  EXPECT_EQ(stats.rounds, 0U);
  EXPECT_FALSE(stats.last_round.has_value());

  node.Pass(absl::Seconds(1));
  stats = node.aggregator().Stats();
  EXPECT_EQ(stats.pending, 0U);
  EXPECT_EQ(stats.rounds, 1U);
  EXPECT_EQ(stats.signed_requests, 2U);
  EXPECT_EQ(stats.cancelled, 1U);
  EXPECT_EQ(stats.failed, 0U);
  ASSERT_TRUE(stats.last_round.has_value());
  EXPECT_EQ(stats.last_round->t, kT);
  EXPECT_EQ(stats.last_round->requests, 2U);

  // A round that cannot be closed, and requests that wait while signing stops.
  node.storage().FailWrites(absl::UnavailableError("broken"));
  PITSER_ASSERT_OK(node.Enqueue(6));
  node.Pass(absl::Seconds(1));
  stats = node.aggregator().Stats();
  EXPECT_EQ(stats.failed_rounds, 1U);
  EXPECT_EQ(stats.failed, 1U);
  EXPECT_EQ(stats.rounds, 1U);
  EXPECT_EQ(stats.last_round->t, kT);
  EXPECT_EQ(stats.pending, 0U);
}

TEST(Aggregator, DrainingRefusesWhatIsNewAndAnswersWhatWasTaken) {
  TestNode node;
  PITSER_ASSERT_OK(node.Enqueue(1));
  node.aggregator().SetDraining(true);
  EXPECT_THAT(node.Enqueue(2), StatusIs(StatusCode::kUnavailable, "draining"));
  EXPECT_TRUE(node.aggregator().Stats().draining);
  EXPECT_EQ(node.aggregator().Stats().pending, 1U);
  node.Pass(absl::Seconds(1));
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), 1U);
  PITSER_EXPECT_OK(answers[0].answer);
  EXPECT_EQ(node.aggregator().Stats().pending, 0U);
  node.aggregator().SetDraining(false);
  PITSER_EXPECT_OK(node.Enqueue(3));
}

}  // namespace
}  // namespace pitser::server
