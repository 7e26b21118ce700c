#include "ledger/format/fold.h"

#include "ledger/format/steps.h"

namespace pitser::ledger {
namespace {

// Walks all links of all chains.
class AggregationWalk {
 public:
  // Precondition: there is a chain, and each has a link.
  explicit AggregationWalk(std::span<const AggregationHashChain> chains)
      : chains_(chains), node_{chains.front().input_hash, 0} {}

  bool done() const { return chains_.empty(); }
  std::optional<HashInput> Step() {
    return internal::AggregationStep(chains_.front().algorithm, chains_.front().links[link_],
                                     node_);
  }
  // Where the imprint of a step goes. Afterwards the walk goes on.
  Imprint& imprint() { return node_.imprint; }
  void GoOn() {
    if (++link_ < chains_.front().links.size()) return;
    outputs_.push_back(node_);
    chains_ = chains_.subspan(1);
    link_ = 0;
    if (!done()) node_.imprint = chains_.front().input_hash;
  }

  ChainOutputs TakeOutputs() { return std::move(outputs_); }

 private:
  std::span<const AggregationHashChain> chains_;  // Those that are left.
  std::size_t link_ = 0;                          // Of the first of them.
  LeveledImprint node_;
  ChainOutputs outputs_;
};

}  // namespace

std::optional<FoldedChains> FoldSideBySide(std::span<const AggregationHashChain> chains,
                                           const CalendarHashChain& calendar) {
  AggregationWalk walk(chains);
  Imprint root = calendar.input_hash;
  std::span<const CalendarLink> links = calendar.links;  // Those that are left.
  while (!walk.done()) {
    const std::optional<HashInput> step = walk.Step();
    if (!step) return std::nullopt;
    if (!links.empty()) {
      const HashInput calendar_step = internal::CalendarStep(links.front(), root);
      links = links.subspan(1);
      if (!HashTwo(*step, calendar_step, walk.imprint(), root).ok()) return std::nullopt;
    } else if (!HashOne(*step, walk.imprint()).ok()) {
      return std::nullopt;
    }
    walk.GoOn();
  }
  const absl::StatusOr<Imprint> rest = FoldCalendarLinks(root, links);
  if (!rest.ok()) return std::nullopt;
  return FoldedChains{walk.TakeOutputs(), *rest};
}

}  // namespace pitser::ledger
