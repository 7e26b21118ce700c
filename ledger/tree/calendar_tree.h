#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/calendar_chain.h"

namespace pitser::ledger {

// The arithmetic of the calendar tree, over whatever holds its nodes. No I/O of its own.
// Source: spec/ksi-signature.md 5.3 to 5.5.

// Bits of a Unix second that the calendar counts with: leaves 0 .. 2^40 - 1 (36,000 years).
inline constexpr unsigned kCalendarLevels = 40;
inline constexpr std::uint64_t kMaxCalendarTime = (std::uint64_t{1} << kCalendarLevels) - 1;

// Where perfect subtrees come from.
class NodeReader {
 public:
  virtual ~NodeReader() = default;
  // The value of N(level, index), the perfect subtree over leaves index * 2^level and the
  // 2^level - 1 after it; EmptyNode(level) where no leaf is stored below it.
  // Errors: those of the medium, e.g. kDataLoss.
  virtual absl::StatusOr<Imprint> Node(unsigned level, std::uint64_t index) const = 0;
};

// Z_level: the constant value of a perfect subtree of seconds without a leaf.
const Imprint& EmptyNode(unsigned level);

// The value of an inner node of the calendar over its two children.
// Errors: kUnimplemented when this build cannot compute the right child's algorithm.
absl::StatusOr<Imprint> JoinCalendarNodes(const Imprint& left, const Imprint& right);

// A node of a level, by its place among those that it is looked at with.
using PlacedNode = std::pair<unsigned, Imprint>;

// Makes of nodes of `level` their parents, in place: `row` is ascending, has what is not empty, and
// the place of a node's neighbour is its own with the last bit turned. Returns the parents, the
// row's first so many, at half their places. Two hashes are computed side by side.
// Errors: as JoinCalendarNodes(); the row then means nothing.
absl::StatusOr<std::span<PlacedNode>> JoinCalendarRow(unsigned level, std::span<PlacedNode> row);

// A perfect subtree's value, to be written.
struct CalendarNode {
  unsigned level;
  std::uint64_t index;
  Imprint value;
};

// Nodes that are planned and not yet written, before those that are: the calendar as it would be.
// Both are referred to and outlive it; the plan may grow meanwhile.
class PlannedNodes : public NodeReader {
 public:
  PlannedNodes(const NodeReader& stored, const std::vector<CalendarNode>& planned)
      : stored_(stored), planned_(planned) {}
  absl::StatusOr<Imprint> Node(unsigned level, std::uint64_t index) const override;

 private:
  const NodeReader& stored_;
  const std::vector<CalendarNode>& planned_;
};

// The nodes to write so that leaf `t` has the value `leaf` when the newest closed second was
// `head` (nothing: none yet) - the leaf, the perfect subtrees that it completes, and those that the
// skipped seconds complete.   Cost: about kCalendarLevels hashes, however long the gap.
// Errors: kFailedPrecondition if t <= head; kOutOfRange if t > kMaxCalendarTime; the reader's.
absl::StatusOr<std::vector<CalendarNode>> PlanAppend(const NodeReader& nodes,
                                                     std::optional<std::uint64_t> head,
                                                     std::uint64_t t, const Imprint& leaf);

// The nodes that become complete when empty seconds follow the leaf at or before `head`, up to
// and including `new_head`.
absl::StatusOr<std::vector<CalendarNode>> PlanSkip(const NodeReader& nodes,
                                                   std::optional<std::uint64_t> head,
                                                   std::uint64_t new_head);

// What all chains to one publication time share: the values of the trees over its last seconds.
// Immutable. It never changes for a second that is closed, so it may be kept.
// Source: spec 5.5, "Peaks and folds".
class PeakFolds {
 public:
  // Precondition: seconds up to `publication_time` are closed.
  // Errors: kOutOfRange beyond kMaxCalendarTime; the reader's.   Cost: 40 hashes at most.
  static absl::StatusOr<PeakFolds> Make(const NodeReader& nodes, std::uint64_t publication_time);

  std::uint64_t publication_time() const { return count_ - 1; }
  const Imprint& root() const { return folds_.back().value; }
  // The tree over the last `count mod 2^level` of the seconds 0 .. count - 1 = publication_time().
  // Precondition: there are some.
  const Imprint& Below(unsigned level) const;
  // What it takes in memory.
  std::size_t bytes() const { return sizeof(*this) + folds_.capacity() * sizeof(Fold); }

 private:
  struct Fold {
    unsigned bit;  // Of the highest perfect block in it.
    Imprint value;
  };
  explicit PeakFolds(std::uint64_t count) : count_(count) {}

  std::uint64_t count_;
  std::vector<Fold> folds_;  // Ascending. Never empty.
};

// The calendar root for publication time `publication_time`. Precondition: seconds up to it are
// closed.   Errors: the reader's.
absl::StatusOr<Imprint> CalendarRoot(const NodeReader& nodes, std::uint64_t publication_time);

// The chain from leaf `t` to the root of `publication_time`; FoldCalendarLinks() of it from its
// input hash is CalendarRoot(), CalendarTimeFromShape() is t.
// Errors: kInvalidArgument if t > publication_time; the reader's.
absl::StatusOr<CalendarHashChain> BuildCalendarChain(const NodeReader& nodes, std::uint64_t t,
                                                     std::uint64_t publication_time);
// The same where the publication time's folds are at hand.
absl::StatusOr<CalendarHashChain> BuildCalendarChain(const NodeReader& nodes, std::uint64_t t,
                                                     const PeakFolds& folds);

}  // namespace pitser::ledger
