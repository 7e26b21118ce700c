// Any sequence of leaves and gaps: every chain folds to the root, its shape is the time, and all is
// what the recursive definition of spec 5.3 makes of it.

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "ledger/format/calendar_chain.h"
#include "ledger/tree/calendar_replay.h"
#include "ledger/tree/calendar_tree.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::MemoryCalendar;
using testing::SlowCalendar;
using testing::TestImprint;

// A calendar with its slow reference, filled side by side.
class Twins {
 public:
  void Append(std::uint64_t t, HashAlgorithm algorithm = HashAlgorithm::kSha256) {
    PITSER_ASSERT_OK(fast.Append(t, TestImprint(t, algorithm)));
    slow.Set(t, TestImprint(t, algorithm));
  }
  void Skip(std::uint64_t new_head) { PITSER_ASSERT_OK(fast.Skip(new_head)); }

  MemoryCalendar fast;
  SlowCalendar slow;
};

CalendarLinks RightLinks(const CalendarHashChain& chain) {
  CalendarLinks right;
  for (const CalendarLink& link : chain.links) {
    if (link.direction == LinkDirection::kRight) right.push_back(link);
  }
  return right;
}

// The invariants of spec 5.5 for one chain, whose root is known.
void ExpectSound(const NodeReader& nodes, std::uint64_t t, std::uint64_t p, const Imprint& root) {
  SCOPED_TRACE(::testing::Message() << t << " -> " << p);
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain chain, BuildCalendarChain(nodes, t, p));
  EXPECT_EQ(chain.AggregationTime(), t);
  EXPECT_EQ(chain.publication_time, p);
  PITSER_ASSERT_OK_AND_ASSIGN(const Imprint folded,
                              FoldCalendarLinks(chain.input_hash, chain.links));
  EXPECT_EQ(folded, root);
  PITSER_ASSERT_OK_AND_ASSIGN(const std::uint64_t shape, CalendarTimeFromShape(p, chain.links));
  EXPECT_EQ(shape, t);
  const CalendarLinks right = RightLinks(chain);
  EXPECT_EQ(right.size(), static_cast<std::size_t>(std::popcount(t)));
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain first, BuildCalendarChain(nodes, t, t));
  EXPECT_EQ(first.links, right);  // The first chain has no left link, and all have its right ones.
}

TEST(CalendarTreeProperty, EveryLeafOfEverySmallTree) {
  Twins twins;
  constexpr std::uint64_t kEnd = 130;
  for (std::uint64_t p = 0; p < kEnd; ++p) {
    twins.Append(p);
    PITSER_ASSERT_OK_AND_ASSIGN(const Imprint root, CalendarRoot(twins.fast, p));
    ASSERT_EQ(root, twins.slow.Root(p)) << p;
    for (std::uint64_t t = 0; t <= p; ++t) {
      ASSERT_NO_FATAL_FAILURE(ExpectSound(twins.fast, t, p, root));
    }
  }
  for (std::uint64_t p = 0; p < kEnd; ++p) {  // Old roots stay what they were.
    EXPECT_EQ(*CalendarRoot(twins.fast, p), twins.slow.Root(p)) << p;
  }
}

TEST(CalendarTreeProperty, AnyLeavesAndGaps) {
  constexpr std::uint64_t kSeed = 20261123;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed " << kSeed << " round " << round);
    Twins twins;
    std::uint64_t next = random() % 40;
    const std::uint64_t density = 1 + random() % 12;  // Of 12.
    const std::uint64_t end = next + 1 + random() % 200;
    for (; next < end; ++next) {
      if (random() % 12 < density) {
        twins.Append(next);
      } else if (random() % 2 == 0) {
        twins.Skip(next);  // Closed at once, or by the leaf or skip that follows.
      }
    }
    if (!twins.fast.head()) continue;
    const std::uint64_t head = *twins.fast.head();
    for (std::uint64_t p = 0; p <= head; ++p) {
      ASSERT_EQ(*CalendarRoot(twins.fast, p), twins.slow.Root(p)) << p;
    }
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t p = random() % (head + 1);
      const std::uint64_t t = random() % (p + 1);
      ASSERT_NO_FATAL_FAILURE(ExpectSound(twins.fast, t, p, twins.slow.Root(p)));
    }
  }
}

