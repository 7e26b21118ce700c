#include "ledger/tree/local_block.h"

#include <numeric>
#include <string>
#include <vector>

#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/metadata.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/read_chain.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using testing::ReadChain;
using testing::StatusIs;
using testing::TestImprint;
using testing::ValueOf;
using Options = LocalBlockBuilder::Options;

constexpr std::uint64_t kTime = 1'700'000'000;

Masking TestMasking() {
  Masking masking{.iv = ByteVector(32), .previous = Imprint::Zero(HashAlgorithm::kSha256)};
  std::iota(masking.iv.begin(), masking.iv.end(), std::uint8_t{0});
  return masking;
}

Imprint Document(int i) {
  return ValueOf(Hash(HashAlgorithm::kSha256, {AsBytes("document " + std::to_string(i))}));
}

ByteVector ClientMetadata(const std::string& client_id) {
  return EncodeMetadata(
      {.client_id = client_id, .machine_id = {}, .sequence_number = {}, .request_time_us = {}},
      MetadataStyle::kClient);
}

// The three leaves of spec 12.5.
LocalBlock GoldenBlock(bool with_metadata) {
  LocalBlockBuilder builder = ValueOf(LocalBlockBuilder::Create({.masking = TestMasking()}));
  for (int i = 0; i < 3; ++i) {
    const ByteVector metadata = ClientMetadata("client" + std::to_string(i));
    PITSER_EXPECT_OK(
        builder.Add({.hash = Document(i), .metadata = with_metadata ? Bytes(metadata) : Bytes()}));
  }
  return ValueOf(builder.Build());
}

ReadChain ChainOf(const LocalBlock& block, std::size_t index, const ChainIndex& above = {}) {
  return ReadChain(block.Chains(kTime, above).Write(index, block.parts(index)));
}

// The value of the node over the first `count` links, in hex.
std::string NodeOver(const AggregationHashChain& chain, std::size_t count) {
  const auto links = std::span(chain.links).first(count);
  return ToHex(
      ValueOf(FoldAggregationLinks(chain.algorithm, links, chain.input_hash, 0)).imprint.bytes());
}

void ExpectLeadsToTheRoot(const LocalBlock& block, std::size_t index) {
  const ReadChain read = ChainOf(block, index, {0b101, 0b11});
  const AggregationHashChain& chain = read.chain;
  EXPECT_EQ(chain.input_hash, block.leaf(index).imprint);
  EXPECT_EQ(chain.aggregation_time, kTime);
  EXPECT_GE(chain.links.front().level_correction, block.leaf(index).level);
  PITSER_ASSERT_OK_AND_ASSIGN(
      const LeveledImprint root,
      FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, 0));
  EXPECT_EQ(root, block.root());
  ASSERT_EQ(chain.index.size(), 3u);
  EXPECT_EQ(chain.index[0], 0b101u);
  EXPECT_EQ(chain.index[1], 0b11u);
  EXPECT_EQ(chain.index[2], ShapeOf(chain.links).value());
}

TEST(LocalBlock, GivesTheGoldenValuesWithMetadataAndMasks) {
  const LocalBlock block = GoldenBlock(true);
  EXPECT_EQ(ToHex(block.root().imprint.bytes()),
            "012765404355b9b7db9255a3657212570ca01d4a4e0c7fcb9eb9b18fa9f16739c9");
  EXPECT_EQ(block.root().level, 4);
  const struct {
    std::string hash, metadata, mask, node;
    std::uint64_t shape;
  } kLeaves[] = {{"0119e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278",
                  "7e0201010108636c69656e743000",
                  "012e9681284246fb5a4b38c482d4430e49d2dd54d1ce60ec98e602dc2ae691e425",
                  "01bcb4ac62b949462216817d0e4dc6a0c8524a6a1a03e5b44ae6f41c91cf560e84", 0x1d},
                 {"01caa0c419ed4b5d7628d1ce29a28ca67850f779c4d929febffc192a514f1e186e",
                  "7e0201010108636c69656e743100",
                  "01a709d90c103771fe7549c8ec6412ad3aff104eb5b9aa04fd980ddf9015843600",
                  "01f2768d7969f8ad21471a5f1161cb123c5434701b9fc1a189e9c78481c921fef6", 0x19},
                 {"017a89f07afb4d1b977149fc8b7f2a180057b5e742d5d31d5339a2b3ec23427d26",
                  "7e0201010108636c69656e743200",
                  "015865e55134a00723bec5c895df0bb545a6b77dbcdd2f83e9a369437c2e35629f",
                  "01961e1a6633951a7bc78d573c741e09d1619b43283ffd04cdf0275e0d63dff236", 0x09}};
  for (std::size_t i = 0; i < 3; ++i) {
    const ReadChain read = ChainOf(block, i);
    const AggregationHashChain& chain = read.chain;
    EXPECT_EQ(ToHex(chain.input_hash.bytes()), kLeaves[i].hash);
    EXPECT_EQ(chain.links[0].direction, LinkDirection::kLeft);
    EXPECT_EQ(chain.links[0].kind, SiblingKind::kMetadata);
    EXPECT_EQ(ToHex(chain.links[0].sibling), kLeaves[i].metadata);
    EXPECT_EQ(chain.links[1].direction, LinkDirection::kRight);
    EXPECT_EQ(ToHex(chain.links[1].sibling), kLeaves[i].mask);
    EXPECT_EQ(NodeOver(chain, 2), kLeaves[i].node);
    EXPECT_EQ(chain.index, ChainIndex{kLeaves[i].shape});
    ExpectLeadsToTheRoot(block, i);
  }
  EXPECT_EQ(ChainOf(block, 2)->links[2].level_correction, 1);  // The odd one rises.
  EXPECT_EQ(ToHex(block.last_node().bytes()), kLeaves[2].node);
}

