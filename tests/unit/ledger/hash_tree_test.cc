#include "ledger/tree/hash_tree.h"

#include <string>
#include <vector>

#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::StatusIs;
using testing::TestImprint;

constexpr HashAlgorithm kSha256 = HashAlgorithm::kSha256;

Imprint FromHexImprint(std::string_view hex) { return *Imprint::Parse(*FromHex(hex)); }
std::string Hex(const Imprint& imprint) { return ToHex(imprint.bytes()); }

LeveledImprint Join(const LeveledImprint& left, const LeveledImprint& right) {
  return *JoinNodes(kSha256, left.imprint.bytes(), left.level, right.imprint.bytes(), right.level);
}

std::vector<LeveledImprint> Leaves(std::size_t count, Level level = 0) {
  std::vector<LeveledImprint> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back({TestImprint(i), level});
  return leaves;
}

// Directions and corrections bottom to top, e.g. "L R+1".
std::string Pattern(const AggregationLinks& links) {
  std::string text;
  for (const AggregationLink& link : links) {
    if (!text.empty()) text += ' ';
    text += link.direction == LinkDirection::kLeft ? 'L' : 'R';
    if (link.level_correction != 0) text += "+" + std::to_string(link.level_correction);
  }
  return text;
}

std::string PatternOf(const HashTree& tree, std::size_t index) {
  AggregationLinks links;
  tree.AppendLinks(index, links);
  return Pattern(links);
}

// spec/ksi-signature.md 12.5, "masks, with metadata": the mask's inputs are given, the tree and
// the joins are ours.
TEST(HashTree, MatchesTheSpecsLocalBlock) {
  const std::string documents[] = {
      "0119e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278",
      "01caa0c419ed4b5d7628d1ce29a28ca67850f779c4d929febffc192a514f1e186e",
      "017a89f07afb4d1b977149fc8b7f2a180057b5e742d5d31d5339a2b3ec23427d26"};
  const std::string masks[] = {
      "012e9681284246fb5a4b38c482d4430e49d2dd54d1ce60ec98e602dc2ae691e425",
      "01a709d90c103771fe7549c8ec6412ad3aff104eb5b9aa04fd980ddf9015843600",
      "015865e55134a00723bec5c895df0bb545a6b77dbcdd2f83e9a369437c2e35629f"};
  const std::string nodes[] = {
      "01bcb4ac62b949462216817d0e4dc6a0c8524a6a1a03e5b44ae6f41c91cf560e84",
      "01f2768d7969f8ad21471a5f1161cb123c5434701b9fc1a189e9c78481c921fef6",
      "01961e1a6633951a7bc78d573c741e09d1619b43283ffd04cdf0275e0d63dff236"};
  std::vector<LeveledImprint> leaves;
  for (int i = 0; i < 3; ++i) {
    const ByteVector metadata = *FromHex("7e0201010108636c69656e743" + std::to_string(i) + "00");
    PITSER_ASSERT_OK_AND_ASSIGN(
        const LeveledImprint named,
        JoinNodes(kSha256, FromHexImprint(documents[i]).bytes(), 0, metadata, 0));
    EXPECT_EQ(named.level, 1);
    const LeveledImprint masked = Join({FromHexImprint(masks[i]), 1}, named);
    EXPECT_EQ(masked.level, 2);
    EXPECT_EQ(Hex(masked.imprint), nodes[i]);
    leaves.push_back(masked);
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(kSha256, leaves));
  EXPECT_EQ(Hex(tree.root().imprint),
            "012765404355b9b7db9255a3657212570ca01d4a4e0c7fcb9eb9b18fa9f16739c9");
  EXPECT_EQ(tree.root().level, 4);
  // The last two links of each leaf's chain in the spec: the first two are metadata and mask.
  EXPECT_EQ(PatternOf(tree, 0), "L L");
  EXPECT_EQ(PatternOf(tree, 1), "R L");
  EXPECT_EQ(PatternOf(tree, 2), "R+1");
}

TEST(HashTree, OfOneLeafIsTheLeaf) {
  const std::vector<LeveledImprint> leaves = {{TestImprint(7, HashAlgorithm::kSha512), 9}};
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(kSha256, leaves));
  EXPECT_EQ(tree.size(), 1u);
  EXPECT_EQ(tree.root(), leaves[0]);
  EXPECT_EQ(PatternOf(tree, 0), "");
}

