#include "ledger/format/fold.h"

#include <array>

#include "gtest/gtest.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/status_matchers.h"

// Held against the two kinds of chains folded each on its own.
namespace pitser::ledger {
namespace {

const Imprint& Sibling(HashAlgorithm algorithm) {
  static const auto* const siblings = [] {
    auto* all = new std::vector<Imprint>();
    for (HashAlgorithm each : AllHashAlgorithms()) all->push_back(Imprint::Zero(each));
    return all;
  }();
  for (const Imprint& sibling : *siblings) {
    if (sibling.algorithm() == algorithm) return sibling;
  }
  std::abort();
}

AggregationHashChain Chain(std::size_t links, HashAlgorithm algorithm, Level correction = 0) {
  AggregationHashChain chain{.index = {1},
                             .input_hash = Imprint::Zero(HashAlgorithm::kSha256),
                             .algorithm = algorithm,
                             .links = {},
                             .raw = {}};
  for (std::size_t i = 0; i < links; ++i) {
    chain.links.push_back({.direction = i % 2 == 0 ? LinkDirection::kLeft : LinkDirection::kRight,
                           .kind = SiblingKind::kImprint,
                           .level_correction = correction,
                           .sibling = Sibling(HashAlgorithm::kSha384).bytes()});
  }
  return chain;
}

CalendarHashChain Calendar(std::size_t links, HashAlgorithm algorithm) {
  CalendarHashChain calendar{.publication_time = 0,
                             .aggregation_time = {},
                             .input_hash = Imprint::Zero(HashAlgorithm::kSha256),
                             .links = {}};
  for (std::size_t i = 0; i < links; ++i) {
    calendar.links.push_back(
        {i % 3 == 0 ? LinkDirection::kLeft : LinkDirection::kRight, Sibling(algorithm)});
  }
  return calendar;
}

TEST(FoldSideBySide, EqualsEachOnItsOwn) {
  for (const HashAlgorithm algorithm : {HashAlgorithm::kSha256, HashAlgorithm::kSha512}) {
    for (const std::size_t calendar_links : {1U, 4U, 5U, 6U, 20U}) {
      const std::array chains = {Chain(3, HashAlgorithm::kSha256, 1), Chain(1, algorithm),
                                 Chain(2, HashAlgorithm::kSha256)};
      const CalendarHashChain calendar = Calendar(calendar_links, algorithm);
      const auto folded = FoldSideBySide(chains, calendar);
      ASSERT_TRUE(folded.has_value());
      ASSERT_EQ(folded->outputs.size(), chains.size());
      Level level = 0;
      for (std::size_t i = 0; i < chains.size(); ++i) {
        PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint output,
                                    FoldAggregationLinks(chains[i].algorithm, chains[i].links,
                                                         chains[i].input_hash, level));
        EXPECT_EQ(folded->outputs[i], output) << "chain " << i;
        level = output.level;
      }
      PITSER_ASSERT_OK_AND_ASSIGN(const Imprint root,
                                  FoldCalendarLinks(calendar.input_hash, calendar.links));
      EXPECT_EQ(folded->calendar_root, root) << calendar_links << " calendar links";
    }
  }
}

TEST(FoldSideBySide, NothingBeyondTheHighestLevel) {
  const std::array chains = {Chain(2, HashAlgorithm::kSha256, 126),
                             Chain(1, HashAlgorithm::kSha256, 1)};
  EXPECT_FALSE(FoldSideBySide(chains, Calendar(3, HashAlgorithm::kSha256)).has_value());
}

}  // namespace
}  // namespace pitser::ledger
