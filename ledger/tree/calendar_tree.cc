#include "ledger/tree/calendar_tree.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"

namespace pitser::ledger {
namespace {

constexpr std::uint8_t kCalendarByte = 0xFF;  // Where aggregation has the level.

bool Bit(std::uint64_t value, unsigned bit) { return (value >> bit & 1) != 0; }

// The number of closed seconds, which is also the next second.
std::uint64_t NextSecond(std::optional<std::uint64_t> head) { return head ? *head + 1 : 0; }

absl::Status CheckRange(std::uint64_t t) {
  if (t <= kMaxCalendarTime) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrFormat("second %d lies beyond the calendar's end, %d", t, kMaxCalendarTime));
}

absl::Status CheckAfterHead(std::optional<std::uint64_t> head, std::uint64_t t) {
  PITSER_RETURN_IF_ERROR(CheckRange(t));
  if (!head || t > *head) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("second %d is not after the head, %d", t, *head));
}

// The right child chooses the algorithm: spec 5.1.
HashInput JoinInput(const Imprint& left, const Imprint& right) {
  return {right.algorithm(), {left.bytes(), right.bytes(), Bytes(&kCalendarByte, 1)}};
}

}  // namespace

absl::StatusOr<Imprint> JoinCalendarNodes(const Imprint& left, const Imprint& right) {
  const HashInput input = JoinInput(left, right);
  return Hash(input.algorithm, {input.parts[0], input.parts[1], input.parts[2]});
}

absl::StatusOr<std::span<PlacedNode>> JoinCalendarRow(unsigned level, std::span<PlacedNode> row) {
  const Imprint& empty = EmptyNode(level);
  std::size_t next = 0;
  const auto take = [&](unsigned& place) {
    const PlacedNode& node = row[next++];
    place = node.first / 2;
    if (node.first % 2 != 0) return JoinInput(empty, node.second);
    const bool both = next < row.size() && row[next].first == node.first + 1;
    return JoinInput(node.second, both ? row[next++].second : empty);
  };
  std::size_t made = 0;
  unsigned one_place = 0;
  unsigned other_place = 0;
  while (next < row.size()) {
    const HashInput one = take(one_place);
    PlacedNode& one_node = row[made++];
    if (next == row.size()) {
      PITSER_ASSIGN_OR_RETURN(one_node.second,
                              Hash(one.algorithm, {one.parts[0], one.parts[1], one.parts[2]}));
    } else {
      const HashInput other = take(other_place);
      PlacedNode& other_node = row[made++];
      PITSER_RETURN_IF_ERROR(HashTwo(one, other, one_node.second, other_node.second));
      other_node.first = other_place;
    }
    one_node.first = one_place;
  }
  return row.first(made);
}

const Imprint& EmptyNode(unsigned level) {
  static const auto* const kTable = [] {
    auto* table = new std::vector<Imprint>{Imprint::Zero(HashAlgorithm::kSha256)};
    for (unsigned i = 0; i < kCalendarLevels; ++i) {
      auto node = JoinCalendarNodes(table->back(), table->back());
      PITSER_CHECK(node.ok());
      table->push_back(*node);
    }
    return table;
  }();
  PITSER_CHECK(level <= kCalendarLevels);
  return (*kTable)[level];
}

absl::StatusOr<Imprint> PlannedNodes::Node(unsigned level, std::uint64_t index) const {
  for (const CalendarNode& node : planned_) {
    if (node.level == level && node.index == index) return node.value;
  }
  return stored_.Node(level, index);
}

absl::StatusOr<std::vector<CalendarNode>> PlanSkip(const NodeReader& nodes,
                                                   std::optional<std::uint64_t> head,
                                                   std::uint64_t new_head) {
  PITSER_RETURN_IF_ERROR(CheckAfterHead(head, new_head));
  const std::uint64_t next = NextSecond(head);
  const std::uint64_t end = new_head + 1;
  std::vector<CalendarNode> plan;
  // The one subtree of each level that was begun before `next`, filled up with empty seconds.
  Imprint value = EmptyNode(0);
  for (unsigned level = 1; level <= kCalendarLevels; ++level) {
    const std::uint64_t index = next >> level;
    if ((index + 1) << level > end) break;
    if (Bit(next, level - 1)) {
      PITSER_ASSIGN_OR_RETURN(const Imprint left, nodes.Node(level - 1, (next >> (level - 1)) - 1));
      if (left == EmptyNode(level - 1) && value == left) {
        value = EmptyNode(level);
      } else {
        PITSER_ASSIGN_OR_RETURN(value, JoinCalendarNodes(left, value));
      }
    } else if (value == EmptyNode(level - 1)) {
      value = EmptyNode(level);
    } else {
      PITSER_ASSIGN_OR_RETURN(value, JoinCalendarNodes(value, EmptyNode(level - 1)));
    }
    if (value != EmptyNode(level)) plan.push_back({level, index, value});
  }
  return plan;
}

