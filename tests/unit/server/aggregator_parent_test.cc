#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "base/retry_hint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/aggregator/aggregator.h"
#include "server/aggregator/round_tree.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_node.h"
#include "tests/support/value_of.h"

// An aggregator whose parent is another aggregator.
namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::AnswerBox;
using testing::CheckedSignature;
using ::testing::ElementsAre;
using testing::ReceivedAnswer;
using testing::StatusIs;
using testing::ValueOf;

// Puts the roots that it gets into a tree of its own, for the account "relay", and has a core sign
// that.
class FakeParent final : public Parent {
 public:
  explicit FakeParent(Core* core) : core_(core) {}

  absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::LeveledImprint& root) override {
    return std::move(CloseMany(t, {&root, 1}).front());
  }
  std::vector<absl::StatusOr<Seal>> CloseMany(
      std::uint64_t t, std::span<const ledger::LeveledImprint> roots) override {
    closed.push_back(roots.size());
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    if (!failure.ok()) return {roots.size(), failure};
    std::vector<RoundLeaf> leaves;
    for (const ledger::LeveledImprint& root : roots) {
      EXPECT_LE(root.level, max_root);
      leaves.push_back({root.imprint, root.level, "relay", 1});
    }
    const RoundTree tree = ValueOf(RoundTree::Build(leaves, "top"));
    const Seal above = ValueOf(core_->Close(t, tree.root()));
    std::vector<absl::StatusOr<Seal>> seals;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      Seal seal = above;
      seal.tail = RoundTree::Chains(tree, t, {}).Of(i, leaves[i], AnswerForm::kService);
      const auto chain =
          ledger::ParseAggregationHashChain(ValueOf(ledger::TlvReader(seal.tail).Next()));
      seal.above = {chain->index.begin(), chain->index.end()};
      seal.clients = {"relay"};
      ledger::Append(seal.tail, above.tail);
      seals.push_back(std::move(seal));
    }
    return seals;
  }
  ledger::Level max_root_level() const override { return max_root; }
  bool names_time() const override { return true; }
  std::uint64_t HoldFrom(std::uint64_t t) override { return t; }
  absl::Status Health() const override { return absl::OkStatus(); }

  std::atomic<ledger::Level> max_root = 17;
  absl::Status failure;
  std::function<void()> meanwhile;  // While the next round waits.
  std::vector<std::size_t> closed;  // Roots, call by call.

 private:
  Core* const core_;
};

class AggregatorParentTest : public ::testing::Test {
 protected:
  AggregatorParentTest() {
    aggregator_ = ValueOf(StartAggregator({.node_name = "below"}, &parent_, &node_.clock()));
    node_.clock().AwaitBlocked(2);
  }
  ~AggregatorParentTest() override {
    aggregator_->CloseIntake();
    node_.clock().Advance(absl::Seconds(10));
    aggregator_->Stop();
  }

  absl::Status Enqueue(std::uint64_t id, const AnswerBox::RequestOptions& options = {}) {
    std::unique_ptr<PendingRequest> request = box_.Request(id, options);
    return aggregator_->Enqueue(request);
  }
  std::vector<ReceivedAnswer> AfterARound() {
    node_.clock().Advance(absl::Seconds(1));
    node_.clock().AwaitBlocked(2);
    testing::AwaitAnswers(*aggregator_);
    return box_.Take();
  }

  testing::TestNode node_;
  FakeParent parent_{&node_.core()};
  AnswerBox box_;
  std::unique_ptr<Aggregator> aggregator_;
};

TEST_F(AggregatorParentTest, SignaturesLeadThroughBoth) {
  for (std::uint64_t id = 0; id < 5; ++id) PITSER_ASSERT_OK(Enqueue(id));
  PITSER_ASSERT_OK(Enqueue(5, {.level = 4}));
  const std::vector<ReceivedAnswer> answers = AfterARound();
  ASSERT_EQ(answers.size(), 6U);
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    PITSER_ASSERT_OK_AND_ASSIGN(
        const ledger::Signature signature,
        CheckedSignature(*received.answer, AnswerBox::HashOf(received.id),
                         received.id == 5 ? ledger::Level{4} : ledger::Level{0}));
    ASSERT_EQ(signature.aggregation_chains().size(), 2U);
    EXPECT_EQ(signature.aggregation_chains()[0].index.front(),
              signature.aggregation_chains()[1].index.front());
    ASSERT_EQ(signature.Identities().size(), 2U);
    EXPECT_EQ(signature.Identities()[0].metadata.client_id, "relay");
    EXPECT_EQ(signature.Identities()[1].metadata.client_id, "anna");
    EXPECT_THAT(received.answer->seal->clients, ElementsAre("relay"));
  }
  EXPECT_THAT(parent_.closed, ElementsAre(1U));
}