// A calendar born today: the seconds since 1970 cost nothing, and the long gaps after it neither;
// the algorithm of the leaves changes twice on the way.
TEST(CalendarTreeProperty, LateGenesisGapsAndNewAlgorithms) {
  constexpr std::uint64_t kSeed = 1700000000;
  std::mt19937_64 random(kSeed);
  Twins twins;
  std::uint64_t t = 1'700'000'000;
  std::vector<std::uint64_t> leaves;
  for (const HashAlgorithm algorithm :
       {HashAlgorithm::kSha256, HashAlgorithm::kSha512, HashAlgorithm::kSha3_256}) {
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t kind = random() % 20;
      t += 1 + (kind == 0 ? random() % 40'000'000 : kind < 5 ? random() % 70 : 0);
      twins.Append(t, algorithm);
      leaves.push_back(t);
    }
    EXPECT_EQ(CalendarRoot(twins.fast, t)->algorithm(), algorithm);
  }
  EXPECT_LT(twins.fast.size(), leaves.size() * 12);
  const std::uint64_t head = t;
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(::testing::Message() << "seed " << kSeed << " step " << i);
    const std::uint64_t from = leaves[random() % leaves.size()];
    const std::uint64_t p = from + random() % (head - from + 1);
    const Imprint root = twins.slow.Root(p);
    EXPECT_EQ(*CalendarRoot(twins.fast, p), root);
    ASSERT_NO_FATAL_FAILURE(ExpectSound(twins.fast, from, p, root));
    ASSERT_NO_FATAL_FAILURE(  // Empty seconds have a place in the shape as well.
        ExpectSound(twins.fast, p - random() % 1000, p, root));
  }
}

// A replay has every root that the calendar has, through any leaves, gaps and restarts, from the
// beginning or from the chain of any second.
TEST(CalendarTreeProperty, AReplayHasEveryRoot) {
  constexpr std::uint64_t kSeed = 20261124;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed " << kSeed << " round " << round);
    Twins twins;
    CalendarReplay replay;
    std::optional<CalendarReplay> late;
    const std::uint64_t stretch = round % 3 == 0 ? 1 : round % 3 == 1 ? 60 : 5'000'000;
    std::uint64_t t = random() % stretch;
    for (int i = 0; i < 120; ++i, t += 1 + random() % stretch) {
      const bool skip = random() % 4 == 0;
      if (skip) {
        ASSERT_NO_FATAL_FAILURE(twins.Skip(t));
        PITSER_ASSERT_OK(replay.Skip(t));
        if (late) {
          PITSER_ASSERT_OK(late->Skip(t));
        }
      } else {
        ASSERT_NO_FATAL_FAILURE(twins.Append(t));
        PITSER_ASSERT_OK(replay.Append(t, TestImprint(t)));
        if (late) {
          PITSER_ASSERT_OK(late->Append(t, TestImprint(t)));
        }
      }
      if (random() % 8 == 0) {
        PITSER_ASSERT_OK_AND_ASSIGN(replay, CalendarReplay::Restore(t, replay.Peaks()));
      }
      if (random() % 16 == 0) {
        PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain chain,
                                    BuildCalendarChain(twins.fast, t - random() % (t + 1), t));
        ASSERT_EQ(*RootAtAggregationTime(chain), twins.slow.Root(chain.AggregationTime()));
        PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain last,
                                    BuildCalendarChain(twins.fast, t, t));
        PITSER_ASSERT_OK_AND_ASSIGN(late, CalendarReplay::FromChain(last));
      }
      const Imprint root = twins.slow.Root(t);
      ASSERT_EQ(*replay.Root(), root) << t;
      if (late) {
        ASSERT_EQ(*late->Root(), root) << t;
      }
    }
  }
}

// Chains lead only to their own leaf: another's value or another's time never fits.
TEST(CalendarTreeProperty, ChainsAreNoOneElses) {
  Twins twins;
  for (std::uint64_t t = 0; t <= 100; ++t) twins.Append(t);
  const Imprint root = twins.slow.Root(100);
  for (std::uint64_t t = 0; t <= 100; ++t) {
    PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain chain,
                                BuildCalendarChain(twins.fast, t, 100));
    for (std::uint64_t other = 0; other <= 100; ++other) {
      if (other == t) continue;
      PITSER_ASSERT_OK_AND_ASSIGN(const Imprint folded,
                                  FoldCalendarLinks(TestImprint(other), chain.links));
      ASSERT_FALSE(folded == root) << other << " by the chain of " << t;
    }
  }
}

}  // namespace
}  // namespace pitser::ledger
