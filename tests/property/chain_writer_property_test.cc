// Chains written leaf after leaf against the same chains, each written by itself and from its
// beginning: byte for byte.

#include <algorithm>
#include <bit>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ledger/format/metadata.h"
#include "ledger/format/tlv.h"
#include "ledger/tree/chain_writer.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using testing::TestImprint;
using testing::ValueOf;

constexpr HashAlgorithm kAlgorithms[] = {HashAlgorithm::kSha256, HashAlgorithm::kSha512,
                                         HashAlgorithm::kSha3_256, HashAlgorithm::kSha1};

// What a leaf's parts view into.
struct Leaf {
  Imprint hash;
  Level level;
  ByteVector metadata;
  std::optional<Imprint> mask;

  LeafParts parts() const {
    return {.hash = hash.bytes(),
            .level = level,
            .metadata = metadata,
            .mask = mask ? mask->bytes() : Bytes()};
  }
};

struct Made {
  std::vector<Leaf> leaves;
  HashTree tree;
};

// The chain as a list of links, from the rules of spec 8.2 and 8.4.
AggregationHashChain Chain(const Made& made, std::size_t index, std::uint64_t time,
                           const ChainIndex& above) {
  const Leaf& leaf = made.leaves[index];
  AggregationHashChain chain{.aggregation_time = time,
                             .index = above,
                             .input_hash = leaf.hash,
                             .algorithm = made.tree.algorithm(),
                             .links = {},
                             .raw = {}};
  if (!leaf.metadata.empty()) {
    chain.links.push_back({LinkDirection::kLeft, SiblingKind::kMetadata, 0, leaf.metadata});
  }
  if (leaf.mask) {
    chain.links.push_back({LinkDirection::kRight, SiblingKind::kImprint, 0, leaf.mask->bytes()});
  }
  made.tree.AppendLinks(index, chain.links);
  if (chain.links.empty()) return chain;
  Level& correction = chain.links.front().level_correction;
  correction = static_cast<Level>(correction + leaf.level);
  chain.index.push_back(ValueOf(ShapeOf(chain.links)));
  return chain;
}

// From front to back, as the tables of spec 2.5 and 3.2 to 3.3 say.
ByteVector SlowlyWritten(const AggregationHashChain& chain) {
  ByteVector content;
  WriteInt(content, 0x02, chain.aggregation_time);
  for (const std::uint64_t value : chain.index) WriteInt(content, 0x03, value);
  WriteImprint(content, 0x05, chain.input_hash);
  WriteInt(content, 0x06, static_cast<std::uint64_t>(chain.algorithm));
  for (const AggregationLink& link : chain.links) {
    ByteVector value;
    if (link.level_correction != 0) WriteInt(value, 0x01, link.level_correction);
    WriteElement(value, link.kind == SiblingKind::kMetadata ? 0x04 : 0x02, link.sibling);
    WriteElement(content, link.direction == LinkDirection::kLeft ? 0x07 : 0x08, value);
  }
  ByteVector element;
  WriteElement(element, 0x801, content);
  return element;
}

Made MakeTree(std::mt19937_64& random, std::size_t count) {
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  const HashAlgorithm algorithm = kAlgorithms[pick(4)];
  const bool mixed_algorithms = pick(3) == 0;
  const bool masked = pick(2) == 0;
  const bool with_metadata = pick(2) == 0;
  // Up to where some root is at level 255.
  const unsigned height = 2 + static_cast<unsigned>(std::bit_width(count));
  const unsigned highest = pick(3) == 0 ? 255 - height : pick(2) == 0 ? 12 : 0;
  std::vector<Leaf> leaves;
  std::vector<LeveledImprint> nodes;
  for (std::size_t i = 0; i < count; ++i) {
    Leaf leaf{.hash = TestImprint(random(), mixed_algorithms ? kAlgorithms[pick(4)] : algorithm),
              .level = static_cast<Level>(pick(2) == 0 ? highest : pick(highest + 1)),
              .metadata = {},
              .mask = {}};
    if (with_metadata && pick(4) != 0) {
      const std::size_t size = pick(20) == 0 ? 3'000 : pick(300);
      leaf.metadata = EncodeMetadata({std::string(size, 'x'), {}, {}, {}}, MetadataStyle::kClient);
    }
    if (masked) leaf.mask = TestImprint(random(), algorithm);
    LeveledImprint node{leaf.hash, leaf.level};
    if (!leaf.metadata.empty()) {
      node = ValueOf(JoinNodes(algorithm, node.imprint.bytes(), node.level, leaf.metadata, 0));
    }
    if (leaf.mask) {
      node = ValueOf(
          JoinNodes(algorithm, leaf.mask->bytes(), node.level, node.imprint.bytes(), node.level));
    }
    leaves.push_back(std::move(leaf));
    nodes.push_back(node);
  }
  return {std::move(leaves), ValueOf(HashTree::Build(algorithm, nodes))};
}

void ExpectSame(const Made& made, std::mt19937_64& random) {
  const ChainIndex aboves[] = {{}, {0b11}, {~std::uint64_t{0}, 1, 0x1234}};
  const ChainIndex& above = aboves[random() % 3];
  const std::uint64_t times[] = {0, 1'700'000'000, ~std::uint64_t{0}};
  const std::uint64_t time = times[random() % 3];
  ChainWriter in_order(made.tree, time, above);
  ChainWriter in_any(made.tree, time, above);
  const auto expect = [&](ChainWriter& writer, std::size_t index) {
    const AggregationHashChain chain = Chain(made, index, time, above);
    if (chain.links.empty()) return;
    const Leaf& leaf = made.leaves[index];
    const Bytes written = writer.Write(index, leaf.parts());
    const ByteVector slowly = SlowlyWritten(chain);
    ByteVector by_itself;
    WriteAggregationHashChain(by_itself, chain);
    ASSERT_TRUE(Equal(written, slowly)) << "leaf " << index;
    ASSERT_TRUE(Equal(written, by_itself)) << "leaf " << index;
    if (leaf.metadata.empty() && !leaf.mask) {
      ASSERT_TRUE(Equal(writer.Write(index), by_itself)) << "leaf " << index;
    }
  };
  const std::size_t count = made.leaves.size();
  for (std::size_t i = 0; i < count; ++i) ASSERT_NO_FATAL_FAILURE(expect(in_order, i));
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 60); ++i) {
    ASSERT_NO_FATAL_FAILURE(expect(in_any, random() % count));
  }
}

TEST(ChainWriterProperty, WritesWhatEachChainByItselfIs) {
  constexpr std::uint64_t kSeed = 20261126;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 250; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed " << kSeed << " round " << round);
    const std::size_t count = round < 20 ? 1 + static_cast<std::size_t>(round) : 1 + random() % 300;
    ASSERT_NO_FATAL_FAILURE(ExpectSame(MakeTree(random, count), random));
  }
}

// Around the size of a chunk in which a tree is built.
TEST(ChainWriterProperty, SizesAroundAChunk) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {2'047u, 2'048u, 2'049u, 4'097u}) {
    SCOPED_TRACE(count);
    ASSERT_NO_FATAL_FAILURE(ExpectSame(MakeTree(random, count), random));
  }
}

}  // namespace
}  // namespace pitser::ledger
