#include "ledger/tree/calendar_replay.h"

#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::IsOk;
using testing::MemoryCalendar;
using testing::StatusIs;
using testing::TestImprint;

TEST(CalendarReplay, HasNothingBeforeTheFirstSecond) {
  const CalendarReplay replay;
  EXPECT_FALSE(replay.head().has_value());
  EXPECT_EQ(replay.next(), 0u);
  EXPECT_TRUE(replay.Peaks().empty());
  EXPECT_THAT(replay.Root(), StatusIs(absl::StatusCode::kFailedPrecondition, "no second"));
}

TEST(CalendarReplay, RefusesToGoBackAndBeyondTheEnd) {
  CalendarReplay replay;
  PITSER_ASSERT_OK(replay.Append(100, TestImprint(1)));
  EXPECT_THAT(replay.Append(100, TestImprint(2)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "not after the head, 100"));
  EXPECT_THAT(replay.Skip(99), StatusIs(absl::StatusCode::kFailedPrecondition, ""));
  EXPECT_THAT(replay.Append(kMaxCalendarTime + 1, TestImprint(2)),
              StatusIs(absl::StatusCode::kOutOfRange, ""));
  EXPECT_THAT(replay.Skip(~std::uint64_t{0}), StatusIs(absl::StatusCode::kOutOfRange, ""));
  EXPECT_EQ(replay.head(), 100u);
}

TEST(CalendarReplay, ReachesTheCalendarsLastSecond) {
  CalendarReplay replay;
  PITSER_ASSERT_OK(replay.Skip(kMaxCalendarTime));
  EXPECT_EQ(*replay.Root(), EmptyNode(kCalendarLevels));
  EXPECT_EQ(replay.Peaks().size(), 1u);
  EXPECT_THAT(CalendarReplay::Restore(kMaxCalendarTime, replay.Peaks()), IsOk());
}

TEST(CalendarReplay, GoesOnFromItsPeaks) {
  MemoryCalendar calendar;
  CalendarReplay replay;
  for (const std::uint64_t t : {1'700'000'000ULL, 1'700'000'001ULL, 1'700'500'000ULL}) {
    PITSER_ASSERT_OK(calendar.Append(t, TestImprint(t)));
    PITSER_ASSERT_OK(replay.Append(t, TestImprint(t)));
    PITSER_ASSERT_OK_AND_ASSIGN(replay, CalendarReplay::Restore(*replay.head(), replay.Peaks()));
    EXPECT_EQ(*replay.Root(), *CalendarRoot(calendar, t));
  }
}

TEST(CalendarReplay, RestoresOnlyThePeaksThatTheHeadHas) {
  CalendarReplay replay;
  PITSER_ASSERT_OK(replay.Append(4, TestImprint(1)));  // Five seconds: levels 2 and 0.
  const std::vector<CalendarPeak> peaks = replay.Peaks();
  ASSERT_EQ(peaks.size(), 2u);
  const auto is_refused = StatusIs(absl::StatusCode::kInvalidArgument, "");
  EXPECT_THAT(CalendarReplay::Restore(4, {peaks[0]}), is_refused);
  EXPECT_THAT(CalendarReplay::Restore(4, {peaks[1], peaks[0]}), is_refused);
  EXPECT_THAT(CalendarReplay::Restore(4, {}), is_refused);
  EXPECT_THAT(CalendarReplay::Restore(5, peaks), is_refused);
  EXPECT_THAT(CalendarReplay::Restore(kMaxCalendarTime + 1, peaks), is_refused);
  EXPECT_THAT(CalendarReplay::Restore(~std::uint64_t{0}, {}), is_refused);
}

TEST(CalendarReplay, StartsFromAChainAndRefusesOneOfAnotherShape) {
  MemoryCalendar calendar;
  for (std::uint64_t t = 0; t <= 21; ++t) PITSER_ASSERT_OK(calendar.Append(t, TestImprint(t)));
  PITSER_ASSERT_OK_AND_ASSIGN(CalendarHashChain chain, BuildCalendarChain(calendar, 13, 21));
  PITSER_ASSERT_OK_AND_ASSIGN(CalendarReplay replay, CalendarReplay::FromChain(chain));
  EXPECT_EQ(replay.head(), 13u);
  EXPECT_EQ(*replay.Root(), *CalendarRoot(calendar, 13));
  EXPECT_EQ(*RootAtAggregationTime(chain), *CalendarRoot(calendar, 13));
  for (std::uint64_t t = 14; t <= 21; ++t) PITSER_ASSERT_OK(replay.Append(t, TestImprint(t)));
  EXPECT_EQ(*replay.Root(), *CalendarRoot(calendar, 21));

  chain.aggregation_time = 12;
  EXPECT_THAT(CalendarReplay::FromChain(chain), StatusIs(absl::StatusCode::kInvalidArgument, ""));
  chain.aggregation_time = 13;
  chain.links.push_back({LinkDirection::kRight, TestImprint(1)});
  EXPECT_THAT(CalendarReplay::FromChain(chain), StatusIs(absl::StatusCode::kInvalidArgument, ""));
}

}  // namespace
}  // namespace pitser::ledger
