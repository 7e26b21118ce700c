#include "ledger/tree/calendar_tree.h"

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ledger/base/hex.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::MemoryCalendar;
using testing::StatusIs;
using testing::TestImprint;

std::string Hex(const Imprint& imprint) { return ToHex(imprint.bytes()); }

Imprint NodeOf(const NodeReader& nodes, unsigned level, std::uint64_t index) {
  return *nodes.Node(level, index);
}

// Directions bottom to top, as spec 5.4 writes them.
std::string Pattern(const CalendarHashChain& chain) {
  std::string text;
  for (const CalendarLink& link : chain.links) {
    text += link.direction == LinkDirection::kLeft ? 'L' : 'R';
  }
  return text;
}

MemoryCalendar Filled(std::uint64_t last) {
  MemoryCalendar calendar;
  for (std::uint64_t t = 0; t <= last; ++t) {
    EXPECT_THAT(calendar.Append(t, TestImprint(t)), testing::IsOk());
  }
  return calendar;
}

TEST(CalendarTree, MatchesTheSpecsExample) {
  const MemoryCalendar calendar = Filled(10);
  // spec/ksi-signature.md 12.3.
  const std::map<std::pair<unsigned, std::uint64_t>, std::string> expected = {
      {{0, 0}, "01af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"},
      {{0, 10}, "018d85f8467240628a94819b26bee26e3a9b2804334c63482deacec8d64ab4e1e7"},
      {{1, 0}, "012a291df74916f2205b20b9fb1d1ea8d72958da9d453c88613581297616c3323a"},
      {{1, 1}, "01644a1ed908597350f7e1fc8205ce6e133d6cae9722ae4c7405d33098e0ee51b5"},
      {{1, 2}, "01d83d8fd5736b563dc905e5d73f78da343cdf59aa87ecf6159f5e768a550441d9"},
      {{1, 3}, "01b53d3570ab171f4054b8fd003b18ebe1f3d354b0a9eb1d1d631f9abfa2d4d5ba"},
      {{1, 4}, "01ff997a277f87e35d64dee5f92fb95d3675c3807a06e206d860ab42011930b74d"},
      {{2, 0}, "0137c14792ebce93d49a8d040e27e5a825fc57f40d1f133ba8462251ff444ff528"},
      {{2, 1}, "01409b9960b1e76b075928e08c98cc6a71900451e28b3e39dac912f1340803091f"},
      {{3, 0}, "01ef79e46d1f32ccd9ad049104875a7cdbd3b9c95df9ed866601feacd1639608eb"},
  };
  for (const auto& [place, hex] : expected) {
    EXPECT_EQ(Hex(NodeOf(calendar, place.first, place.second)), hex)
        << "N(" << place.first << "," << place.second << ")";
  }
  EXPECT_EQ(calendar.size(), 11u + 5u + 2u + 1u);
  EXPECT_EQ(Hex(*CalendarRoot(calendar, 4)),
            "012a3b43818a9f81d8fc533d87f97c9d53ea054454236dbeff0ef6e9244555bfa2");
  EXPECT_EQ(Hex(*CalendarRoot(calendar, 10)),
            "014966c356336003bd44c5273dbd0f7c323b4cb6438a7c8bbf0bab01e2b2e43ab2");
}

TEST(EmptyNode, MatchesTheSpec) {
  EXPECT_EQ(Hex(EmptyNode(0)), "01" + std::string(64, '0'));
  EXPECT_EQ(Hex(EmptyNode(1)),
            "0167299b3e9964c4c65a10cbbc62298fb603d408ff9627973a733e319021ca42d6");
  EXPECT_EQ(Hex(EmptyNode(2)),
            "010dff26126e5976cb1ce1782b6bf8d5053342b562ca52d34b40d2e1fc037dc601");
  EXPECT_EQ(EmptyNode(kCalendarLevels).bytes().size(), 33u);
}

