#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {

struct CalendarLink {
  LinkDirection direction;
  Imprint sibling;

  friend bool operator==(const CalendarLink&, const CalendarLink&) = default;
};

using CalendarLinks = std::vector<CalendarLink>;

// Proof that a second's aggregation root takes part in the calendar root of a publication time.
// Links run from the leaf upwards.   Source: spec/ksi-signature.md 3.7.
struct CalendarHashChain {
  std::uint64_t publication_time = 0;  // Unix seconds.
  // Unix seconds; absent means equal to the publication time. Read it by AggregationTime().
  std::optional<std::uint64_t> aggregation_time;
  Imprint input_hash;
  CalendarLinks links;  // At least one.

  std::uint64_t AggregationTime() const { return aggregation_time.value_or(publication_time); }
};

inline constexpr std::uint16_t kCalendarHashChainTag = 0x802;

// Errors: kInvalidArgument with offset and element name. The result owns what it holds.
absl::StatusOr<CalendarHashChain> ParseCalendarHashChain(const Element& element);

// Appends the 0x802 element.
void WriteCalendarHashChain(ByteVector& out, const CalendarHashChain& chain);

// The calendar root that the links imply.
// Errors: kUnimplemented if an algorithm cannot be computed by this build.   Source: spec 5.1.
absl::StatusOr<Imprint> FoldCalendarLinks(const Imprint& input,
                                          std::span<const CalendarLink> links);

// Whether the right links are the same, one by one: they lead to what was there before the leaf, so
// no later calendar has others.   Source: spec 8.6, 9.9.
bool RightLinksEqual(const CalendarLinks& a, const CalendarLinks& b);

// The second whose leaf has this shape in the tree of `publication_time`: the proven time.
// Errors: kInvalidArgument if no leaf of that tree has it.   Source: spec 5.2.
absl::StatusOr<std::uint64_t> CalendarTimeFromShape(std::uint64_t publication_time,
                                                    std::span<const CalendarLink> links);

}  // namespace pitser::ledger
