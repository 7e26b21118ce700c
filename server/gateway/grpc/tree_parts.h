#pragma once

#include <cstddef>
#include <cstdint>

#include "ledger/base/bytes.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/tree/hash_tree.h"

// The parts of signatures whose hashes are leaves of a tree of our own: what SignStream and
// SignBatch put in front of what the aggregator answers for the tree's root.
namespace pitser::server {

inline constexpr ledger::HashAlgorithm kTreeAlgorithm = ledger::HashAlgorithm::kSha256;

// The chain index of the lowest chain in `own` (SignAnswer::own of a root).
ledger::ChainIndex LowestChainIndex(ledger::Bytes own);

// Appends the 0x801 element of leaf `index`, to stand below the chain with the index `above`.
// Precondition: more than one leaf.
void AppendLeafPart(ledger::ByteVector& out, const ledger::HashTree& tree, std::size_t index,
                    std::uint64_t aggregation_time, const ledger::ChainIndex& above);

// The size of such an element at most, for a tree of so many leaves under `above` of one value.
std::size_t PartBound(std::size_t leaves);

}  // namespace pitser::server
