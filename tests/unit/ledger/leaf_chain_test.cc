#include "ledger/tree/leaf_chain.h"

#include <vector>

#include "ledger/format/tlv.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::StatusIs;
using testing::TestImprint;

std::vector<LeveledImprint> Leaves(std::initializer_list<int> levels) {
  std::vector<LeveledImprint> leaves;
  for (const int level : levels) {
    leaves.push_back({TestImprint(leaves.size()), static_cast<Level>(level)});
  }
  return leaves;
}

// From level 0, as a signature's lowest chain is folded.
void ExpectLeadsToTheRoot(const HashTree& tree, std::size_t index, const ChainIndex& above) {
  PITSER_ASSERT_OK_AND_ASSIGN(const AggregationHashChain chain,
                              LeafChain(tree, index, 1'700'000'000, above));
  EXPECT_EQ(chain.input_hash, tree.leaf(index).imprint);
  EXPECT_EQ(chain.algorithm, HashAlgorithm::kSha256);
  EXPECT_EQ(chain.aggregation_time, 1'700'000'000U);
  PITSER_ASSERT_OK_AND_ASSIGN(
      const LeveledImprint root,
      FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, 0));
  EXPECT_EQ(root, tree.root());
  // GEN-03: the first correction tells how high the input may be.
  EXPECT_GE(chain.links.front().level_correction, tree.leaf(index).level);
  // INT-10 and INT-12.
  ASSERT_EQ(chain.index.size(), above.size() + 1);
  EXPECT_TRUE(std::equal(above.begin(), above.end(), chain.index.begin()));
  EXPECT_EQ(chain.index.back(), ShapeOf(chain.links).value());
}

TEST(LeafChain, LeadsFromEveryLeafToTheRoot) {
  const auto leaves = Leaves({0, 0, 0, 0, 0, 0, 0});
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(tree.leaf(i), leaves[i]);
    ExpectLeadsToTheRoot(tree, i, {0b101, 0b11});
    ExpectLeadsToTheRoot(tree, i, {});
  }
}

TEST(LeafChain, HasTheLeafsLevelInItsFirstCorrection) {
  const auto leaves = Leaves({3, 0, 200, 17, 17, 1, 0, 0, 254 - 4});
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  for (std::size_t i = 0; i < leaves.size(); ++i) ExpectLeadsToTheRoot(tree, i, {0b11});
}

TEST(LeafChain, IsWrittenAsItIsRead) {
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree,
                              HashTree::Build(HashAlgorithm::kSha256, Leaves({2, 0, 0})));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, LeafChain(tree, 0, 1'700'000'000, {0b11}));
  ByteVector bytes;
  WriteAggregationHashChain(bytes, chain);
  TlvReader reader(bytes);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto read, ParseAggregationHashChain(element));
  EXPECT_EQ(read.index, chain.index);
  EXPECT_EQ(read.links.front().level_correction, 2);
}

TEST(LeafChain, IsRefusedForATreeOfOneLeaf) {
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree,
                              HashTree::Build(HashAlgorithm::kSha256, Leaves({5})));
  EXPECT_EQ(tree.leaf(0), tree.root());
  EXPECT_THAT(LeafChain(tree, 0, 1'700'000'000, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(LeafChain, KeepsLeavesOfOtherAlgorithms) {
  const std::vector<LeveledImprint> leaves = {{TestImprint(1, HashAlgorithm::kSha512), 0},
                                              {TestImprint(2), 0},
                                              {TestImprint(3, HashAlgorithm::kSha1), 4}};
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(tree.leaf(i), leaves[i]);
    ExpectLeadsToTheRoot(tree, i, {0b11});
  }
}

}  // namespace
}  // namespace pitser::ledger