TEST(LocalBlock, GivesTheGoldenValuesWithMasksAlone) {
  const LocalBlock block = GoldenBlock(false);
  EXPECT_EQ(ToHex(block.root().imprint.bytes()),
            "0165592a11652d9e41e6a3134660039f72a198140d56c4b532ff94824c122f64e6");
  EXPECT_EQ(block.root().level, 3);
  const std::string nodes[] = {
      "0163d13a455201d79d537e37c530464091f0d5e1891a408734c5c4135f9cbc793e",
      "014a8e65efb2cc83011839b41c04756e2de096fa87e380bd5d80fb5ea6afb37934",
      "01f728e411255f1f243ec33ea0a70c00a782d84507fc790f29943d11c3dd71338c"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(NodeOver(ChainOf(block, i).chain, 1), nodes[i]);
    ExpectLeadsToTheRoot(block, i);
  }
}

TEST(LocalBlock, IsThePlainTreeWithoutMasksAndMetadata) {
  LocalBlockBuilder builder = ValueOf(LocalBlockBuilder::Create({}));
  std::vector<LeveledImprint> leaves;
  for (int i = 0; i < 5; ++i) {
    leaves.push_back({Document(i), static_cast<Level>(i % 3)});
    PITSER_ASSERT_OK(builder.Add({.hash = leaves.back().imprint, .level = leaves.back().level}));
  }
  const LocalBlock block = ValueOf(builder.Build());
  const HashTree tree = ValueOf(HashTree::Build(HashAlgorithm::kSha256, leaves));
  EXPECT_EQ(block.root(), tree.root());
  EXPECT_EQ(block.last_node(), leaves.back().imprint);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(block.leaf(i), leaves[i]);
    ChainWriter plain(tree, kTime, ChainIndex{0b11});
    EXPECT_TRUE(Equal(plain.Write(i), ChainOf(block, i, {0b11}).bytes));
  }
}

TEST(LocalBlock, OfASingleLeafIsThatLeafUnlessSomethingIsJoinedToIt) {
  LocalBlockBuilder plain = ValueOf(LocalBlockBuilder::Create({}));
  PITSER_ASSERT_OK(plain.Add({.hash = Document(0), .level = 5}));
  const LocalBlock block = ValueOf(plain.Build());
  EXPECT_TRUE(block.LeafIsRoot());
  EXPECT_EQ(block.root(), (LeveledImprint{Document(0), 5}));

  LocalBlockBuilder masked = ValueOf(LocalBlockBuilder::Create({.masking = TestMasking()}));
  PITSER_ASSERT_OK(masked.Add({.hash = Document(0), .level = 5}));
  const LocalBlock masked_block = ValueOf(masked.Build());
  EXPECT_FALSE(masked_block.LeafIsRoot());
  EXPECT_EQ(masked_block.root().level, 6);
  ExpectLeadsToTheRoot(masked_block, 0);

  const ByteVector metadata = ClientMetadata("anna");
  LocalBlockBuilder with = ValueOf(LocalBlockBuilder::Create({}));
  PITSER_ASSERT_OK(with.Add({.hash = Document(0), .metadata = metadata}));
  const LocalBlock with_block = ValueOf(with.Build());
  EXPECT_FALSE(with_block.LeafIsRoot());
  ExpectLeadsToTheRoot(with_block, 0);
}

