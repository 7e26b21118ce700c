#include "ledger/format/aggregation_chain.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

constexpr LinkDirection kL = LinkDirection::kLeft;
constexpr LinkDirection kR = LinkDirection::kRight;

const Imprint& Sibling() {
  static const Imprint* const kSibling =
      new Imprint(Hash(HashAlgorithm::kSha256, {AsBytes("sibling")}).value());
  return *kSibling;
}

AggregationLink Link(LinkDirection direction, Level correction = 0) {
  return {.direction = direction,
          .kind = SiblingKind::kImprint,
          .level_correction = correction,
          .sibling = Sibling().bytes()};
}

TEST(ShapeOf, OneBitALinkBelowAMarker) {
  EXPECT_EQ(ShapeOf(AggregationLinks{Link(kL), Link(kR), Link(kL)}).value(), 0x0Du);
  EXPECT_EQ(ShapeOf(AggregationLinks{}).value(), 1u);
  EXPECT_EQ(ShapeOf(AggregationLinks{Link(kR)}).value(), 2u);
  EXPECT_EQ(ShapeOf(AggregationLinks{Link(kL)}).value(), 3u);
}

TEST(ShapeOf, HasRoomFor63Links) {
  EXPECT_EQ(ShapeOf(AggregationLinks(63, Link(kL))).value(), UINT64_MAX);
  EXPECT_THAT(ShapeOf(AggregationLinks(64, Link(kL))),
              StatusIs(absl::StatusCode::kInvalidArgument, "63 links"));
}

// Spec 4.1, written out once more by hand.
TEST(FoldAggregationLinks, OwnValueSiblingAndLevelAreHashedInOrder) {
  const Imprint input = Hash(HashAlgorithm::kSha1, {AsBytes("document")}).value();
  const std::uint8_t levels[] = {3 + 1, 4 + 7 + 1};
  const Imprint first =
      Hash(HashAlgorithm::kSha512, {input.bytes(), Sibling().bytes(), Bytes(levels).first(1)})
          .value();
  const Imprint second =
      Hash(HashAlgorithm::kSha512, {Sibling().bytes(), first.bytes(), Bytes(levels).last(1)})
          .value();
  PITSER_ASSERT_OK_AND_ASSIGN(
      const LeveledImprint node,
      FoldAggregationLinks(HashAlgorithm::kSha512, AggregationLinks{Link(kL), Link(kR, 7)}, input,
                           3));
  EXPECT_EQ(node, (LeveledImprint{second, 12}));
}

TEST(FoldAggregationLinks, NoLinksGiveTheInput) {
  PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint node,
                              FoldAggregationLinks(HashAlgorithm::kSha256, {}, Sibling(), 9));
  EXPECT_EQ(node, (LeveledImprint{Sibling(), 9}));
}

TEST(FoldAggregationLinks, StopsAtLevel255) {
  const auto fold = [](Level start, Level correction) {
    return FoldAggregationLinks(HashAlgorithm::kSha256, AggregationLinks{Link(kL, correction)},
                                Sibling(), start);
  };
  EXPECT_EQ(fold(0, 254).value().level, 255);
  EXPECT_EQ(fold(254, 0).value().level, 255);
  EXPECT_THAT(fold(255, 0), StatusIs(absl::StatusCode::kInvalidArgument, "level"));
  EXPECT_THAT(fold(0, 255), StatusIs(absl::StatusCode::kInvalidArgument, "level 256"));
  EXPECT_THAT(fold(255, 255), StatusIs(absl::StatusCode::kInvalidArgument, "level 511"));
}

TEST(WriteAggregationHashChain, WritesWhatIsReadBack) {
  ByteVector legacy = FromHex("0300024754").value();
  legacy.resize(29);
  const ByteVector metadata = FromHex("7e01010103475400").value();
  // A sibling so long that its element and its link need long headers.
  const std::string long_id(300, 'i');
  ByteVector long_metadata;
  WriteText(long_metadata, 0x01, long_id);
  AggregationHashChain chain{.aggregation_time = 1710452040,
                             .index = {0x0d, 0x13, 0xFFFFFFFFFFFFFFFF},
                             .input_hash = Sibling(),
                             .algorithm = HashAlgorithm::kSha3_512,
                             .links = {Link(kL, 255), Link(kR)},
                             .raw = {}};
  chain.links.push_back({kR, SiblingKind::kLegacyId, 1, legacy});
  chain.links.push_back({kL, SiblingKind::kMetadata, 0, metadata});
  chain.links.push_back({kL, SiblingKind::kMetadata, 2, long_metadata});

  ByteVector bytes;
  WriteAggregationHashChain(bytes, chain);
  TlvReader reader(bytes);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
  ASSERT_TRUE(reader.done());
  PITSER_ASSERT_OK_AND_ASSIGN(const AggregationHashChain read, ParseAggregationHashChain(element));
  EXPECT_EQ(read.aggregation_time, chain.aggregation_time);
  EXPECT_EQ(read.index, chain.index);
  EXPECT_EQ(read.input_hash, chain.input_hash);
  EXPECT_EQ(read.algorithm, chain.algorithm);
  ASSERT_EQ(read.links.size(), chain.links.size());
  for (std::size_t i = 0; i < read.links.size(); ++i) {
    EXPECT_EQ(read.links[i].direction, chain.links[i].direction);
    EXPECT_EQ(read.links[i].kind, chain.links[i].kind);
    EXPECT_EQ(read.links[i].level_correction, chain.links[i].level_correction);
    EXPECT_TRUE(Equal(read.links[i].sibling, chain.links[i].sibling));
  }
  EXPECT_TRUE(Equal(read.raw, bytes));
}

// Zero is the empty integer, and a level correction of zero the same as none.
TEST(ParseAggregationHashChain, WrittenOutZeroCorrectionIsZero) {
  AggregationHashChain chain{.aggregation_time = 5,
                             .index = {2},
                             .input_hash = Sibling(),
                             .algorithm = HashAlgorithm::kSha256,
                             .links = {Link(kR)},
                             .raw = {}};
  ByteVector bytes;
  WriteAggregationHashChain(bytes, chain);
  // The link is the last element: 08 23 02 21 <imprint>. Put 01 00 in front of its child.
  const std::size_t link = bytes.size() - 37;
  ASSERT_EQ(bytes[link], 0x08);
  bytes[link + 1] = static_cast<std::uint8_t>(bytes[link + 1] + 2);
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(link + 2), {0x01, 0x00});
  bytes[3] = static_cast<std::uint8_t>(bytes[3] + 2);
  TlvReader reader(bytes);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const AggregationHashChain read, ParseAggregationHashChain(element));
  EXPECT_EQ(read.links[0].level_correction, 0);
}

}  // namespace
}  // namespace pitser::ledger
