#include "ledger/tree/hash_tree.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"

namespace pitser::ledger {
namespace {

constexpr Level kMaxLevel = std::numeric_limits<Level>::max();

// The message of a node over two SHA-256 imprints.
constexpr std::size_t kSha256Node = 2 * 33 + 1;

// Of the chunks in which a tree is built: their nodes take 270 KB at most.
constexpr std::size_t kChunkHeight = 11;
// What is built in one step of a parallel loop: worth the hand-over to another thread.
constexpr std::size_t kStepLeaves = std::size_t{1} << 14;

absl::Status BeyondLevels(Level child) {
  return absl::InvalidArgumentError(
      absl::StrFormat("a node over a node of level %d would pass level %d", child, kMaxLevel));
}

// Of imprints that are joined.
std::size_t SizeOfFirst(Bytes imprints) {
  PITSER_CHECK(!imprints.empty());
  return 1 + DigestSize(static_cast<HashAlgorithm>(imprints.front()));
}

}  // namespace

// Collects the messages of a row's nodes and hashes them many at a time. Messages of a batch have
// one length: where leaves of another algorithm begin, a new batch begins.
class HashTree::NodeHasher {
 public:
  explicit NodeHasher(HashTree& tree) : tree_(tree) {}

  // Before the first node.
  absl::Status Begin() {
    PITSER_ASSIGN_OR_RETURN(batch_, HashBatch::Create(tree_.algorithm_, 2 * tree_.stride_ + 1));
    return absl::OkStatus();
  }

  // Nodes are added in the order of their slots, without gaps until the next Flush().
  // This one where all imprints of the tree are as long as a slot: then two neighbours are joined
  // already.
  void AddNeighbours(std::size_t left, Level level, std::size_t node) {
    const std::size_t size = batch_->message_size();
    if (batch_->count() == 0) first_node_ = node;
    std::uint8_t* const out = batch_->Next();
    if (size == kSha256Node) {  // A copy of known size is a few instructions.
      std::memcpy(out, tree_.Slot(left), kSha256Node - 1);
    } else {
      std::memcpy(out, tree_.Slot(left), size - 1);
    }
    out[size - 1] = level;
    tree_.Slot(node)[0] = static_cast<std::uint8_t>(tree_.algorithm_);
    if (batch_->full()) Flush();
  }

  // This one for any two.
  absl::Status Add(Bytes left, Bytes right, Level level, std::size_t node) {
    const std::size_t size = left.size() + right.size() + 1;
    if (batch_->message_size() != size) {
      Flush();
      PITSER_ASSIGN_OR_RETURN(batch_, HashBatch::Create(tree_.algorithm_, size));
    }
    if (batch_->count() == 0) first_node_ = node;
    std::uint8_t* out = batch_->Next();
    std::memcpy(out, left.data(), left.size());
    std::memcpy(out + left.size(), right.data(), right.size());
    out[size - 1] = level;
    tree_.Slot(node)[0] = static_cast<std::uint8_t>(tree_.algorithm_);
    if (batch_->full()) Flush();
    return absl::OkStatus();
  }

  void Flush() { batch_->Finish(tree_.Slot(first_node_) + 1, tree_.stride_); }

 private:
  HashTree& tree_;
  std::optional<HashBatch> batch_;  // There from Begin() on.
  std::size_t first_node_ = 0;
};

HashTree::HashTree(HashAlgorithm algorithm, std::size_t stride, std::size_t leaves)
    : algorithm_(algorithm), stride_(stride), root_{Imprint::Zero(algorithm), 0} {
  std::size_t nodes = 0;
  for (std::size_t count = leaves;; count = (count + 1) / 2) {
    rows_.push_back({nodes, count});
    nodes += count;
    if (count == 1) break;
  }
  values_ = std::make_unique_for_overwrite<std::uint8_t[]>(nodes * stride);
  levels_ = std::make_unique_for_overwrite<Level[]>(nodes);
}

absl::StatusOr<HashTree> HashTree::Build(HashAlgorithm algorithm,
                                         std::span<const LeveledImprint> leaves, LoopRunner run) {
  if (leaves.empty()) return absl::InvalidArgumentError("a hash tree needs at least one leaf");
  if (!HashAvailable(algorithm)) return Hash(algorithm, {}).status();
  std::size_t stride = 1 + DigestSize(algorithm);
  for (const LeveledImprint& leaf : leaves) {
    stride = std::max(stride, leaf.imprint.bytes().size());
  }
  HashTree tree(algorithm, stride, leaves.size());
  tree.uniform_ = stride == 1 + DigestSize(algorithm) &&
                  std::ranges::all_of(leaves, [stride](const LeveledImprint& leaf) {
                    return leaf.imprint.bytes().size() == stride;
                  });
  PITSER_RETURN_IF_ERROR(tree.Fill(
      [&](HashTree& to, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const Bytes value = leaves[i].imprint.bytes();
          std::memcpy(to.Slot(i), value.data(), value.size());
          to.levels_[i] = leaves[i].level;
        }
      },
      run));
  return tree;
}

