#include "storage/internal/stretch.h"

#include <array>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::storage::internal {
namespace {

using ledger::HashAlgorithm;
using ledger::PlacedNode;
using testing::MemoryCalendar;
using testing::TestImprint;

// So many leaves in the first seconds of the calendar, by any of three algorithms.
std::vector<PlacedNode> SomeLeaves(std::size_t count, std::uint64_t seed) {
  constexpr std::array kAlgorithms = {HashAlgorithm::kSha256, HashAlgorithm::kSha384,
                                      HashAlgorithm::kSha512};
  std::mt19937_64 random(seed);
  std::set<unsigned> places;
  while (places.size() < count) places.insert(static_cast<unsigned>(random() % Stretch::kSeconds));
  std::vector<PlacedNode> leaves;
  for (const unsigned place : places) {
    // Most of one algorithm: rows of one, of two, and those that change it.
    leaves.emplace_back(place, TestImprint(place, random() % 8 == 0 ? kAlgorithms[random() % 3]
                                                                    : HashAlgorithm::kSha256));
  }
  return leaves;
}

class StretchTest : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Leaves, StretchTest,
                         ::testing::Values(0, 1, 2, 3, 7, 40, 127, Stretch::kFew));

TEST_P(StretchTest, HasEveryNodeOfTheTree) {
  const std::vector<PlacedNode> leaves = SomeLeaves(GetParam(), 20261126 + GetParam());
  MemoryCalendar model;
  for (const PlacedNode& leaf : leaves) PITSER_ASSERT_OK(model.Append(leaf.first, leaf.second));
  PITSER_ASSERT_OK(model.Skip(Stretch::kSeconds));
  PITSER_ASSERT_OK_AND_ASSIGN(const Stretch stretch, Stretch::Make(leaves));
  ASSERT_TRUE(stretch.few());
  for (unsigned level = 0; level < Stretch::kLevels; ++level) {
    for (unsigned place = 0; place < Stretch::kSeconds >> level; ++place) {
      ASSERT_EQ(*stretch.Node(level, place), *model.Node(level, place)) << level << ", " << place;
    }
  }
}

TEST(Stretch, KeepsNothingOfMany) {
  PITSER_ASSERT_OK_AND_ASSIGN(const Stretch stretch,
                              Stretch::Make(SomeLeaves(Stretch::kFew + 1, 1)));
  EXPECT_FALSE(stretch.few());
  EXPECT_EQ(stretch.bytes(), sizeof(Stretch));
}

}  // namespace
}  // namespace pitser::storage::internal
