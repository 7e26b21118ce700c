// Hash trees against the slot rules of spec 8.1, word by word, with nodes on the heap.

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ledger/crypto/hasher.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/tree/hash_tree.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using testing::TestImprint;

// The slow reference: a node knows its parent, and a chain is the walk to the root.
class SlowTree {
 public:
  struct Node {
    Imprint value;
    int level;
    Node* parent = nullptr;
    Node* left = nullptr;
    Node* right = nullptr;
  };

  explicit SlowTree(HashAlgorithm algorithm) : algorithm_(algorithm) {}

  void Insert(const LeveledImprint& leaf) {
    Node* x = New({leaf.imprint, leaf.level});
    leaves_.push_back(x);
    std::size_t s = 0;
    for (; s < slots_.size() && slots_[s] != nullptr; ++s) {
      x = Join(slots_[s], x);
      slots_[s] = nullptr;
    }
    if (s == slots_.size()) slots_.push_back(nullptr);
    slots_[s] = x;
  }

  const Node& Close() {
    Node* root = nullptr;
    for (Node* slot : slots_) {
      if (slot != nullptr) root = root == nullptr ? slot : Join(slot, root);
    }
    return *root;
  }

  const Node& leaf(std::size_t i) const { return *leaves_[i]; }

 private:
  Node* New(const Node& node) {
    nodes_.push_back(std::make_unique<Node>(node));
    return nodes_.back().get();
  }

  Node* Join(Node* left, Node* right) {
    const int level = std::max(left->level, right->level) + 1;
    const auto byte = static_cast<std::uint8_t>(level);
    const Imprint value =
        *Hash(algorithm_, {left->value.bytes(), right->value.bytes(), Bytes(&byte, 1)});
    Node* parent = New({value, level, nullptr, left, right});
    left->parent = right->parent = parent;
    return parent;
  }

  const HashAlgorithm algorithm_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Node*> leaves_;
  std::vector<Node*> slots_;
};

constexpr HashAlgorithm kAlgorithms[] = {HashAlgorithm::kSha256, HashAlgorithm::kSha512,
                                         HashAlgorithm::kSha3_256, HashAlgorithm::kSha1};

std::vector<LeveledImprint> RandomLeaves(std::mt19937_64& random, std::size_t count) {
  const bool mixed_levels = random() % 2 == 0;
  const bool mixed_algorithms = random() % 3 == 0;
  std::vector<LeveledImprint> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    const auto algorithm = mixed_algorithms ? kAlgorithms[random() % 4] : HashAlgorithm::kSha256;
    const auto level = static_cast<Level>(mixed_levels ? random() % 12 : 0);
    leaves.push_back({TestImprint(random(), algorithm), level});
  }
  return leaves;
}

void ExpectSame(HashAlgorithm algorithm, const std::vector<LeveledImprint>& leaves) {
  PITSER_ASSERT_OK_AND_ASSIGN(const HashTree tree, HashTree::Build(algorithm, leaves));
  SlowTree slow(algorithm);
  for (const LeveledImprint& leaf : leaves) slow.Insert(leaf);
  const SlowTree::Node& root = slow.Close();
  ASSERT_EQ(tree.root().imprint, root.value);
  ASSERT_EQ(tree.root().level, root.level);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    AggregationLinks links;
    tree.AppendLinks(i, links);
    PITSER_ASSERT_OK_AND_ASSIGN(
        const LeveledImprint folded,
        FoldAggregationLinks(algorithm, links, leaves[i].imprint, leaves[i].level));
    ASSERT_EQ(folded, tree.root()) << "leaf " << i;
    std::size_t at = 0;
    for (const SlowTree::Node* node = &slow.leaf(i); node->parent != nullptr;
         node = node->parent, ++at) {
      ASSERT_LT(at, links.size());
      const bool is_left = node->parent->left == node;
      const SlowTree::Node* sibling = is_left ? node->parent->right : node->parent->left;
      EXPECT_EQ(links[at].direction, is_left ? LinkDirection::kLeft : LinkDirection::kRight);
      EXPECT_EQ(links[at].kind, SiblingKind::kImprint);
      EXPECT_EQ(links[at].level_correction, node->parent->level - node->level - 1);
      EXPECT_TRUE(Equal(links[at].sibling, sibling->value.bytes()));
    }
    ASSERT_EQ(at, links.size());
  }
}

TEST(HashTreeProperty, AnyLevelsAndAlgorithms) {
  constexpr std::uint64_t kSeed = 8100;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed " << kSeed << " round " << round);
    const HashAlgorithm algorithm = kAlgorithms[random() % 4];
    ASSERT_NO_FATAL_FAILURE(ExpectSame(algorithm, RandomLeaves(random, 1 + random() % 70)));
  }
}

// Around the size of a batch of hashes, and around its multiples.
TEST(HashTreeProperty, SizesAroundABatch) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {127u, 128u, 129u, 255u, 256u, 257u, 258u, 511u, 515u, 1025u}) {
    SCOPED_TRACE(count);
    ASSERT_NO_FATAL_FAILURE(ExpectSame(HashAlgorithm::kSha256, RandomLeaves(random, count)));
  }
}

}  // namespace
}  // namespace pitser::ledger
