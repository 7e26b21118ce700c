#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/leaf_run.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/tree/calendar_replay.h"

// The audit of a ledger: its calendar is replayed leaf by leaf, and whatever anybody says of it is
// held against what comes out. No network, no clock.
namespace pitser::client {

enum class ClaimKind {
  kHead,         // The root that the server itself tells for a second.
  kPublication,  // A published root.
  kRecord,       // The root of a calendar authentication record.
  kLeaf,         // The leaf that a calendar hash chain begins with.
};
// "head", "publication", "record", "leaf".
std::string_view ClaimKindName(ClaimKind kind);

// What somebody says of a second: its calendar root, or its leaf.
struct Claim {
  ClaimKind kind = ClaimKind::kHead;
  std::uint64_t time = 0;  // Unix seconds.
  ledger::Imprint value;
  std::string source;  // For people, e.g. "contract.pdf.ksig".
};

enum class Finding {
  kOpen,    // The replay did not come to it, or began after it.
  kHolds,   // It is what was recomputed.
  kBroken,  // It is not.
};

struct Judgement {
  Claim claim;
  Finding finding = Finding::kOpen;
  std::optional<ledger::Imprint> found;  // What was recomputed, if it was.
};

// A stretch of seconds: after `after` (nothing: from the first), up to and including `last`.
struct SecondRange {
  std::optional<std::uint64_t> after;
  std::uint64_t last = 0;
};

// Replays and judges.   Memory: the claims and some kilobytes.   Thread: one at a time.
class Audit {
 public:
  // Goes on from `start`. Claims may come in any order; those at or before the start's head stay
  // open until Settle().
  Audit(ledger::CalendarReplay start, std::vector<Claim> claims);

  // Takes in the next seconds. What the run has of seconds before the replay's next one is passed
  // over: they were taken in before.
  // Errors: kInvalidArgument when the run begins after the replay's next second; those of
  // CalendarReplay::Append().
  absl::Status Take(const LeafRun& run);

  // Judges an open claim of a second before the replay's head, by the chain from that second to the
  // head: a chain that does not lead to the recomputed root is none.
  // Errors: kDataLoss when the chain contradicts the replay; kInvalidArgument when it is of other
  // times; kUnimplemented.
  absl::Status Settle(std::size_t index, const ledger::CalendarHashChain& chain);

  const ledger::CalendarReplay& replay() const { return replay_; }
  // By ascending time.
  std::span<const Judgement> judgements() const { return judgements_; }
  // How many seconds that have a leaf were taken in.
  std::uint64_t leaves() const { return leaves_; }

  // Where the ledger's leaves are not those that were published: after the last root that holds
  // before the first that does not. Nothing when no root is broken.
  std::optional<SecondRange> BrokenRange() const;

 private:
  void JudgeRoot(Judgement& judgement, const ledger::Imprint& root);
  // Judges what is claimed of the replay's head; `leaf` is null when that second is empty.
  absl::Status JudgeHead(const ledger::Imprint* leaf);
  absl::Status TakeEmpty(std::uint64_t last);
  bool ClaimsWait() const { return at_ < judgements_.size(); }

  ledger::CalendarReplay replay_;
  std::vector<Judgement> judgements_;
  std::size_t at_ = 0;  // The first of judgements_ that lies after the head.
  std::uint64_t leaves_ = 0;
};

// OK when the chain leads from its aggregation time to `root` at `head`.
// Errors: kInvalidArgument when it is of other times; kDataLoss when it leads elsewhere;
// kUnimplemented.
absl::Status CheckChainTo(const ledger::CalendarHashChain& chain, std::uint64_t aggregation_time,
                          std::uint64_t head, const ledger::Imprint& root);

}  // namespace pitser::client
