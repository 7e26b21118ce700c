#include "client/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::client {
namespace {

using ledger::CalendarReplay;
using ledger::Imprint;
using testing::MemoryCalendar;
using testing::StatusIs;
using testing::TestImprint;

constexpr std::uint64_t kBegin = 1'700'000'000;
constexpr std::uint64_t kEnd = kBegin + 300;

// Leaves for two of three seconds.
bool HasLeaf(std::uint64_t t) { return t >= kBegin && t % 3 != 0; }

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    for (std::uint64_t t = kBegin; t <= kEnd; ++t) {
      if (HasLeaf(t)) {
        EXPECT_TRUE(calendar_.Append(t, TestImprint(t)).ok());
      }
    }
    EXPECT_TRUE(calendar_.Skip(kEnd).ok() || calendar_.head() == kEnd);
  }

  Claim RootClaim(std::uint64_t t) const {
    return {.kind = ClaimKind::kPublication,
            .time = t,
            .value = *ledger::CalendarRoot(calendar_, t),
            .source = "test"};
  }
  Claim LeafClaim(std::uint64_t t) const {
    return {.kind = ClaimKind::kLeaf,
            .time = t,
            .value = HasLeaf(t) ? TestImprint(t) : ledger::EmptyNode(0),
            .source = "test"};
  }

  // Feeds the seconds from `first` to kEnd; the leaf of `forged` is another one.
  static absl::Status Feed(Audit& audit, std::uint64_t first, std::uint64_t forged = 0) {
    if (first < kBegin) {
      PITSER_RETURN_IF_ERROR(
          audit.Take({.first_time = first, .seconds = kBegin - first, .leaves = {}}));
      first = kBegin;
    }
    for (std::uint64_t t = first; t <= kEnd; ++t) {
      const Imprint leaf = t == forged ? TestImprint(0) : TestImprint(t);
      const std::span<const Imprint> leaves(&leaf, HasLeaf(t) || t == forged ? 1 : 0);
      PITSER_RETURN_IF_ERROR(audit.Take({.first_time = t, .seconds = 1, .leaves = leaves}));
    }
    return absl::OkStatus();
  }

  MemoryCalendar calendar_;
};

TEST_F(AuditTest, FindsThatAllHolds) {
  std::vector<Claim> claims;
  for (std::uint64_t t : {std::uint64_t{0}, kBegin - 1, kBegin, kBegin + 1, kBegin + 77, kEnd}) {
    claims.push_back(RootClaim(t));
    claims.push_back(LeafClaim(t));
  }
  std::ranges::reverse(claims);
  Audit audit({}, claims);
  PITSER_ASSERT_OK(Feed(audit, 0));
  ASSERT_EQ(audit.judgements().size(), claims.size());
  for (const Judgement& judgement : audit.judgements()) {
    EXPECT_EQ(judgement.finding, Finding::kHolds) << judgement.claim.time;
  }
  EXPECT_EQ(audit.replay().head(), kEnd);
  EXPECT_EQ(audit.leaves(), 201u);
  EXPECT_FALSE(audit.BrokenRange().has_value());
}

// Whatever leaf is changed, added or taken away: the first root after it does not hold, and the
// stretch that is named has it.
TEST_F(AuditTest, FindsEveryForgedLeafAndNamesWhereItIs) {
  for (std::uint64_t forged = kBegin; forged <= kEnd; ++forged) {
    Audit audit({}, {RootClaim(kBegin + 50), RootClaim(kBegin + 100), RootClaim(kEnd)});
    PITSER_ASSERT_OK(Feed(audit, 0, forged));
    const auto range = audit.BrokenRange();
    ASSERT_TRUE(range.has_value()) << forged;
    EXPECT_GE(range->last, forged);
    if (range->after) {
      EXPECT_LT(*range->after, forged);
    }
    EXPECT_EQ(range->after.has_value(), forged > kBegin + 50);
    EXPECT_EQ(range->last, forged <= kBegin + 50    ? kBegin + 50
                           : forged <= kBegin + 100 ? kBegin + 100
                                                    : kEnd);
  }
}

TEST_F(AuditTest, LeavesOpenWhatItDoesNotComeTo) {
  Audit audit({}, {RootClaim(kEnd)});
  PITSER_ASSERT_OK(audit.Take({.first_time = 0, .seconds = kBegin, .leaves = {}}));
  EXPECT_EQ(audit.judgements()[0].finding, Finding::kOpen);
}

TEST_F(AuditTest, RefusesAHoleAndPassesOverWhatItHas) {
  Audit audit({}, {});
  EXPECT_THAT(audit.Take({.first_time = 1, .seconds = 1, .leaves = {}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "missing"));
  PITSER_ASSERT_OK(audit.Take({.first_time = 0, .seconds = kBegin, .leaves = {}}));
  PITSER_ASSERT_OK(audit.Take({.first_time = 0, .seconds = 5, .leaves = {}}));
  // One second of this run is new.
  const std::vector<Imprint> leaves = {TestImprint(1), TestImprint(kBegin)};
  PITSER_ASSERT_OK(audit.Take({.first_time = kBegin - 1, .seconds = 2, .leaves = leaves}));
  EXPECT_EQ(audit.leaves(), 1u);
  EXPECT_EQ(audit.replay().head(), kBegin);
}

TEST_F(AuditTest, SettlesWhatCameBeforeByChainsToItsHead) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto start_chain,
                              ledger::BuildCalendarChain(calendar_, kBegin + 200, kBegin + 200));
  PITSER_ASSERT_OK_AND_ASSIGN(CalendarReplay start, CalendarReplay::FromChain(start_chain));
  Claim wrong = RootClaim(kBegin + 11);
  wrong.value = TestImprint(0);
  Audit audit(std::move(start), {LeafClaim(kBegin + 7), LeafClaim(kBegin + 9),
                                 RootClaim(kBegin + 10), wrong, RootClaim(kEnd)});
  PITSER_ASSERT_OK(Feed(audit, kBegin + 201));
  for (std::size_t i = 0; i < 4; ++i) {
    PITSER_ASSERT_OK_AND_ASSIGN(
        const auto chain,
        ledger::BuildCalendarChain(calendar_, audit.judgements()[i].claim.time, kEnd));
    PITSER_ASSERT_OK(audit.Settle(i, chain));
    EXPECT_EQ(audit.judgements()[i].finding, i == 3 ? Finding::kBroken : Finding::kHolds) << i;
  }
  EXPECT_EQ(audit.judgements()[4].finding, Finding::kHolds);
}

TEST_F(AuditTest, TakesNoChainThatLeadsElsewhere) {
  const std::uint64_t t = kBegin + 10;
  PITSER_ASSERT_OK_AND_ASSIGN(auto chain, ledger::BuildCalendarChain(calendar_, t, kEnd));
  const Imprint root = *ledger::CalendarRoot(calendar_, kEnd);
  PITSER_EXPECT_OK(CheckChainTo(chain, t, kEnd, root));
  EXPECT_THAT(CheckChainTo(chain, t + 1, kEnd, root), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckChainTo(chain, t, kEnd - 1, root), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckChainTo(chain, t, kEnd, TestImprint(0)), StatusIs(absl::StatusCode::kDataLoss));
  chain.links[3].sibling = TestImprint(0);
  EXPECT_THAT(CheckChainTo(chain, t, kEnd, root), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace pitser::client