// Rows with gaps, of two algorithms.
TEST(JoinCalendarRow, JoinsAsNodeByNode) {
  constexpr unsigned kLevel = 3;
  constexpr std::array kAlgorithms = {HashAlgorithm::kSha256, HashAlgorithm::kSha512};
  std::mt19937_64 random(20261126);
  for (int round = 0; round < 200; ++round) {
    std::map<unsigned, Imprint> nodes;
    for (std::uint64_t i = random() % 20; i > 0; --i) {
      const auto place = static_cast<unsigned>(random() % 32);
      nodes.emplace(place, TestImprint(random(), kAlgorithms[random() % 4 == 0 ? 1 : 0]));
    }
    std::vector<PlacedNode> expected;
    for (unsigned parent = 0; parent < 16; ++parent) {
      const auto left = nodes.find(2 * parent);
      const auto right = nodes.find(2 * parent + 1);
      if (left == nodes.end() && right == nodes.end()) continue;
      expected.emplace_back(
          parent, *JoinCalendarNodes(left == nodes.end() ? EmptyNode(kLevel) : left->second,
                                     right == nodes.end() ? EmptyNode(kLevel) : right->second));
    }
    std::vector<PlacedNode> row(nodes.begin(), nodes.end());
    PITSER_ASSERT_OK_AND_ASSIGN(const auto parents, JoinCalendarRow(kLevel, row));
    EXPECT_EQ(std::vector<PlacedNode>(parents.begin(), parents.end()), expected);
  }
}

// The chains of spec 5.4, with their siblings.
TEST(BuildCalendarChain, MatchesTheSpecsExample) {
  const MemoryCalendar calendar = Filled(10);
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain five, BuildCalendarChain(calendar, 5, 10));
  EXPECT_EQ(five.publication_time, 10u);
  EXPECT_EQ(five.aggregation_time, 5u);
  EXPECT_EQ(five.input_hash, TestImprint(5));
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Imprint t83,
      Imprint::Parse(
          *FromHex("0127e129b264ad2526e35f977363c15a7499d04720b121dc9f2e7bcdeaa4f1fa3d")));
  EXPECT_EQ(five.links, (CalendarLinks{{LinkDirection::kRight, TestImprint(4)},
                                       {LinkDirection::kLeft, NodeOf(calendar, 1, 3)},
                                       {LinkDirection::kRight, NodeOf(calendar, 2, 0)},
                                       {LinkDirection::kLeft, t83}}));
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain eight, BuildCalendarChain(calendar, 8, 10));
  EXPECT_EQ(eight.links, (CalendarLinks{{LinkDirection::kLeft, TestImprint(9)},
                                        {LinkDirection::kLeft, TestImprint(10)},
                                        {LinkDirection::kRight, NodeOf(calendar, 3, 0)}}));
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain ten, BuildCalendarChain(calendar, 10, 10));
  EXPECT_EQ(ten.links, (CalendarLinks{{LinkDirection::kRight, NodeOf(calendar, 1, 4)},
                                      {LinkDirection::kRight, NodeOf(calendar, 3, 0)}}));
}

// The table of patterns in spec 5.4.
TEST(BuildCalendarChain, HasTheSpecsPatterns) {
  const std::vector<std::string> leaves_0_to_7 = {"LLLL", "RLLL", "LRLL", "RRLL",
                                                  "LLRL", "RLRL", "LRRL", "RRRL"};
  std::map<std::uint64_t, std::vector<std::string>> expected = {
      {0, {""}},
      {1, {"L", "R"}},
      {2, {"LL", "RL", "R"}},
      {3, {"LL", "RL", "LR", "RR"}},
      {4, {"LLL", "RLL", "LRL", "RRL", "R"}},
      {5, {"LLL", "RLL", "LRL", "RRL", "LR", "RR"}},
      {6, {"LLL", "RLL", "LRL", "RRL", "LLR", "RLR", "RR"}},
      {7, {"LLL", "RLL", "LRL", "RRL", "LLR", "RLR", "LRR", "RRR"}},
      {8, leaves_0_to_7},
      {9, leaves_0_to_7},
      {10, leaves_0_to_7}};
  expected[8].insert(expected[8].end(), {"R"});
  expected[9].insert(expected[9].end(), {"LR", "RR"});
  expected[10].insert(expected[10].end(), {"LLR", "RLR", "RR"});
  const MemoryCalendar calendar = Filled(10);
  for (const auto& [publication_time, patterns] : expected) {
    for (std::uint64_t t = 0; t <= publication_time; ++t) {
      PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain chain,
                                  BuildCalendarChain(calendar, t, publication_time));
      EXPECT_EQ(Pattern(chain), patterns[t]) << t << " -> " << publication_time;
    }
  }
}