TEST(HashTree, PairsFromTheLeftAndLetsTheOddOneRise) {
  const std::vector<LeveledImprint> leaves = Leaves(7);
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(kSha256, leaves));
  const LeveledImprint first_four = Join(Join(leaves[0], leaves[1]), Join(leaves[2], leaves[3]));
  EXPECT_EQ(tree.root(), Join(first_four, Join(Join(leaves[4], leaves[5]), leaves[6])));
  EXPECT_EQ(tree.root().level, 3);
  EXPECT_EQ(PatternOf(tree, 0), "L L L");
  EXPECT_EQ(PatternOf(tree, 3), "R R L");
  EXPECT_EQ(PatternOf(tree, 5), "R L R");
  EXPECT_EQ(PatternOf(tree, 6), "R+1 R");
}

TEST(HashTree, CountsMergesAndNotLevels) {
  // A leaf of level 7 pairs with its neighbour like any other (spec 8.1).
  std::vector<LeveledImprint> leaves = Leaves(3);
  leaves[1].level = 7;
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(kSha256, leaves));
  EXPECT_EQ(tree.root(), Join(Join(leaves[0], leaves[1]), leaves[2]));
  EXPECT_EQ(tree.root().level, 9);
  EXPECT_EQ(PatternOf(tree, 0), "L+7 L");
  EXPECT_EQ(PatternOf(tree, 1), "R L");
  EXPECT_EQ(PatternOf(tree, 2), "R+8");
}

TEST(HashTree, LinksShowTheWholeSiblingWhateverItsAlgorithm) {
  std::vector<LeveledImprint> leaves = Leaves(3);
  leaves[1].imprint = TestImprint(1, HashAlgorithm::kSha3_512);
  leaves[2].imprint = TestImprint(2, HashAlgorithm::kSha1);
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(kSha256, leaves));
  AggregationLinks links;
  tree.AppendLinks(0, links);
  ASSERT_EQ(links.size(), 2u);
  EXPECT_TRUE(Equal(links[0].sibling, leaves[1].imprint.bytes()));
  EXPECT_TRUE(Equal(links[1].sibling, leaves[2].imprint.bytes()));
  EXPECT_EQ(tree.root(), Join(Join(leaves[0], leaves[1]), leaves[2]));
}

TEST(HashTree, RefusesLevelsBeyond255) {
  PITSER_EXPECT_OK(HashTree::Build(kSha256, Leaves(2, 254)));
  EXPECT_THAT(HashTree::Build(kSha256, Leaves(2, 255)),
              StatusIs(absl::StatusCode::kInvalidArgument, "255"));
  // The limit is the tree's, not the leaf's: three leaves of 254 need two more levels.
  EXPECT_THAT(HashTree::Build(kSha256, Leaves(3, 254)),
              StatusIs(absl::StatusCode::kInvalidArgument, "255"));
  PITSER_EXPECT_OK(HashTree::Build(kSha256, Leaves(1, 255)));
}

TEST(HashTree, NeedsALeaf) {
  EXPECT_THAT(HashTree::Build(kSha256, {}), StatusIs(absl::StatusCode::kInvalidArgument, "leaf"));
}

TEST(HashTree, StaysWholeWhenMoved) {
  PITSER_ASSERT_OK_AND_ASSIGN(HashTree tree, HashTree::Build(kSha256, Leaves(5)));
  AggregationLinks links;
  tree.AppendLinks(4, links);
  const HashTree moved = std::move(tree);
  AggregationLinks again;
  moved.AppendLinks(4, again);
  ASSERT_EQ(again.size(), links.size());
  EXPECT_EQ(again[0].sibling.data(), links[0].sibling.data());  // Views stay valid.
}

TEST(JoinNodes, TakesTheHigherLevelPlusOne) {
  const Imprint left = TestImprint(1);
  const Imprint right = TestImprint(2);
  PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint node,
                              JoinNodes(kSha256, left.bytes(), 3, right.bytes(), 200));
  const Level level = 201;
  EXPECT_EQ(node.level, level);
  EXPECT_EQ(node.imprint, *Hash(kSha256, {left.bytes(), right.bytes(), Bytes(&level, 1)}));
}

TEST(JoinNodes, RefusesLevelsBeyond255) {
  const Imprint value = TestImprint(1);
  PITSER_EXPECT_OK(JoinNodes(kSha256, value.bytes(), 254, value.bytes(), 0));
  EXPECT_THAT(JoinNodes(kSha256, value.bytes(), 0, value.bytes(), 255),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace pitser::ledger
