// Hash trees against the slot rules of spec 8.1, word by word, with nodes on the heap.

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ledger/crypto/hasher.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/tree/hash_tree.h"
#include "ledger/tree/join_batch.h"
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

// However its steps are run, a tree is the same: here by threads that begin at the far end.
TEST(HashTreeProperty, StepsInAnyOrderAndAtOnce) {
  const auto run = [](std::size_t count, LoopBody body) {
    std::vector<std::thread> threads;
    for (std::size_t i = count; i-- > 0;) threads.emplace_back([body, i] { body(i); });
    for (std::thread& thread : threads) thread.join();
  };
  std::mt19937_64 random(2);
  for (const std::size_t count : {16'384u, 16'385u, 32'768u, 40'961u}) {
    SCOPED_TRACE(count);
    const std::vector<LeveledImprint> leaves = RandomLeaves(random, count);
    PITSER_ASSERT_OK_AND_ASSIGN(const HashTree one,
                                HashTree::Build(HashAlgorithm::kSha256, leaves));
    PITSER_ASSERT_OK_AND_ASSIGN(const HashTree other,
                                HashTree::Build(HashAlgorithm::kSha256, leaves, run));
    ASSERT_EQ(one.root(), other.root());
    for (std::size_t i = 0; i < count; i += 997) {
      AggregationLinks links;
      other.AppendLinks(i, links);
      ASSERT_EQ(
          FoldAggregationLinks(HashAlgorithm::kSha256, links, leaves[i].imprint, leaves[i].level)
              .value(),
          one.root());
    }
    ByteVector digests;
    for (std::size_t i = 0; i < count; ++i) Append(digests, TestImprint(i).digest());
    PITSER_ASSERT_OK_AND_ASSIGN(const HashTree plain,
                                HashTree::BuildFromDigests(HashAlgorithm::kSha256, digests));
    PITSER_ASSERT_OK_AND_ASSIGN(const HashTree plain_other,
                                HashTree::BuildFromDigests(HashAlgorithm::kSha256, digests, run));
    EXPECT_EQ(plain.root(), plain_other.root());
  }
}

// A step that fails fails the tree.
TEST(HashTreeProperty, ALevelTooHighInALaterStep) {
  std::vector<LeveledImprint> leaves(20'000, LeveledImprint{TestImprint(1), 0});
  leaves[19'000].level = 255;
  EXPECT_THAT(HashTree::Build(HashAlgorithm::kSha256, leaves).status(),
              testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

// Many lengths side by side, more than are collected at one time.
TEST(JoinBatchProperty, JoinsAsOneByOne) {
  std::mt19937_64 random(3);
  for (const HashAlgorithm algorithm : kAlgorithms) {
    for (const std::size_t lengths : {1u, 3u, 40u}) {
      constexpr std::size_t kCount = 1500;
      std::vector<LeveledImprint> nodes(kCount, {Imprint::Zero(algorithm), 0});
      std::vector<LeveledImprint> expected;
      JoinBatch joins(algorithm);
      for (std::size_t i = 0; i < kCount; ++i) {
        const Imprint left = TestImprint(random(), kAlgorithms[random() % 4]);
        const ByteVector right(7 * (random() % lengths), static_cast<std::uint8_t>(i));
        const auto level = static_cast<Level>(random() % 255);
        PITSER_ASSERT_OK(joins.Add(left.bytes(), right, level, nodes[i]));
        expected.push_back(*JoinNodes(algorithm, left.bytes(), level, right, level));
      }
      joins.Finish();
      EXPECT_EQ(nodes, expected);
    }
  }
}

TEST(JoinBatchProperty, NoNodeIsAboveLevel255) {
  JoinBatch joins(HashAlgorithm::kSha256);
  LeveledImprint node{TestImprint(1), 0};
  EXPECT_THAT(joins.Add(TestImprint(2).bytes(), TestImprint(3).bytes(), 255, node),
              testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace pitser::ledger
