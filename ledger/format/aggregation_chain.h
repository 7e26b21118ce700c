#pragma once

#include <cstdint>
#include <span>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {

// Which operand the chain's own value is; the sibling is the other one. (0x07 is left.)
enum class LinkDirection : std::uint8_t { kLeft, kRight };

enum class SiblingKind : std::uint8_t { kImprint, kLegacyId, kMetadata };

// One step of an aggregation hash chain. Source: spec/ksi-signature.md 3.3, 3.4.
struct AggregationLink {
  LinkDirection direction = LinkDirection::kLeft;
  SiblingKind kind = SiblingKind::kImprint;
  Level level_correction = 0;
  // What is hashed, a view: a whole imprint, the 29 bytes of a legacy id, or the content of a
  // metadata element without its header. Valid as long as what it was taken from (a Signature, a
  // HashTree).
  Bytes sibling;
};

using AggregationLinks = absl::InlinedVector<AggregationLink, 20>;
using ChainIndex = absl::InlinedVector<std::uint64_t, 8>;

// Proof that an input hash takes part in an aggregation root. Links run from the leaf upwards.
// Source: spec 3.2.
struct AggregationHashChain {
  std::uint64_t aggregation_time = 0;  // Unix seconds.
  ChainIndex index;                    // This chain's and all those above it, highest first.
  Imprint input_hash = Imprint::Zero(HashAlgorithm::kSha256);
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
  AggregationLinks links;  // At least one.
  Bytes raw;               // The element as it was read; empty for a chain that was built.
};

inline constexpr std::uint16_t kAggregationHashChainTag = 0x801;

// Errors: kInvalidArgument with offset and element name. The result views into `element`.
absl::StatusOr<AggregationHashChain> ParseAggregationHashChain(const Element& element);

// Appends the 0x801 element, children in the order of spec 2.5; `raw` is not looked at.
void WriteAggregationHashChain(ByteVector& out, const AggregationHashChain& chain);

// The chain index value of links: one bit a link (bit 0 the lowest, 1 for left) below a marker bit.
// Errors: kInvalidArgument beyond 63 links.   Source: spec 4.4.
absl::StatusOr<std::uint64_t> ShapeOf(std::span<const AggregationLink> links);

// Folds links from `input` upwards and returns the node they imply.
// Units:  `level` is the height of `input`: 0 for a whole signature's first chain, and the level
//         goes on from chain to chain.
// Errors: kInvalidArgument if a level would pass 255; kUnimplemented if the algorithm cannot be
//         computed by this build.
// Cost:   one hash a link, no allocation.   Source: spec 4.1, 4.3.
absl::StatusOr<LeveledImprint> FoldAggregationLinks(HashAlgorithm algorithm,
                                                    std::span<const AggregationLink> links,
                                                    const Imprint& input, Level level);

// A single link: `node` becomes its parent. Errors, cost: the same; `node` then means nothing.
absl::Status FoldAggregationLink(HashAlgorithm algorithm, const AggregationLink& link,
                                 LeveledImprint& node);

}  // namespace pitser::ledger
