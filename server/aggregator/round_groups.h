#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ledger/crypto/imprint.h"

namespace pitser::server {

// Which requests of a round share a tree: as few trees as keep every root at `max_root_level` or
// below it, whatever shape they have. `levels` are the requests'; the metadata adds one to each.
// Shape: every level is below `max_root_level`. The places of all of them, group by group; in one
// group they keep their order.
std::vector<std::vector<std::size_t>> GroupForTrees(std::span<const ledger::Level> levels,
                                                    ledger::Level max_root_level);

// The same question of one request alone.
bool FitsATree(ledger::Level level, ledger::Level max_root_level);

}  // namespace pitser::server
