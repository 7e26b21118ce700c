#include "server/gateway/grpc/leaf_runs.h"

#include "gtest/gtest.h"
#include "tests/support/memory_calendar.h"

namespace pitser::server {
namespace {

using ledger::HashAlgorithm;
using ::pitser::testing::TestImprint;

constexpr std::size_t kPlenty = 1 << 20;
constexpr std::uint64_t kNow = 2'000'000'000;

// "first+seconds" with the bytes of its leaves, if it has any.
std::string Text(const v1::StreamCalendarLeavesResponse& message) {
  std::string text;
  for (const v1::CalendarRun& run : message.runs()) {
    text += (text.empty() ? "" : " ") + std::to_string(run.first_time()) + "+" +
            std::to_string(run.seconds());
    if (!run.leaves().empty()) text += ":" + std::to_string(run.leaves().size());
  }
  return text;
}

TEST(LeafRuns, SecondsThatAreAlikeAreOneRun) {
  v1::StreamCalendarLeavesResponse message;
  LeafRuns runs(100, kPlenty, message);
  EXPECT_TRUE(runs.Add(103, TestImprint(1)));
  EXPECT_TRUE(runs.Add(104, TestImprint(2)));
  EXPECT_TRUE(runs.Add(105, TestImprint(3, HashAlgorithm::kSha512)));
  EXPECT_TRUE(runs.Add(107, TestImprint(4)));
  runs.AddEmptyThrough(kNow);
  EXPECT_EQ(Text(message), "100+3 103+3:131 106+1 107+1:33 108+1999999893");
  EXPECT_EQ(runs.next(), kNow + 1);
  EXPECT_EQ(message.runs(1).leaves().substr(0, 33), ledger::ToString(TestImprint(1).bytes()));
  EXPECT_EQ(message.runs(1).leaves().substr(66),
            ledger::ToString(TestImprint(3, HashAlgorithm::kSha512).bytes()));
}

TEST(LeafRuns, TheVeryFirstSecondCounts) {
  v1::StreamCalendarLeavesResponse message;
  LeafRuns runs(0, kPlenty, message);
  EXPECT_TRUE(runs.Add(0, TestImprint(1)));
  runs.AddEmptyThrough(0);
  EXPECT_EQ(Text(message), "0+1:33");
  v1::StreamCalendarLeavesResponse empty;
  LeafRuns all_empty(0, kPlenty, empty);
  all_empty.AddEmptyThrough(0);
  EXPECT_EQ(Text(empty), "0+1");
}

TEST(LeafRuns, StaysWithinItsBytesInTheWorstCase) {
  for (const std::size_t max_bytes :
       {std::size_t{300}, std::size_t{1000}, std::size_t{256} << 10}) {
    v1::StreamCalendarLeavesResponse message;
    LeafRuns runs(kNow, max_bytes, message);
    std::uint64_t t = kNow + 1;
    while (runs.Add(t, TestImprint(t, HashAlgorithm::kSha512))) t += 2;
    EXPECT_EQ(runs.next(), t - 1);  // The empty second before stays with its leaf.
    EXPECT_GT(message.runs_size(), 0);
    runs.AddEmptyThrough(ledger::kMaxCalendarTime);
    EXPECT_LE(message.ByteSizeLong(), max_bytes);
    EXPECT_GE(message.ByteSizeLong() * 3, max_bytes);
  }
}

TEST(LeafRuns, FillsWhatItMayWithLeaves) {
  v1::StreamCalendarLeavesResponse message;
  LeafRuns runs(kNow, 256 << 10, message);
  std::uint64_t t = kNow;
  while (runs.Add(t, TestImprint(0))) ++t;
  EXPECT_EQ(message.runs_size(), 1);
  EXPECT_LE(message.ByteSizeLong(), std::size_t{256} << 10);
  EXPECT_GE(message.ByteSizeLong(), std::size_t{255} << 10);
}

}  // namespace
}  // namespace pitser::server