TEST(BuildCalendarChain, RefusesTimesThatDoNotFit) {
  const MemoryCalendar calendar = Filled(3);
  EXPECT_THAT(BuildCalendarChain(calendar, 3, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, "second 3"));
  EXPECT_THAT(BuildCalendarChain(calendar, 0, kMaxCalendarTime + 1),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(CalendarRoot(calendar, kMaxCalendarTime + 1),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(PlanAppend, RefusesWhatIsNotAfterTheHead) {
  const MemoryCalendar calendar = Filled(3);
  EXPECT_THAT(PlanAppend(calendar, 3, 3, TestImprint(3)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "not after the head, 3"));
  EXPECT_THAT(PlanAppend(calendar, 3, 0, TestImprint(3)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(PlanSkip(calendar, 3, 3), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(PlanAppend(calendar, 3, kMaxCalendarTime + 1, TestImprint(3)),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(PlanAppend, TakesTheVeryLastSecond) {
  const MemoryCalendar calendar;
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<CalendarNode> plan,
                              PlanAppend(calendar, std::nullopt, kMaxCalendarTime, TestImprint(1)));
  EXPECT_EQ(plan.size(), kCalendarLevels + 1);
  EXPECT_EQ(plan.back().level, kCalendarLevels);
  EXPECT_EQ(plan.back().index, 0u);
}

// Counts what is asked of it.
class CountingReader : public NodeReader {
 public:
  absl::StatusOr<Imprint> Node(unsigned level, std::uint64_t) const override {
    ++reads;
    return EmptyNode(level);
  }
  mutable int reads = 0;
};

TEST(PlanSkip, CostsNothingOverAnEmptyPast) {
  const CountingReader empty;
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<CalendarNode> plan,
                              PlanSkip(empty, std::nullopt, 1'700'000'000));
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(empty.reads, 0);
}

TEST(PlanSkip, CompletesWhatWasBegun) {
  MemoryCalendar calendar;
  PITSER_ASSERT_OK(calendar.Append(4, TestImprint(4)));
  // Seconds 5 to 30 stay empty: N(1,2), N(2,1), N(3,0), N(4,0) become complete, N(5,0) does not.
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<CalendarNode> plan, PlanSkip(calendar, 4, 30));
  ASSERT_EQ(plan.size(), 4u);
  testing::SlowCalendar slow;
  slow.Set(4, TestImprint(4));
  const std::uint64_t indexes[] = {2, 1, 0, 0};
  for (unsigned level = 1; level <= 4; ++level) {
    const CalendarNode& node = plan[level - 1];
    EXPECT_EQ(node.level, level);
    EXPECT_EQ(node.index, indexes[level - 1]);
    EXPECT_EQ(node.value, slow.Tree(node.index << level, std::uint64_t{1} << level));
  }
}

// The right operand chooses the algorithm (spec 5.1), so a root has that of its last leaf.
TEST(CalendarRoot, FollowsTheAlgorithmOfTheLastLeaf) {
  MemoryCalendar calendar;
  PITSER_ASSERT_OK(calendar.Append(0, TestImprint(0)));
  PITSER_ASSERT_OK(calendar.Append(1, TestImprint(1, HashAlgorithm::kSha512)));
  PITSER_ASSERT_OK(calendar.Append(2, TestImprint(2, HashAlgorithm::kSha3_256)));
  EXPECT_EQ(CalendarRoot(calendar, 0)->algorithm(), HashAlgorithm::kSha256);
  EXPECT_EQ(CalendarRoot(calendar, 1)->algorithm(), HashAlgorithm::kSha512);
  EXPECT_EQ(CalendarRoot(calendar, 2)->algorithm(), HashAlgorithm::kSha3_256);
}

// A reader whose medium fails: the error comes through, as it is.
class BrokenReader : public NodeReader {
 public:
  absl::StatusOr<Imprint> Node(unsigned, std::uint64_t) const override {
    return absl::DataLossError("block 7");
  }
};

TEST(CalendarTree, PassesTheReadersErrorsOn) {
  const BrokenReader broken;
  const auto data_loss = StatusIs(absl::StatusCode::kDataLoss, "block 7");
  EXPECT_THAT(PlanAppend(broken, 0, 1, TestImprint(1)), data_loss);
  EXPECT_THAT(PlanSkip(broken, 0, 1), data_loss);
  EXPECT_THAT(CalendarRoot(broken, 2), data_loss);
  EXPECT_THAT(BuildCalendarChain(broken, 1, 2), data_loss);
}

}  // namespace
}  // namespace pitser::ledger
