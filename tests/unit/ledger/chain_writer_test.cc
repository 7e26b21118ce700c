#include "ledger/tree/chain_writer.h"

#include <vector>

#include "ledger/format/metadata.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/read_chain.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::ReadChain;
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
  const ReadChain read(ChainWriter(tree, 1'700'000'000, above).Write(index));
  const AggregationHashChain& chain = read.chain;
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

TEST(ChainWriter, LeadsFromEveryLeafToTheRoot) {
  const auto leaves = Leaves({0, 0, 0, 0, 0, 0, 0});
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(tree.leaf(i), leaves[i]);
    ExpectLeadsToTheRoot(tree, i, {0b101, 0b11});
    ExpectLeadsToTheRoot(tree, i, {});
  }
}

TEST(ChainWriter, HasTheLeafsLevelInItsFirstCorrection) {
  const auto leaves = Leaves({3, 0, 200, 17, 17, 1, 0, 0, 254 - 4});
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  for (std::size_t i = 0; i < leaves.size(); ++i) ExpectLeadsToTheRoot(tree, i, {0b11});
}

// Byte for byte, in an order that shares much and in one that shares nothing, the same leaf twice
// in a row and with other parts too.
TEST(ChainWriter, DoesNotCareWhichLeafWasBefore) {
  const auto leaves = Leaves({0, 0, 3, 0, 0, 0, 0, 0, 0});
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  ChainWriter writer(tree, 1'700'000'000, ChainIndex{0b11});
  for (const std::size_t i : {0u, 1u, 2u, 2u, 3u, 8u, 8u, 0u, 7u, 8u, 4u, 2u}) {
    ChainWriter fresh(tree, 1'700'000'000, ChainIndex{0b11});
    EXPECT_TRUE(Equal(writer.Write(i), fresh.Write(i))) << i;
  }
  const LeafParts other{
      .hash = leaves[8].imprint.bytes(), .level = 0, .mask = leaves[0].imprint.bytes()};
  ChainWriter fresh(tree, 1'700'000'000, ChainIndex{0b11});
  const ByteVector bare = ToVector(writer.Write(8));
  EXPECT_TRUE(Equal(writer.Write(8, other), fresh.Write(8, other)));
  EXPECT_TRUE(Equal(writer.Write(8), bare));
}

TEST(ChainWriter, PutsMetadataBelowTheMaskAndTheLevelInTheLowestLink) {
  const auto leaves = Leaves({7, 7});
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(HashAlgorithm::kSha256, leaves));
  const ByteVector metadata = EncodeMetadata({"anna", {}, {}, {}}, MetadataStyle::kClient);
  const Imprint hash = TestImprint(5);
  const Imprint mask = TestImprint(6);
  ChainWriter writer(tree, 1'700'000'000, {});
  const ReadChain read(writer.Write(
      1, {.hash = hash.bytes(), .level = 5, .metadata = metadata, .mask = mask.bytes()}));
  EXPECT_EQ(read->input_hash, hash);
  EXPECT_EQ(read->index, ChainIndex{0b1001});
  ASSERT_EQ(read->links.size(), 3u);
  EXPECT_EQ(read->links[0].kind, SiblingKind::kMetadata);
  EXPECT_EQ(read->links[0].direction, LinkDirection::kLeft);
  EXPECT_EQ(read->links[0].level_correction, 5);
  EXPECT_TRUE(Equal(read->links[0].sibling, metadata));
  EXPECT_EQ(read->links[1].kind, SiblingKind::kImprint);
  EXPECT_EQ(read->links[1].direction, LinkDirection::kRight);
  EXPECT_EQ(read->links[1].level_correction, 0);
  EXPECT_TRUE(Equal(read->links[1].sibling, mask.bytes()));
  EXPECT_EQ(read->links[2].level_correction, 0);
  EXPECT_TRUE(Equal(read->links[2].sibling, leaves[0].imprint.bytes()));

  const ReadChain masked(writer.Write(1, {.hash = hash.bytes(), .level = 6, .mask = mask.bytes()}));
  EXPECT_EQ(masked->index, ChainIndex{0b100});
  ASSERT_EQ(masked->links.size(), 2u);
  EXPECT_EQ(masked->links[0].level_correction, 6);
}

// A single leaf has no link, unless something was joined to it.
TEST(ChainWriter, OfASingleLeafNeedsAMaskOrMetadata) {
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree,
                              HashTree::Build(HashAlgorithm::kSha256, Leaves({5})));
  EXPECT_EQ(tree.leaf(0), tree.root());
  const Imprint hash = TestImprint(5);
  const Imprint mask = TestImprint(6);
  ChainWriter writer(tree, 1'700'000'000, ChainIndex{0b11});
  const ReadChain read(writer.Write(0, {.hash = hash.bytes(), .level = 4, .mask = mask.bytes()}));
  EXPECT_EQ(read->index, (ChainIndex{0b11, 0b10}));
  EXPECT_EQ(read->links.size(), 1u);
  EXPECT_DEATH(writer.Write(0), "check failed");
}

TEST(ChainWriter, KeepsLeavesOfOtherAlgorithms) {
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
