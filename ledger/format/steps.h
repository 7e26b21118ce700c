#pragma once

#include <limits>
#include <optional>

#include "ledger/crypto/hasher.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/calendar_chain.h"

// The steps of the two kinds of hash chains. Not for use outside this folder.
namespace pitser::ledger::internal {

// Raises `node` to the level of its parent; says what that is the hash of, which views into `node`
// and `link`. Nothing beyond level 255.   Source: spec/ksi-signature.md 4.1.
inline std::optional<HashInput> AggregationStep(HashAlgorithm algorithm,
                                                const AggregationLink& link, LeveledImprint& node) {
  const unsigned parent_level = node.level + 1u + link.level_correction;
  if (parent_level > std::numeric_limits<Level>::max()) return std::nullopt;
  node.level = static_cast<Level>(parent_level);
  const Bytes own = node.imprint.bytes();
  const bool left = link.direction == LinkDirection::kLeft;
  return HashInput{algorithm,
                   {left ? own : link.sibling, left ? link.sibling : own, Bytes(&node.level, 1)}};
}

// Stands in a calendar node where an aggregation node has its level.
inline constexpr std::uint8_t kCalendarLevel = 0xFF;

// The same in a calendar hash chain.   Source: spec 5.1.
inline HashInput CalendarStep(const CalendarLink& link, const Imprint& node) {
  const bool left = link.direction == LinkDirection::kLeft;
  const Imprint& left_operand = left ? node : link.sibling;
  const Imprint& right_operand = left ? link.sibling : node;
  return {right_operand.algorithm(),
          {left_operand.bytes(), right_operand.bytes(), Bytes(&kCalendarLevel, 1)}};
}

}  // namespace pitser::ledger::internal
