#include "ledger/verify/path_memory.h"

#include <algorithm>
#include <utility>

namespace pitser::ledger::internal {
namespace {

// What follows the beginning of a link's sibling, to the end of its chain.
Bytes FromSibling(const AggregationHashChain& chain, const AggregationLink& link) {
  return {link.sibling.data(), chain.raw.data() + chain.raw.size()};
}

// How many of the last links are the same.
std::size_t CommonEnd(const AggregationHashChain& a, const AggregationHashChain& b) {
  const auto alike = [&](const AggregationLink& of_a, const AggregationLink& of_b) {
    return of_a.direction == of_b.direction && of_a.kind == of_b.kind &&
           of_a.level_correction == of_b.level_correction &&
           of_a.sibling.size() == of_b.sibling.size() &&
           FromSibling(a, of_a).size() == FromSibling(b, of_b).size();
  };
  const auto first =
      std::mismatch(a.links.rbegin(), a.links.rend(), b.links.rbegin(), b.links.rend(), alike)
          .first.base();
  // These stand at the same places before the ends: where the bytes from a sibling on are the same,
  // those from the ones above it are too.
  const auto same = std::partition_point(first, a.links.end(), [&](const AggregationLink& link) {
    const Bytes rest = FromSibling(a, link);
    return !Equal(rest, b.raw.last(rest.size()));
  });
  return static_cast<std::size_t>(a.links.end() - same);
}

}  // namespace

std::optional<LeveledImprint> PathMemory::Fold(const AggregationHashChain& chain) {
  const std::size_t count = chain.links.size();
  std::size_t common = 0;
  if (kept_) {
    const AggregationHashChain& kept = kept_->aggregation_chains().front();
    // The node below the common links is one of the kept chain's only where a link is left.
    if (kept.algorithm == chain.algorithm) {
      common = std::min(CommonEnd(chain, kept), nodes_.size() - 1);
    }
    if (common >= count) common = 0;
  }
  folded_.clear();
  shared_ = 0;
  LeveledImprint node{chain.input_hash, 0};
  for (std::size_t i = 0; i < count; ++i) {
    if (!FoldAggregationLink(chain.algorithm, chain.links[i], node).ok()) return std::nullopt;
    folded_.push_back(node);
    if (common > 0 && i + 1 == count - common && node == nodes_[common]) {
      shared_ = common;
      node = nodes_.front();
      break;
    }
  }
  return node;
}

void PathMemory::Keep(Signature signature) {
  nodes_.resize(shared_, LeveledImprint{signature.input_hash(), 0});
  nodes_.insert(nodes_.end(), folded_.rbegin(), folded_.rend());
  kept_ = std::move(signature);
}

}  // namespace pitser::ledger::internal
