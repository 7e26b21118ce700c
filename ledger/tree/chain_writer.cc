#include "ledger/tree/chain_writer.h"

#include <algorithm>
#include <bit>

#include "ledger/base/check.h"

namespace pitser::ledger {
namespace {

constexpr std::uint64_t kNoLinks = 1;  // The shape's marker bit.

std::uint64_t ShapeBelow(std::uint64_t above, LinkDirection direction) {
  return above << 1 | (direction == LinkDirection::kLeft ? 1u : 0u);
}

}  // namespace

ChainWriter::ChainWriter(const HashTree& tree, std::uint64_t aggregation_time,
                         std::span<const std::uint64_t> above)
    : tree_(tree),
      encoder_(aggregation_time, above, tree.algorithm()),
      path_(tree.height() + 1, Above{0, kNoLinks}) {
  PITSER_CHECK(tree.height() + 2 < 64);  // A chain index has room for 63 links.
}

Bytes ChainWriter::Write(std::size_t index) {
  const LeveledImprint leaf = tree_.leaf(index);
  return Write(index, {.hash = leaf.imprint.bytes(), .level = leaf.level});
}

Bytes ChainWriter::Write(std::size_t index, const LeafParts& parts) {
  const bool bare = parts.metadata.empty() && parts.mask.empty();
  PITSER_CHECK(index < tree_.size() && (tree_.size() > 1 || !bare));
  Climb(index, bare ? parts.level : Level{0});
  encoder_.KeepLinks(path_.front().size);
  std::uint64_t shape = path_.front().shape;
  if (!parts.mask.empty()) {
    encoder_.PushLink({.direction = LinkDirection::kRight,
                       .kind = SiblingKind::kImprint,
                       .level_correction = parts.metadata.empty() ? parts.level : Level{0},
                       .sibling = parts.mask});
    shape = ShapeBelow(shape, LinkDirection::kRight);
  }
  if (!parts.metadata.empty()) {
    encoder_.PushLink({.direction = LinkDirection::kLeft,
                       .kind = SiblingKind::kMetadata,
                       .level_correction = parts.level,
                       .sibling = parts.metadata});
    shape = ShapeBelow(shape, LinkDirection::kLeft);
  }
  return encoder_.Finish(shape, parts.hash);
}

void ChainWriter::Climb(std::size_t index, Level level) {
  // Two paths are one from the row on where their nodes are. A leaf's lowest link is in none but
  // its own path, so `level` is right wherever links are kept.
  std::size_t row = tree_.height();
  if (written_ && *written_ != index) {
    row = std::min(row, static_cast<std::size_t>(std::bit_width(*written_ ^ index)));
  }
  written_ = index;
  std::size_t lowest = 0;
  if (level != 0) {
    while (!tree_.Link(lowest, index >> lowest)) ++lowest;
  }
  encoder_.KeepLinks(path_[row].size);
  while (row-- > 0) {
    path_[row] = path_[row + 1];
    std::optional<AggregationLink> link = tree_.Link(row, index >> row);
    if (!link) continue;
    if (row == lowest) {  // Cannot pass 255: the parent's level does not.
      link->level_correction = static_cast<Level>(link->level_correction + level);
    }
    encoder_.PushLink(*link);
    path_[row] = {encoder_.links_size(), ShapeBelow(path_[row + 1].shape, link->direction)};
  }
}

}  // namespace pitser::ledger
