#pragma once

#include <cstddef>

#include "ledger/tree/chain_writer.h"
#include "ledger/tree/hash_tree.h"
#include "server/aggregator/aggregator.h"

// The parts of signatures whose hashes are leaves of a tree of our own: what SignStream and
// SignBatch put in front of what the aggregator answers for the tree's root.
namespace pitser::server {

inline constexpr ledger::HashAlgorithm kTreeAlgorithm = ledger::HashAlgorithm::kSha256;

// The chains of a tree's leaves, to stand below `answer`, that for its root.
// Precondition: more than one leaf. The tree outlives the writer.
ledger::ChainWriter ChainsBelow(const SignAnswer& answer, const ledger::HashTree& tree);

// The size of such a chain at most, for a tree of so many leaves under `above` of one value.
std::size_t PartBound(std::size_t leaves);

}  // namespace pitser::server
