// Local blocks against the rules of spec 8.1 and 8.2 word by word: lists of nodes, each of which
// knows the links of every leaf below it.

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ledger/crypto/hasher.h"
#include "ledger/format/metadata.h"
#include "ledger/tree/local_block.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/read_chain.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using testing::TestImprint;
using testing::ValueOf;

struct SlowLink {
  bool left;
  int correction;
  ByteVector sibling;
};

class SlowBlock {
 public:
  struct Node {
    ByteVector value;
    int level;
    std::map<std::size_t, std::vector<SlowLink>> chains;  // By leaf.
  };

  SlowBlock(HashAlgorithm algorithm, ByteVector iv, const Imprint& previous)
      : algorithm_(algorithm), iv_(std::move(iv)), previous_(ToVector(previous.bytes())) {}

  void Add(const LocalLeaf& leaf) {
    Node node{ToVector(leaf.hash.bytes()), leaf.level, {{count_++, {}}}};
    if (!leaf.metadata.empty()) node = Join(node, {ToVector(leaf.metadata), leaf.level, {}});
    if (!iv_.empty()) {
      const Imprint mask = ValueOf(Hash(algorithm_, {previous_, iv_}));
      node = Join({ToVector(mask.bytes()), node.level, {}}, node);
      previous_ = node.value;
    }
    std::size_t s = 0;
    for (; slots_.contains(s); ++s) {
      node = Join(slots_.at(s), node);
      slots_.erase(s);
    }
    slots_.emplace(s, node);
  }

  Node Close() const {
    auto slot = slots_.begin();
    Node root = slot->second;
    for (++slot; slot != slots_.end(); ++slot) root = Join(slot->second, root);
    return root;
  }

 private:
  Node Join(const Node& left, const Node& right) const {
    Node parent;
    parent.level = std::max(left.level, right.level) + 1;
    const auto level = static_cast<std::uint8_t>(parent.level);
    parent.value =
        ToVector(ValueOf(Hash(algorithm_, {left.value, right.value, Bytes(&level, 1)})).bytes());
    for (const bool is_left : {true, false}) {
      const Node& own = is_left ? left : right;
      const Node& other = is_left ? right : left;
      for (const auto& [leaf, links] : own.chains) {
        std::vector<SlowLink>& chain = parent.chains[leaf];
        chain = links;
        chain.push_back({is_left, parent.level - own.level - 1, other.value});
      }
    }
    return parent;
  }

  const HashAlgorithm algorithm_;
  const ByteVector iv_;  // Empty: no masks.
  ByteVector previous_;
  std::map<std::size_t, Node> slots_;
  std::size_t count_ = 0;
};

void ExpectSame(const LocalBlock& block, const SlowBlock::Node& root,
                const std::vector<Level>& levels) {
  EXPECT_TRUE(Equal(block.root().imprint.bytes(), root.value));
  EXPECT_EQ(block.root().level, root.level);
  ChainWriter chains = block.Chains(1'700'000'000, {});
  for (std::size_t i = 0; i < block.size(); ++i) {
    const std::vector<SlowLink>& expected = root.chains.at(i);
    if (expected.empty()) {
      EXPECT_TRUE(block.LeafIsRoot());
      continue;
    }
    EXPECT_FALSE(block.LeafIsRoot());
    const testing::ReadChain read(chains.Write(i, block.parts(i)));
    const AggregationHashChain& chain = read.chain;
    ASSERT_EQ(chain.links.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
      EXPECT_EQ(chain.links[k].direction == LinkDirection::kLeft, expected[k].left);
      EXPECT_EQ(chain.links[k].level_correction, expected[k].correction + (k == 0 ? levels[i] : 0));
      EXPECT_TRUE(Equal(chain.links[k].sibling, expected[k].sibling));
      const bool is_metadata = expected[k].sibling.front() == 0x7E;
      EXPECT_EQ(chain.links[k].kind, is_metadata ? SiblingKind::kMetadata : SiblingKind::kImprint);
    }
    EXPECT_EQ(chain.index, ChainIndex{ValueOf(ShapeOf(chain.links))});
    const auto folded =
        ValueOf(FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, 0));
    EXPECT_EQ(folded, block.root());
  }
}

TEST(LocalBlockProperty, IsTheSlowModel) {
  std::mt19937 random(20261124);
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  const HashAlgorithm algorithms[] = {HashAlgorithm::kSha256, HashAlgorithm::kSha512,
                                      HashAlgorithm::kSha3_256};
  for (int round = 0; round < 400; ++round) {
    const HashAlgorithm algorithm = algorithms[pick(3)];
    const bool masked = pick(2) == 0;
    ByteVector iv;
    if (masked) {
      for (std::size_t i = DigestSize(algorithm) + pick(9); i > 0; --i) {
        iv.push_back(static_cast<std::uint8_t>(random()));
      }
    }
    const Imprint previous =
        pick(2) == 0 ? Imprint::Zero(algorithm) : TestImprint(random(), algorithm);
    LocalBlockBuilder::Options options{.algorithm = algorithm};
    if (masked) options.masking = Masking{.iv = iv, .previous = previous};
    LocalBlockBuilder builder = ValueOf(LocalBlockBuilder::Create(options));
    SlowBlock slow(algorithm, iv, previous);
    std::vector<Level> levels;
    for (unsigned count = 1 + pick(40); count > 0; --count) {
      const ByteVector metadata =
          pick(3) == 0
              ? EncodeMetadata({std::string(pick(300), 'x'), {}, {}, {}}, MetadataStyle::kClient)
              : ByteVector();
      const LocalLeaf leaf{.hash = TestImprint(random(), algorithms[pick(3)]),
                           .level = static_cast<Level>(pick(4) == 0 ? pick(200) : 0),
                           .metadata = metadata};
      const unsigned level = builder.LevelWith(leaf);
      PITSER_ASSERT_OK(builder.Add(leaf));
      slow.Add(leaf);
      levels.push_back(leaf.level);
      EXPECT_EQ(slow.Close().level, static_cast<int>(level));
    }
    const LocalBlock block = ValueOf(builder.Build());
    ExpectSame(block, slow.Close(), levels);
    if (::testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace pitser::ledger
