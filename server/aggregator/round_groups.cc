#include "server/aggregator/round_groups.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "ledger/base/check.h"

namespace pitser::server {
namespace {

// The root of any tree over `count` requests of at most `level`: a leaf takes part in as many joins
// as the number of leaves has bits (spec/ksi-signature.md 8.1).
std::size_t RootLevel(ledger::Level level, std::size_t count) {
  return std::size_t{level} + 1 + static_cast<std::size_t>(std::bit_width(count - 1));
}

}  // namespace

bool FitsATree(ledger::Level level, ledger::Level max_root_level) {
  return RootLevel(level, 1) <= max_root_level;
}

std::vector<std::vector<std::size_t>> GroupForTrees(std::span<const ledger::Level> levels,
                                                    ledger::Level max_root_level) {
  if (levels.empty()) return {};
  std::vector<std::size_t> order(levels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const ledger::Level highest = *std::ranges::max_element(levels);
  PITSER_CHECK(FitsATree(highest, max_root_level));
  std::vector<std::vector<std::size_t>> groups;
  if (RootLevel(highest, levels.size()) <= max_root_level) {
    groups.push_back(std::move(order));
    return groups;
  }
  // The lower ones first, so that a high one leaves them their room.
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return levels[i]; });
  groups.emplace_back();
  for (const std::size_t i : order) {
    if (RootLevel(levels[i], groups.back().size() + 1) > max_root_level) groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

}  // namespace pitser::server
