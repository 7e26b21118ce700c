#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pitser::ledger {

// How high a HashTree gets while leaves are added to it, known before anything is hashed: the slots
// of spec/ksi-signature.md 8.1 with levels alone.
// Units:  levels; they may pass 255 here, so that it can be told by how much.
// Shape:  fewer than 2^63 leaves.   Cost: O(log n), no allocation.
class TreeHeight {
 public:
  // The level that the root would have if the tree were closed after one more leaf of `level`.
  unsigned With(unsigned level) const {
    unsigned root = level;
    std::size_t slot = 0;
    // The lower slots that are in use merge into the leaf; those above join it from the left.
    for (; count_ >> slot != 0; ++slot) {
      if (Used(slot)) root = std::max(slots_[slot], root) + 1;
    }
    return root;
  }

  // Not lower than With(level), and known at once: that of a tree of leaves as high as the highest.
  unsigned AtMost(unsigned level) const {
    return std::max(highest_, level) + static_cast<unsigned>(std::bit_width(count_));
  }

  void Add(unsigned level) {
    highest_ = std::max(highest_, level);
    std::size_t slot = 0;
    for (; Used(slot); ++slot) level = std::max(slots_[slot], level) + 1;
    slots_[slot] = level;
    ++count_;
  }

 private:
  bool Used(std::size_t slot) const { return (count_ >> slot & 1) != 0; }

  unsigned highest_ = 0;  // Of the leaves.
  std::array<unsigned, 64> slots_{};
  std::uint64_t count_ = 0;  // Of leaves; its bits say which slots are in use.
};

}  // namespace pitser::ledger
