#include "ledger/verify/path_memory.h"

#include <algorithm>
#include <utility>

namespace pitser::ledger::internal {
namespace {

bool Same(const AggregationLink& a, const AggregationLink& b) {
  return a.direction == b.direction && a.kind == b.kind &&
         a.level_correction == b.level_correction && Equal(a.sibling, b.sibling);
}

// How many of the last links are the same.
std::size_t CommonEnd(const AggregationLinks& a, const AggregationLinks& b) {
  const auto [end, ignored] = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend(), Same);
  return static_cast<std::size_t>(end - a.rbegin());
}

}  // namespace

std::optional<LeveledImprint> PathMemory::Fold(const AggregationHashChain& chain) {
  const std::size_t count = chain.links.size();
  std::size_t common = 0;
  if (kept_) {
    const AggregationHashChain& kept = kept_->aggregation_chains().front();
    // The node below the common links is one of the kept chain's only where a link is left.
    if (kept.algorithm == chain.algorithm) {
      common = std::min(CommonEnd(chain.links, kept.links), nodes_.size() - 1);
    }
    if (common >= count) common = 0;
  }
  folded_.clear();
  shared_ = 0;
  LeveledImprint node{chain.input_hash, 0};
  for (std::size_t i = 0; i < count; ++i) {
    const auto next =
        FoldAggregationLinks(chain.algorithm, {&chain.links[i], 1}, node.imprint, node.level);
    if (!next.ok()) return std::nullopt;
    node = *next;
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
