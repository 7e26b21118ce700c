#include "storage/internal/tile.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "ledger/base/status.h"

namespace pitser::storage::internal {

using ledger::Imprint;

Tile Tile::Make(unsigned band, std::span<const Slot> slots) {
  std::array<std::optional<Imprint>, kTileWidth> nodes;
  for (const Slot& slot : slots) nodes[slot.first] = slot.second;
  Tile tile(band);
  tile.Put(nodes);
  return tile;
}

absl::StatusOr<Tile> Tile::Expanded() const {
  std::array<std::optional<Imprint>, std::size_t{2} * kTileWidth> nodes;
  absl::InlinedVector<Slot, kTileWidth> slots;
  for (unsigned number = 0; number < kTileWidth; ++number) {
    if (!Has(number)) continue;
    slots.emplace_back(number, Value(number));
    nodes[number] = slots.back().second;
  }
  std::span<Slot> row(slots);
  for (unsigned depth = 1; depth <= kBand; ++depth) {
    PITSER_ASSIGN_OR_RETURN(row, ledger::JoinCalendarRow(band_ * kBand + depth - 1, row));
    for (const Slot& node : row) nodes[Number(depth, node.first)] = node.second;
  }
  Tile tile(band_);
  tile.Put(nodes);
  tile.expanded_ = true;
  return tile;
}

void Tile::Put(std::span<const std::optional<Imprint>> nodes) {
  std::size_t count = 0;
  for (unsigned number = 0; number < nodes.size(); ++number) {
    if (!nodes[number]) continue;
    present_ |= 1U << number;
    stride_ = std::max(stride_, static_cast<std::uint8_t>(nodes[number]->bytes().size()));
    ++count;
  }
  values_.resize(count * stride_);
  std::uint8_t* to = values_.data();
  for (const auto& node : nodes) {
    if (!node) continue;
    std::memcpy(to, node->bytes().data(), node->bytes().size());
    to += stride_;
  }
}

Imprint Tile::Value(unsigned number) const {
  const auto before = static_cast<std::size_t>(std::popcount(present_ & ((1U << number) - 1)));
  const std::uint8_t* const value = values_.data() + before * stride_;
  return Imprint::Make(static_cast<ledger::HashAlgorithm>(*value),
                       [&](std::span<std::uint8_t> digest) {
                         std::memcpy(digest.data(), value + 1, digest.size());
                       });
}

absl::StatusOr<Imprint> Tile::Node(unsigned depth, unsigned place) const {
  if (depth == 0 || expanded_) {
    const unsigned number = Number(depth, place);
    return Has(number) ? Value(number) : ledger::EmptyNode(band_ * kBand + depth);
  }
  const std::uint32_t below = ((1U << (1U << depth)) - 1) << (place << depth);
  if ((present_ & below) == 0) return ledger::EmptyNode(band_ * kBand + depth);
  PITSER_ASSIGN_OR_RETURN(const Imprint left, Node(depth - 1, 2 * place));
  PITSER_ASSIGN_OR_RETURN(const Imprint right, Node(depth - 1, 2 * place + 1));
  return ledger::JoinCalendarNodes(left, right);
}

}  // namespace pitser::storage::internal