// While it waits for a slow parent, rounds pile up: they go as one.
TEST_F(AggregatorParentTest, RoundsThatAreDueTogetherGoAsOne) {
  PITSER_ASSERT_OK(Enqueue(1));
  parent_.meanwhile = [&] {
    for (std::uint64_t id = 2; id < 5; ++id) {
      PITSER_EXPECT_OK(Enqueue(id));
      node_.clock().Advance(absl::Seconds(1));
    }
  };
  const std::vector<ReceivedAnswer> answers = AfterARound();
  ASSERT_EQ(answers.size(), 4U);
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    PITSER_EXPECT_OK(CheckedSignature(*received.answer, AnswerBox::HashOf(received.id)));
  }
  EXPECT_THAT(parent_.closed, ElementsAre(1U, 1U));
  EXPECT_EQ(answers[1].answer->seal, answers[3].answer->seal);
  EXPECT_EQ(aggregator_->Stats().pending, 0U);
  EXPECT_EQ(aggregator_->Stats().rounds, 2U);
}

TEST_F(AggregatorParentTest, ARoundThatIsTooHighGoesAsSeveralTrees) {
  parent_.max_root = 3;
  for (std::uint64_t id = 0; id < 9; ++id) {
    PITSER_ASSERT_OK(Enqueue(id, {.level = static_cast<ledger::Level>(id < 2 ? 2 : 0)}));
  }
  const std::vector<ReceivedAnswer> answers = AfterARound();
  ASSERT_EQ(answers.size(), 9U);
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    PITSER_EXPECT_OK(CheckedSignature(*received.answer, AnswerBox::HashOf(received.id),
                                      received.id < 2 ? ledger::Level{2} : ledger::Level{0}));
  }
  EXPECT_THAT(parent_.closed, ElementsAre(4U));
  EXPECT_EQ(aggregator_->Stats().signed_requests, 9U);
  EXPECT_EQ(aggregator_->Stats().rounds, 1U);
}

TEST_F(AggregatorParentTest, WhatTheParentTakesIsALimit) {
  parent_.max_root = 5;
  EXPECT_EQ(aggregator_->max_level(), 4);
  const absl::Status refused = Enqueue(1, {.level = 5});
  EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "above max_level 4"));
  EXPECT_EQ(base::LimitOf(refused), "max_level");
  const absl::Status batch = Enqueue(1, {.level = 5, .form = AnswerForm::kAboveTree});
  EXPECT_THAT(batch, StatusIs(StatusCode::kInvalidArgument, "smaller batches"));
  EXPECT_EQ(base::LimitOf(batch), "max_batch");
  // It may come to take less while a request waits.
  PITSER_ASSERT_OK(Enqueue(2, {.level = 4}));
  PITSER_ASSERT_OK(Enqueue(3));
  parent_.max_root = 2;
  const std::vector<ReceivedAnswer> answers = AfterARound();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0].answer, StatusIs(StatusCode::kInvalidArgument, "above max_level 1"));
  PITSER_EXPECT_OK(answers[1].answer);
  EXPECT_EQ(aggregator_->Stats().failed, 1U);
}

TEST_F(AggregatorParentTest, ItsFaultIsTold) {
  PITSER_ASSERT_OK(Enqueue(1));
  parent_.failure =
      WithParentFault(absl::UnavailableError("it did not answer"), ParentFault::kTimedOut);
  const std::vector<ReceivedAnswer> answers = AfterARound();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0].answer, StatusIs(StatusCode::kUnavailable, "it did not answer"));
  EXPECT_EQ(ParentFaultOf(answers[0].answer.status()), ParentFault::kTimedOut);
  EXPECT_TRUE(base::RetryAfterOf(answers[0].answer.status()));
  EXPECT_EQ(aggregator_->Stats().failed_rounds, 1U);
}

TEST(ParentFault, TravelsWithErrorsOnly) {
  EXPECT_EQ(ParentFaultOf(absl::UnavailableError("x")), ParentFault::kNone);
  EXPECT_EQ(WithParentFault(absl::OkStatus(), ParentFault::kFailed), absl::OkStatus());
  EXPECT_EQ(ParentFaultOf(WithParentFault(absl::UnavailableError("x"), ParentFault::kFailed)),
            ParentFault::kFailed);
}

}  // namespace
}  // namespace pitser::server
