#include "server/aggregator/round_groups.h"

#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/aggregator/round_tree.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/value_of.h"

namespace pitser::server {
namespace {

using ledger::Level;
using ::testing::ElementsAre;
using testing::ValueOf;

Level RootOf(std::span<const Level> levels, const std::vector<std::size_t>& group) {
  std::vector<RoundLeaf> leaves;
  for (const std::size_t i : group) {
    leaves.push_back({testing::TestImprint(i), levels[i], "anna", 0});
  }
  return ValueOf(RoundTree::Build(leaves, "node")).root().level;
}

TEST(GroupForTrees, OneGroupInOrderWhereThatFits) {
  EXPECT_TRUE(GroupForTrees({}, 17).empty());
  EXPECT_THAT(GroupForTrees(std::vector<Level>{3, 0, 7}, 254), ElementsAre(ElementsAre(0, 1, 2)));
  EXPECT_THAT(GroupForTrees(std::vector<Level>{3, 0, 7}, 10), ElementsAre(ElementsAre(0, 1, 2)));
}

TEST(GroupForTrees, AHighOneLeavesTheOthersTheirRoom) {
  EXPECT_THAT(GroupForTrees(std::vector<Level>{0, 3, 0, 0}, 4),
              ElementsAre(ElementsAre(0, 2, 3), ElementsAre(1)));
}

TEST(GroupForTrees, NoRootIsHigherThanTheParentTakes) {
  std::mt19937 random(20261125);
  for (int i = 0; i < 200; ++i) {
    const auto max_root = static_cast<Level>(1 + random() % 12);
    std::vector<Level> levels(1 + random() % 300);
    for (Level& level : levels) level = static_cast<Level>(random() % max_root);
    std::set<std::size_t> all;
    for (const std::vector<std::size_t>& group : GroupForTrees(levels, max_root)) {
      ASSERT_FALSE(group.empty());
      ASSERT_LE(RootOf(levels, group), max_root);
      all.insert(group.begin(), group.end());
    }
    ASSERT_EQ(all.size(), levels.size());
  }
}

TEST(FitsATree, MetadataTakesALevel) {
  EXPECT_TRUE(FitsATree(16, 17));
  EXPECT_FALSE(FitsATree(17, 17));
}

}  // namespace
}  // namespace pitser::server