absl::StatusOr<std::vector<CalendarNode>> PlanAppend(const NodeReader& nodes,
                                                     std::optional<std::uint64_t> head,
                                                     std::uint64_t t, const Imprint& leaf) {
  PITSER_RETURN_IF_ERROR(CheckAfterHead(head, t));
  std::vector<CalendarNode> plan;
  if (t > NextSecond(head)) {
    PITSER_ASSIGN_OR_RETURN(plan, PlanSkip(nodes, head, t - 1));
  }
  plan.push_back({0, t, leaf});
  const PlannedNodes reader(nodes, plan);
  Imprint value = leaf;
  std::uint64_t index = t;
  for (unsigned level = 0; index % 2 == 1; ++level, index /= 2) {
    PITSER_ASSIGN_OR_RETURN(const Imprint left, reader.Node(level, index - 1));
    PITSER_ASSIGN_OR_RETURN(value, JoinCalendarNodes(left, value));
    plan.push_back({level + 1, index / 2, value});
  }
  return plan;
}

absl::StatusOr<PeakFolds> PeakFolds::Make(const NodeReader& nodes, std::uint64_t publication_time) {
  PITSER_RETURN_IF_ERROR(CheckRange(publication_time));
  PeakFolds folds(publication_time + 1);
  folds.folds_.reserve(static_cast<std::size_t>(std::popcount(folds.count_)));
  for (unsigned bit = 0; bit <= kCalendarLevels; ++bit) {
    if (!Bit(folds.count_, bit)) continue;
    PITSER_ASSIGN_OR_RETURN(Imprint value, nodes.Node(bit, (folds.count_ >> bit) - 1));
    if (!folds.folds_.empty()) {
      PITSER_ASSIGN_OR_RETURN(value, JoinCalendarNodes(value, folds.folds_.back().value));
    }
    folds.folds_.push_back({bit, value});
  }
  return folds;
}

const Imprint& PeakFolds::Below(unsigned level) const {
  const auto after = std::ranges::lower_bound(folds_, level, {}, &Fold::bit);
  PITSER_CHECK(after != folds_.begin());
  return std::prev(after)->value;
}

absl::StatusOr<Imprint> CalendarRoot(const NodeReader& nodes, std::uint64_t publication_time) {
  PITSER_ASSIGN_OR_RETURN(const PeakFolds folds, PeakFolds::Make(nodes, publication_time));
  return folds.root();
}

absl::StatusOr<CalendarHashChain> BuildCalendarChain(const NodeReader& nodes, std::uint64_t t,
                                                     std::uint64_t publication_time) {
  PITSER_ASSIGN_OR_RETURN(const PeakFolds folds, PeakFolds::Make(nodes, publication_time));
  return BuildCalendarChain(nodes, t, folds);
}

absl::StatusOr<CalendarHashChain> BuildCalendarChain(const NodeReader& nodes, std::uint64_t t,
                                                     const PeakFolds& folds) {
  const std::uint64_t publication_time = folds.publication_time();
  if (t > publication_time) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no chain leads from second %d to the earlier publication time %d", t, publication_time));
  }
  // Fact D of spec 5.3: `own` is the level of the perfect block of [0, count) that t lies in.
  const std::uint64_t count = publication_time + 1;
  const unsigned own = static_cast<unsigned>(std::bit_width(t ^ count)) - 1;
  PITSER_ASSIGN_OR_RETURN(const Imprint input, nodes.Node(0, t));
  CalendarLinks links;
  links.reserve(kCalendarLevels);
  const auto add_right = [&](unsigned level) -> absl::Status {
    PITSER_ASSIGN_OR_RETURN(const Imprint sibling, nodes.Node(level, (t >> level) - 1));
    links.push_back({LinkDirection::kRight, sibling});
    return absl::OkStatus();
  };
  for (unsigned level = 0; level < own; ++level) {
    if (Bit(t, level)) {
      PITSER_RETURN_IF_ERROR(add_right(level));
    } else {
      PITSER_ASSIGN_OR_RETURN(const Imprint sibling, nodes.Node(level, (t >> level) + 1));
      links.push_back({LinkDirection::kLeft, sibling});
    }
  }
  if ((count & ((std::uint64_t{1} << own) - 1)) != 0) {
    links.push_back({LinkDirection::kLeft, folds.Below(own)});
  }
  for (unsigned level = own + 1; level <= kCalendarLevels; ++level) {
    if (Bit(t, level)) PITSER_RETURN_IF_ERROR(add_right(level));
  }
  return CalendarHashChain{.publication_time = publication_time,
                           .aggregation_time = t,
                           .input_hash = input,
                           .links = std::move(links)};
}

}  // namespace pitser::ledger
