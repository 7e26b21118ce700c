#include <gtest/gtest.h>

#include "server/extender/calendar_extender.h"
#include "tests/support/fake_storage.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::FakeStorage;
using testing::StatusIs;
using testing::TestImprint;

constexpr std::uint64_t kT = 1'700'000'000;

class ExtenderTest : public ::testing::Test {
 protected:
  // Leaves at kT and kT + 5, head at kT + 9.
  void Fill() {
    for (const std::uint64_t t : {kT, kT + 5}) {
      PITSER_ASSERT_OK_AND_ASSIGN(const auto preview, calendar_.Preview(t, TestImprint(t)));
      PITSER_ASSERT_OK(calendar_.Apply(preview));
    }
    PITSER_ASSERT_OK(calendar_.AdvanceHead(kT + 9));
  }

  void ExpectChain(const ledger::CalendarHashChain& chain, std::uint64_t t, std::uint64_t to) {
    EXPECT_EQ(chain.AggregationTime(), t);
    EXPECT_EQ(chain.publication_time, to);
    PITSER_ASSERT_OK_AND_ASSIGN(const auto time, ledger::CalendarTimeFromShape(to, chain.links));
    EXPECT_EQ(time, t);
    PITSER_ASSERT_OK_AND_ASSIGN(const auto folded,
                                ledger::FoldCalendarLinks(chain.input_hash, chain.links));
    PITSER_ASSERT_OK_AND_ASSIGN(const auto root, calendar_.Root(to));
    EXPECT_EQ(folded, root);
  }

  FakeStorage calendar_;
  CalendarExtender extender_{&calendar_};
};

TEST_F(ExtenderTest, GivesTheChainToAPublicationTime) {
  Fill();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, extender_.Chain(kT, kT + 7));
  EXPECT_EQ(chain.input_hash, TestImprint(kT));
  ExpectChain(chain, kT, kT + 7);
}

TEST_F(ExtenderTest, GivesTheChainToTheHeadWhenNothingElseIsAsked) {
  Fill();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, extender_.Chain(kT + 5, std::nullopt));
  ExpectChain(chain, kT + 5, kT + 9);
}

TEST_F(ExtenderTest, GivesTheChainOfAnEmptySecondAndOfTheSameSecond) {
  Fill();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto empty, extender_.Chain(kT + 3, kT + 4));
  EXPECT_EQ(empty.input_hash, ledger::Imprint::Zero(ledger::HashAlgorithm::kSha256));
  ExpectChain(empty, kT + 3, kT + 4);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto same, extender_.Chain(kT + 5, kT + 5));
  ExpectChain(same, kT + 5, kT + 5);
}

TEST_F(ExtenderTest, RefusesAPublicationTimeBeforeTheAggregationTime) {
  Fill();
  EXPECT_THAT(extender_.Chain(kT + 5, kT + 4), StatusIs(StatusCode::kInvalidArgument, "before"));
}

TEST_F(ExtenderTest, RefusesWhatIsBeyondTheHead) {
  Fill();
  EXPECT_THAT(extender_.Chain(kT, kT + 10), StatusIs(StatusCode::kOutOfRange, "not closed yet"));
  EXPECT_THAT(extender_.Chain(kT + 10, kT + 11),
              StatusIs(StatusCode::kOutOfRange, "not closed yet"));
  EXPECT_THAT(extender_.Chain(kT + 10, std::nullopt),
              StatusIs(StatusCode::kOutOfRange, "not closed yet"));
}

TEST_F(ExtenderTest, RefusesEverythingWhileTheCalendarIsEmpty) {
  EXPECT_THAT(extender_.Chain(kT, std::nullopt), StatusIs(StatusCode::kOutOfRange, "empty"));
}

}  // namespace
}  // namespace pitser::server
