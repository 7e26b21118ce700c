#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ledger/base/bytes.h"
#include "ledger/format/aggregation_chain.h"

namespace pitser::ledger {

// Writes 0x801 elements from their end: the highest link first, what stands in front of the links
// last. Chains that end alike, as those of a tree's leaves do, then share what they end with: it is
// written once and stays where it is.
//   AggregationChainEncoder encoder(time, above, algorithm);
//   encoder.PushLink(highest); encoder.PushLink(lowest);
//   Bytes element = encoder.Finish(own_index, input);
//   encoder.KeepLinks(size_of_highest); encoder.PushLink(other); ...
// Shape:  elements in the order of children and with the shortest headers, as
//         WriteAggregationHashChain() writes them: that is this.
// Thread: one at a time.   Cost: some copies a link; no allocation once it has seen the longest.
// Source: spec/ksi-signature.md 2.1, 2.5, 3.2, 3.3.
class AggregationChainEncoder {
 public:
  // `above`: the chain index without the chain's own value, highest first.
  AggregationChainEncoder(std::uint64_t aggregation_time, std::span<const std::uint64_t> above,
                          HashAlgorithm algorithm);

  // The bytes of the links that are there.
  std::size_t links_size() const { return buffer_.size() - links_begin_; }
  // Drops the lowest links, until those are left of which links_size() was `size`.
  void KeepLinks(std::size_t size) { links_begin_ = buffer_.size() - size; }
  // Puts a link below those that are there.   Precondition: a sibling of at most 65,000 bytes.
  void PushLink(const AggregationLink& link);

  // The element, from its header to its end.
  // Shape:  `own_index` is the chain's own index value; `input` a whole imprint.
  // Life:   until anything else is called.   Precondition: a link; 65,535 bytes at most.
  Bytes Finish(std::uint64_t own_index, Bytes input);

 private:
  // Gives room for `size` bytes in front of the links.
  void MakeRoom(std::size_t size);

  ByteVector head_;       // Aggregation time and index values, as they stand in each element.
  ByteVector algorithm_;  // The same of the algorithm.
  // Filled from the back: links end where it ends. What is in front of them is overwritten by the
  // next link.
  ByteVector buffer_;
  std::size_t links_begin_;
};

}  // namespace pitser::ledger