absl::StatusOr<HashTree> HashTree::BuildFromImprints(HashAlgorithm algorithm, Bytes imprints,
                                                     std::span<const Level> levels,
                                                     LoopRunner run) {
  if (levels.empty()) return absl::InvalidArgumentError("a hash tree needs at least one leaf");
  if (!HashAvailable(algorithm)) return Hash(algorithm, {}).status();
  const std::size_t size = 1 + DigestSize(algorithm);
  std::size_t alike = 0;
  while (alike < levels.size() && SizeOfFirst(imprints.subspan(alike * size)) == size) ++alike;
  if (alike < levels.size()) {  // Of several algorithms, which is rare.
    std::vector<LeveledImprint> leaves;
    for (const Level level : levels) {
      const Bytes value = imprints.first(SizeOfFirst(imprints));
      leaves.push_back({Imprint::Of(value), level});
      imprints = imprints.subspan(value.size());
    }
    return Build(algorithm, leaves, run);
  }
  HashTree tree(algorithm, size, levels.size());
  tree.uniform_ = true;
  PITSER_RETURN_IF_ERROR(tree.Fill(
      [&](HashTree& to, std::size_t begin, std::size_t end) {
        std::memcpy(to.levels_.get() + begin, levels.data() + begin, end - begin);
        std::memcpy(to.Slot(begin), imprints.data() + begin * size, (end - begin) * size);
      },
      run));
  return tree;
}

absl::StatusOr<HashTree> HashTree::BuildFromDigests(HashAlgorithm algorithm, Bytes digests,
                                                    LoopRunner run) {
  const std::size_t size = DigestSize(algorithm);
  if (digests.empty()) return absl::InvalidArgumentError("a hash tree needs at least one leaf");
  if (!HashAvailable(algorithm)) return Hash(algorithm, {}).status();
  PITSER_CHECK(digests.size() % size == 0);
  HashTree tree(algorithm, 1 + size, digests.size() / size);
  tree.uniform_ = true;
  PITSER_RETURN_IF_ERROR(tree.Fill(
      [&](HashTree& to, std::size_t begin, std::size_t end) {
        std::memset(to.levels_.get() + begin, 0, end - begin);
        for (std::size_t i = begin; i < end; ++i) {
          std::uint8_t* const slot = to.Slot(i);
          slot[0] = static_cast<std::uint8_t>(algorithm);
          std::memcpy(slot + 1, digests.data() + i * size, size);
        }
      },
      run));
  return tree;
}

absl::Status HashTree::Fill(const PutLeaves& put, LoopRunner run) {
  const std::size_t height = rows_.size() - 1;
  const std::size_t chunk_height = std::min(height, kChunkHeight);
  std::vector<absl::Status> done((size() + kStepLeaves - 1) / kStepLeaves);
  run(done.size(), [&](std::size_t step) {
    const std::size_t begin = step * kStepLeaves;
    done[step] = FillAbove(put, begin, std::min(size(), begin + kStepLeaves), chunk_height);
  });
  for (const absl::Status& status : done) PITSER_RETURN_IF_ERROR(status);
  NodeHasher hasher(*this);
  PITSER_RETURN_IF_ERROR(hasher.Begin());
  for (std::size_t row = chunk_height + 1; row <= height; ++row) {
    PITSER_RETURN_IF_ERROR(MakeNodes(hasher, row, 0, rows_[row].count));
  }
  const std::size_t last = rows_.back().first;
  PITSER_ASSIGN_OR_RETURN(const Imprint root, Imprint::Parse(Value(last)));
  root_ = {root, levels_[last]};
  return absl::OkStatus();
}

