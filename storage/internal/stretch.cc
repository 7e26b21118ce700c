#include "storage/internal/stretch.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "ledger/base/status.h"

namespace pitser::storage::internal {

using ledger::Imprint;
using ledger::PlacedNode;

namespace {
constexpr std::size_t kPlaceSize = sizeof(std::uint16_t);
}  // namespace

absl::StatusOr<Stretch> Stretch::Make(std::span<const PlacedNode> leaves) {
  Stretch stretch;
  if (leaves.size() > kFew) {
    stretch.few_ = false;
    return stretch;
  }
  std::vector<PlacedNode> nodes(leaves.begin(), leaves.end());
  std::span<PlacedNode> row(nodes);
  for (unsigned level = 0; level < kKeptLevel; ++level) {
    PITSER_ASSIGN_OR_RETURN(row, ledger::JoinCalendarRow(level, row));
  }
  std::size_t longest = 0;
  for (const PlacedNode& leaf : leaves) longest = std::max(longest, leaf.second.bytes().size());
  for (const PlacedNode& node : row) longest = std::max(longest, node.second.bytes().size());
  stretch.stride_ = static_cast<std::uint8_t>(kPlaceSize + longest);
  stretch.leaves_ = static_cast<std::uint16_t>(leaves.size());
  stretch.records_.reserve((leaves.size() + row.size()) * stretch.stride_);
  stretch.Put(leaves);
  stretch.Put(row);
  return stretch;
}

void Stretch::Put(std::span<const PlacedNode> nodes) {
  for (const PlacedNode& node : nodes) {
    const std::size_t begin = records_.size();
    records_.resize(begin + stride_);
    const auto place = static_cast<std::uint16_t>(node.first);
    std::memcpy(&records_[begin], &place, kPlaceSize);
    const ledger::Bytes imprint = node.second.bytes();
    std::memcpy(&records_[begin + kPlaceSize], imprint.data(), imprint.size());
  }
}

PlacedNode Stretch::At(std::size_t record) const {
  const std::uint8_t* const from = &records_[record * stride_];
  std::uint16_t place = 0;
  std::memcpy(&place, from, kPlaceSize);
  const std::uint8_t* const imprint = from + kPlaceSize;
  return {
      place,
      Imprint::Of({imprint, 1 + ledger::DigestSize(static_cast<ledger::HashAlgorithm>(*imprint))})};
}

std::size_t Stretch::Find(std::size_t begin, std::size_t end, unsigned place) const {
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    std::uint16_t there = 0;
    std::memcpy(&there, &records_[middle * stride_], kPlaceSize);
    if (there < place) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

absl::StatusOr<Imprint> Stretch::Node(unsigned level, unsigned place) const {
  const bool from_kept = level >= kKeptLevel;
  const std::size_t begin = from_kept ? leaves_ : 0;
  const std::size_t end = from_kept ? records_.size() / stride_ : leaves_;
  unsigned at = from_kept ? kKeptLevel : 0;
  // The node is the one above these.
  const std::size_t first = Find(begin, end, place << (level - at));
  const std::size_t last = Find(first, end, (place + 1) << (level - at));
  if (first == last) return ledger::EmptyNode(level);
  absl::InlinedVector<PlacedNode, 16> nodes;
  for (std::size_t record = first; record < last; ++record) nodes.push_back(At(record));
  std::span<PlacedNode> row(nodes);
  for (; at < level; ++at) {
    PITSER_ASSIGN_OR_RETURN(row, ledger::JoinCalendarRow(at, row));
  }
  return row.front().second;
}

}  // namespace pitser::storage::internal
