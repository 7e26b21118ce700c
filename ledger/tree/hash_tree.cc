#include "ledger/tree/hash_tree.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"

namespace pitser::ledger {
namespace {

constexpr Level kMaxLevel = std::numeric_limits<Level>::max();

// Messages hashed in one call: enough to fill any number of processor lanes, little enough to stay
// in the first-level cache.
constexpr std::size_t kBatch = 128;

absl::StatusOr<Level> ParentLevel(Level left, Level right) {
  const Level higher = std::max(left, right);
  if (higher == kMaxLevel) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a node over a node of level %d would pass level %d", higher, kMaxLevel));
  }
  return static_cast<Level>(higher + 1);
}

}  // namespace

// Collects the messages of a row's nodes and hashes them many at a time. Messages of a batch have
// one length: where leaves of another algorithm begin, a new batch begins.
class HashTree::RowHasher {
 public:
  RowHasher(HashTree& tree, HashAlgorithm algorithm)
      : tree_(tree), algorithm_(algorithm), digests_(kBatch * DigestSize(algorithm)) {}

  // Nodes are added in the order of their slots, without gaps.
  absl::Status Add(Bytes left, Bytes right, Level level, std::size_t node) {
    const std::size_t size = left.size() + right.size() + 1;
    if (count_ == kBatch || (count_ > 0 && size != message_size_)) PITSER_RETURN_IF_ERROR(Flush());
    if (count_ == 0) {
      message_size_ = size;
      first_node_ = node;
      messages_.resize(std::max(messages_.size(), kBatch * size));
    }
    std::uint8_t* out = messages_.data() + count_ * size;
    out = std::copy(left.begin(), left.end(), out);
    out = std::copy(right.begin(), right.end(), out);
    *out = level;
    ++count_;
    return absl::OkStatus();
  }

  absl::Status Flush() {
    if (count_ == 0) return absl::OkStatus();
    const std::size_t digest_size = DigestSize(algorithm_);
    PITSER_RETURN_IF_ERROR(HashMany(algorithm_, Bytes(messages_).first(count_ * message_size_),
                                    message_size_,
                                    std::span(digests_).first(count_ * digest_size)));
    for (std::size_t i = 0; i < count_; ++i) {
      std::uint8_t* slot = tree_.Slot(first_node_ + i);
      slot[0] = static_cast<std::uint8_t>(algorithm_);
      std::memcpy(slot + 1, digests_.data() + i * digest_size, digest_size);
    }
    count_ = 0;
    return absl::OkStatus();
  }

 private:
  HashTree& tree_;
  const HashAlgorithm algorithm_;
  ByteVector messages_;
  ByteVector digests_;
  std::size_t message_size_ = 0;
  std::size_t first_node_ = 0;
  std::size_t count_ = 0;
};

absl::StatusOr<HashTree> HashTree::Build(HashAlgorithm algorithm,
                                         std::span<const LeveledImprint> leaves) {
  if (leaves.empty()) return absl::InvalidArgumentError("a hash tree needs at least one leaf");
  if (!HashAvailable(algorithm)) return Hash(algorithm, {}).status();
  std::size_t stride = 1 + DigestSize(algorithm);
  for (const LeveledImprint& leaf : leaves) {
    stride = std::max(stride, leaf.imprint.bytes().size());
  }
  HashTree tree(algorithm, stride, leaves.front());
  std::size_t nodes = 0;
  for (std::size_t row = leaves.size();; row = (row + 1) / 2) {
    nodes += row;
    if (row == 1) break;
  }
  tree.values_.resize(nodes * stride);
  tree.levels_.reserve(nodes);
  tree.rows_.push_back({0, leaves.size()});
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Bytes value = leaves[i].imprint.bytes();
    std::memcpy(tree.Slot(i), value.data(), value.size());
    tree.levels_.push_back(leaves[i].level);
  }
  while (tree.rows_.back().count > 1) PITSER_RETURN_IF_ERROR(tree.AddRow(algorithm));
  PITSER_ASSIGN_OR_RETURN(const Imprint root, Imprint::Parse(tree.Value(nodes - 1)));
  tree.root_ = {root, tree.levels_.back()};
  return tree;
}

absl::Status HashTree::AddRow(HashAlgorithm algorithm) {
  const Row children = rows_.back();
  const Row row{children.first + children.count, (children.count + 1) / 2};
  RowHasher hasher(*this, algorithm);
  for (std::size_t i = 0; i < children.count / 2; ++i) {
    const std::size_t left = children.first + 2 * i;
    PITSER_ASSIGN_OR_RETURN(const Level level, ParentLevel(levels_[left], levels_[left + 1]));
    PITSER_RETURN_IF_ERROR(hasher.Add(Value(left), Value(left + 1), level, row.first + i));
    levels_.push_back(level);
  }
  PITSER_RETURN_IF_ERROR(hasher.Flush());
  if (children.count % 2 == 1) {  // The odd last one rises as it is.
    const std::size_t last = row.first - 1;
    std::memcpy(Slot(row.first + row.count - 1), Slot(last), stride_);
    levels_.push_back(levels_[last]);
  }
  rows_.push_back(row);
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
  const std::uint8_t* slot = values_.data() + node * stride_;
  return {slot, 1 + DigestSize(static_cast<HashAlgorithm>(slot[0]))};
}

void HashTree::AppendLinks(std::size_t index, AggregationLinks& out) const {
  PITSER_CHECK(index < size());
  for (std::size_t r = 0; r + 1 < rows_.size(); ++r, index /= 2) {
    const bool is_left = index % 2 == 0;
    if (is_left && index + 1 == rows_[r].count) continue;  // Rises: no link.
    const std::size_t node = rows_[r].first + index;
    const Level parent_level = levels_[rows_[r + 1].first + index / 2];
    out.push_back({.direction = is_left ? LinkDirection::kLeft : LinkDirection::kRight,
                   .kind = SiblingKind::kImprint,
                   .level_correction = static_cast<Level>(parent_level - levels_[node] - 1),
                   .sibling = Value(is_left ? node + 1 : node - 1)});
  }
}

absl::StatusOr<LeveledImprint> JoinNodes(HashAlgorithm algorithm, Bytes left, Level left_level,
                                         Bytes right, Level right_level) {
  PITSER_ASSIGN_OR_RETURN(const Level level, ParentLevel(left_level, right_level));
  PITSER_ASSIGN_OR_RETURN(const Imprint imprint, Hash(algorithm, {left, right, Bytes(&level, 1)}));
  return LeveledImprint{imprint, level};
}

}  // namespace pitser::ledger