// Chunk by chunk of the leaves, up to where a chunk has one node, so that what is read was just
// written and is still in the processor's cache.
absl::Status HashTree::FillAbove(const PutLeaves& put, std::size_t begin, std::size_t end,
                                 std::size_t height) {
  NodeHasher hasher(*this);
  PITSER_RETURN_IF_ERROR(hasher.Begin());
  for (; begin < end; begin += std::size_t{1} << height) {
    put(*this, begin, std::min(end, begin + (std::size_t{1} << height)));
    for (std::size_t row = 1; row <= height; ++row) {
      const std::size_t width = std::size_t{1} << (height - row);
      const std::size_t first = begin >> row;
      PITSER_RETURN_IF_ERROR(
          MakeNodes(hasher, row, first, std::min(rows_[row].count, first + width)));
    }
  }
  return absl::OkStatus();
}

absl::Status HashTree::MakeNodes(NodeHasher& hasher, std::size_t row, std::size_t begin,
                                 std::size_t end) {
  const Row children = rows_[row - 1];
  const std::size_t first = rows_[row].first;
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t left = children.first + 2 * i;
    if (2 * i + 1 == children.count) {  // The odd last one rises as it is.
      std::memcpy(Slot(first + i), Slot(left), stride_);
      levels_[first + i] = levels_[left];
      break;
    }
    const Level higher = std::max(levels_[left], levels_[left + 1]);
    if (higher == kMaxLevel) return BeyondLevels(higher);
    const auto level = static_cast<Level>(higher + 1);
    levels_[first + i] = level;
    if (uniform_) {
      hasher.AddNeighbours(left, level, first + i);
    } else {
      PITSER_RETURN_IF_ERROR(hasher.Add(Value(left), Value(left + 1), level, first + i));
    }
  }
  hasher.Flush();
  return absl::OkStatus();
}

LeveledImprint HashTree::leaf(std::size_t index) const {
  PITSER_CHECK(index < size());
  const Bytes value = Value(index);
  const auto algorithm = static_cast<HashAlgorithm>(value[0]);
  const auto copy = [value](std::span<std::uint8_t> digest) {
    std::memcpy(digest.data(), value.data() + 1, digest.size());
  };
  return {Imprint::Make(algorithm, copy), levels_[index]};
}

Bytes HashTree::Value(std::size_t node) const {
  const std::uint8_t* slot = values_.get() + node * stride_;
  if (uniform_) return {slot, stride_};
  return {slot, 1 + DigestSize(static_cast<HashAlgorithm>(slot[0]))};
}

std::optional<AggregationLink> HashTree::Link(std::size_t row, std::size_t index) const {
  const bool is_left = index % 2 == 0;
  if (is_left && index + 1 == rows_[row].count) return std::nullopt;
  const std::size_t node = rows_[row].first + index;
  const Level parent_level = levels_[rows_[row + 1].first + index / 2];
  return AggregationLink{.direction = is_left ? LinkDirection::kLeft : LinkDirection::kRight,
                         .kind = SiblingKind::kImprint,
                         .level_correction = static_cast<Level>(parent_level - levels_[node] - 1),
                         .sibling = Value(is_left ? node + 1 : node - 1)};
}

void HashTree::AppendLinks(std::size_t index, AggregationLinks& out) const {
  PITSER_CHECK(index < size());
  for (std::size_t row = 0; row < height(); ++row) {
    if (const std::optional<AggregationLink> link = Link(row, index >> row)) out.push_back(*link);
  }
}

absl::StatusOr<LeveledImprint> JoinNodes(HashAlgorithm algorithm, Bytes left, Level left_level,
                                         Bytes right, Level right_level) {
  const Level higher = std::max(left_level, right_level);
  if (higher == kMaxLevel) return BeyondLevels(higher);
  const auto level = static_cast<Level>(higher + 1);
  PITSER_ASSIGN_OR_RETURN(const Imprint imprint, Hash(algorithm, {left, right, Bytes(&level, 1)}));
  return LeveledImprint{imprint, level};
}

}  // namespace pitser::ledger
