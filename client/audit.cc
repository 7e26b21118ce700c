#include "client/audit.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/tree/calendar_tree.h"

namespace pitser::client {

using ledger::CalendarHashChain;
using ledger::Imprint;

std::string_view ClaimKindName(ClaimKind kind) {
  switch (kind) {
    case ClaimKind::kHead:
      return "head";
    case ClaimKind::kPublication:
      return "publication";
    case ClaimKind::kRecord:
      return "record";
    case ClaimKind::kLeaf:
      break;
  }
  return "leaf";
}

Audit::Audit(ledger::CalendarReplay start, std::vector<Claim> claims) : replay_(std::move(start)) {
  std::ranges::stable_sort(claims, {}, &Claim::time);
  for (Claim& claim : claims) judgements_.push_back({.claim = std::move(claim), .found = {}});
  while (ClaimsWait() && judgements_[at_].claim.time < replay_.next()) ++at_;
}

absl::Status Audit::Take(const LeafRun& run) {
  if (run.first_time > replay_.next()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the leaves begin at second %d, those from %d on are missing",
                        run.first_time, replay_.next()));
  }
  if (run.last_time() < replay_.next()) return absl::OkStatus();
  if (run.leaves.empty()) return TakeEmpty(run.last_time());
  for (std::uint64_t t = replay_.next(); t <= run.last_time(); ++t) {
    const Imprint& leaf = run.leaves[t - run.first_time];
    PITSER_RETURN_IF_ERROR(replay_.Append(t, leaf));
    ++leaves_;
    if (ClaimsWait() && judgements_[at_].claim.time == t) PITSER_RETURN_IF_ERROR(JudgeHead(&leaf));
  }
  return absl::OkStatus();
}

absl::Status Audit::TakeEmpty(std::uint64_t last) {
  while (ClaimsWait() && judgements_[at_].claim.time <= last) {
    PITSER_RETURN_IF_ERROR(replay_.Skip(judgements_[at_].claim.time));
    PITSER_RETURN_IF_ERROR(JudgeHead(nullptr));
  }
  return replay_.next() > last ? absl::OkStatus() : replay_.Skip(last);
}

void Audit::JudgeRoot(Judgement& judgement, const Imprint& root) {
  judgement.found = root;
  judgement.finding = root == judgement.claim.value ? Finding::kHolds : Finding::kBroken;
}

absl::Status Audit::JudgeHead(const Imprint* leaf) {
  std::optional<Imprint> root;
  for (; ClaimsWait() && judgements_[at_].claim.time < replay_.next(); ++at_) {
    Judgement& judgement = judgements_[at_];
    if (judgement.claim.kind == ClaimKind::kLeaf) {
      JudgeRoot(judgement, leaf != nullptr ? *leaf : ledger::EmptyNode(0));
      continue;
    }
    if (!root) {
      PITSER_ASSIGN_OR_RETURN(root, replay_.Root());
    }
    JudgeRoot(judgement, *root);
  }
  return absl::OkStatus();
}

absl::Status Audit::Settle(std::size_t index, const CalendarHashChain& chain) {
  Judgement& judgement = judgements_[index];
  PITSER_CHECK(judgement.finding == Finding::kOpen && judgement.claim.time < replay_.next());
  PITSER_ASSIGN_OR_RETURN(const Imprint root, replay_.Root());
  PITSER_RETURN_IF_ERROR(CheckChainTo(chain, judgement.claim.time, replay_.next() - 1, root));
  if (judgement.claim.kind == ClaimKind::kLeaf) {
    JudgeRoot(judgement, chain.input_hash);
    return absl::OkStatus();
  }
  PITSER_ASSIGN_OR_RETURN(const Imprint then, ledger::RootAtAggregationTime(chain));
  JudgeRoot(judgement, then);
  return absl::OkStatus();
}

std::optional<SecondRange> Audit::BrokenRange() const {
  SecondRange range;
  for (const Judgement& judgement : judgements_) {
    if (judgement.claim.kind == ClaimKind::kLeaf) continue;
    if (judgement.finding == Finding::kHolds) range.after = judgement.claim.time;
    if (judgement.finding == Finding::kBroken) {
      range.last = judgement.claim.time;
      return range;
    }
  }
  return std::nullopt;
}

absl::Status CheckChainTo(const CalendarHashChain& chain, std::uint64_t aggregation_time,
                          std::uint64_t head, const Imprint& root) {
  const auto shape = ledger::CalendarTimeFromShape(chain.publication_time, chain.links);
  if (chain.publication_time != head || !shape.ok() || *shape != aggregation_time ||
      chain.AggregationTime() != aggregation_time) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the calendar hash chain does not lead from second %d to %d", aggregation_time, head));
  }
  PITSER_ASSIGN_OR_RETURN(const Imprint folded,
                          ledger::FoldCalendarLinks(chain.input_hash, chain.links));
  if (folded == root) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "the calendar hash chain from second %d leads to another root of second %d than the leaves",
      aggregation_time, head));
}

}  // namespace pitser::client