TEST(LocalBlock, GoesOnWithTheMasksOfTheBlockBefore) {
  const LocalBlock first = GoldenBlock(false);
  Masking masking = TestMasking();
  masking.previous = first.last_node();
  LocalBlockBuilder builder = ValueOf(LocalBlockBuilder::Create({.masking = masking}));
  PITSER_ASSERT_OK(builder.Add({.hash = Document(3)}));
  const LocalBlock second = ValueOf(builder.Build());
  const Imprint mask =
      ValueOf(Hash(HashAlgorithm::kSha256, {first.last_node().bytes(), masking.iv}));
  EXPECT_TRUE(Equal(ChainOf(second, 0)->links[0].sibling, mask.bytes()));
}

TEST(LocalBlock, KeepsLeavesOfOtherAlgorithms) {
  Masking masking{.iv = ByteVector(64, 7), .previous = Imprint::Zero(HashAlgorithm::kSha512)};
  LocalBlockBuilder builder =
      ValueOf(LocalBlockBuilder::Create({.algorithm = HashAlgorithm::kSha512, .masking = masking}));
  const ByteVector metadata = ClientMetadata("b");
  PITSER_ASSERT_OK(builder.Add({.hash = TestImprint(1), .level = 9, .metadata = metadata}));
  PITSER_ASSERT_OK(builder.Add({.hash = TestImprint(2, HashAlgorithm::kSha384)}));
  PITSER_ASSERT_OK(builder.Add({.hash = TestImprint(3, HashAlgorithm::kSha512), .level = 1}));
  const LocalBlock block = ValueOf(builder.Build());
  EXPECT_EQ(block.size(), 3u);
  EXPECT_EQ(block.leaf(1), (LeveledImprint{TestImprint(2, HashAlgorithm::kSha384), 0}));
  for (std::size_t i = 0; i < block.size(); ++i) ExpectLeadsToTheRoot(block, i);
}

TEST(LocalBlockBuilder, RefusesWhatIsNotSafe) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(LocalBlockBuilder::Create({.algorithm = HashAlgorithm::kSha1}),
              StatusIs(code, "not trusted"));
  EXPECT_THAT(LocalBlockBuilder::Create({.max_leaves = 0}), StatusIs(code, "from 1 to"));
  EXPECT_THAT(LocalBlockBuilder::Create({.max_leaves = (std::size_t{1} << 32) + 1}),
              StatusIs(code, "from 1 to"));
  Masking masking = TestMasking();
  masking.iv.pop_back();
  EXPECT_THAT(LocalBlockBuilder::Create({.masking = masking}), StatusIs(code, "at least 32"));
  masking = TestMasking();
  masking.previous = Imprint::Zero(HashAlgorithm::kSha512);
  EXPECT_THAT(LocalBlockBuilder::Create({.masking = masking}), StatusIs(code, "cannot go on"));

  LocalBlockBuilder builder = ValueOf(LocalBlockBuilder::Create({}));
  EXPECT_THAT(builder.Add({.hash = TestImprint(1, HashAlgorithm::kSha1)}),
              StatusIs(code, "not trusted"));
  // 33 bytes that might be an imprint.
  const Imprint imprint = TestImprint(1);
  EXPECT_THAT(builder.Add({.hash = TestImprint(1), .metadata = imprint.bytes()}),
              StatusIs(code, "padding"));
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_THAT(builder.Build(), StatusIs(code));
}

TEST(LocalBlockBuilder, RefusesALeafThatMakesTheTreeTooHighOrTooWide) {
  LocalBlockBuilder wide = ValueOf(LocalBlockBuilder::Create({.max_leaves = 2}));
  PITSER_ASSERT_OK(wide.Add({.hash = TestImprint(1)}));
  PITSER_ASSERT_OK(wide.Add({.hash = TestImprint(2)}));
  EXPECT_FALSE(wide.Fits({.hash = TestImprint(3)}));
  EXPECT_THAT(wide.Add({.hash = TestImprint(3)}), StatusIs(absl::StatusCode::kResourceExhausted));

  // Masked leaves are of level 1: two of them make 2, three or four make 3.
  LocalBlockBuilder high =
      ValueOf(LocalBlockBuilder::Create({.masking = TestMasking(), .max_level = 3}));
  for (std::uint64_t i = 0; i < 4; ++i) PITSER_ASSERT_OK(high.Add({.hash = TestImprint(i)}));
  EXPECT_EQ(high.LevelWith({.hash = TestImprint(4)}), 4u);
  EXPECT_THAT(high.Add({.hash = TestImprint(4)}), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ValueOf(high.Build()).root().level, 3);

  LocalBlockBuilder low = ValueOf(LocalBlockBuilder::Create({.masking = TestMasking()}));
  EXPECT_FALSE(low.Fits({.hash = TestImprint(1), .level = 255}));
  EXPECT_TRUE(low.Fits({.hash = TestImprint(1), .level = 254}));
}

}  // namespace
}  // namespace pitser::ledger
