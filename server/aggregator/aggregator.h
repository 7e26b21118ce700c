#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/crypto/imprint.h"
#include "server/core/parent.h"

namespace pitser::server {

// A signature in the two pieces it is made of: what is this request's own, and what the whole round
// shares. ledger::AssembleSignature() of {own, seal->tail} is the signature.
struct SignAnswer {
  ledger::ByteVector own;  // Its 0x801 element.
  // What all answers of a round share: the parent's part. Never null.
  std::shared_ptr<const Seal> seal;
};

// Whether the level correction of an answer's first link includes the request's level.
// Source: spec/ksi-signature.md 8.3, 8.5.
enum class AnswerForm : std::uint8_t {
  kSignature,  // It does: a signature that verifies as it is, from level 0.
  kService,    // It does not: what the KSI service protocol wants; its client adds the level.
  // It does not: the chain above a tree that the server itself built over hashes of one caller. The
  // level is that tree's height, so it goes on from the chains inside it and max_level, which is
  // about what callers ask for, is not about it.
  kAboveTree,
};

// A request that waits for its round. Whoever makes one derives from it.
class PendingRequest {
 public:
  // `weight` is how many of max_pending it takes: at least 1, and more where one hash stands for a
  // tree of requests that each wait.
  PendingRequest(ledger::Imprint hash, ledger::Level level, std::string account,
                 absl::Time deadline, AnswerForm form = AnswerForm::kSignature,
                 std::uint32_t weight = 1)
      : hash_(hash),
        level_(level),
        form_(form),
        weight_(weight),
        account_(std::move(account)),
        deadline_(deadline) {}
  virtual ~PendingRequest() = default;

  const ledger::Imprint& hash() const { return hash_; }
  ledger::Level level() const { return level_; }  // Height of the tree that `hash` is the root of.
  const std::string& account() const { return account_; }  // The client id of the metadata.
  absl::Time deadline() const { return deadline_; }        // By the server's wall clock.
  AnswerForm form() const { return form_; }
  std::uint32_t weight() const { return weight_; }

  // True once nobody waits for the answer any more: the request then need not be signed.
  // Called from the round thread; the answer then is kCancelled.
  virtual bool Cancelled() const { return false; }

  // Called exactly once for every request that Enqueue() took, under no lock, from one of the
  // aggregator's threads: requests of one round are answered by several at once. Must not block.
  // The request is destroyed right after, on that thread.
  virtual void Answer(absl::StatusOr<SignAnswer> answer) = 0;

 private:
  const ledger::Imprint hash_;
  const ledger::Level level_;
  const AnswerForm form_;
  const std::uint32_t weight_;
  const std::string account_;
  const absl::Time deadline_;
};

// What an aggregator has done since it started, and does now. Counts are of requests; a batch is
// one.
struct AggregatorStats {
  struct Round {
    std::uint64_t t;         // Its aggregation time.
    std::uint64_t requests;  // Signed in it.
    absl::Duration took;     // From its beginning to be closed until all were answered.
  };
  std::uint64_t rounds = 0;         // That were signed; empty ones are none.
  std::uint64_t failed_rounds = 0;  // That could not be closed.
  std::optional<Round> last_round;  // The newest that was signed.
  std::uint64_t signed_requests = 0;
  std::uint64_t refused = 0;    // Not taken.
  std::uint64_t failed = 0;     // Taken, and answered with an error.
  std::uint64_t cancelled = 0;  // Taken, and nobody waited any more.
  std::uint64_t pending = 0;    // Taken and not answered yet.
  std::uint64_t answering =
      0;  // Rounds that are being closed or answered; 2: one holds up another.
  bool draining = false;
};

// Gathers the requests of a second into a hash tree, has its root signed by the parent, and gives
// each request its own chain.
// Thread: any.
class Aggregator {
 public:
  virtual ~Aggregator() = default;

  // Whether a caller's hash may be signed: what Enqueue() asks too, for hashes that come to it only
  // as leaves of a tree.
  // Errors: kInvalidArgument for an algorithm that is not trusted any more or a level above the
  // limit, which it names.
  virtual absl::Status CheckHash(const ledger::Imprint& hash, ledger::Level level) const = 0;

  // The highest level that a request may have now: the limit, or less where the parent takes less.
  virtual ledger::Level max_level() const = 0;

  // Never blocks. On OK the request is taken and answered exactly once; otherwise it is left to the
  // caller.
  // Errors: kInvalidArgument for an algorithm that is not trusted any more, a level above the
  // limit or an account that no metadata can name; kResourceExhausted, naming the limit, when too
  // many requests are pending; kDeadlineExceeded when the deadline lies before the round can be
  // answered; kUnavailable after CloseIntake() or while signing is stopped, saying why.
  virtual absl::Status Enqueue(std::unique_ptr<PendingRequest>& request) = 0;

  // While draining, new requests are refused with kUnavailable; what was taken is answered.
  virtual void SetDraining(bool) {}

  // Never blocks for long: takes locks that nothing slow is done under.
  virtual AggregatorStats Stats() const { return {}; }

  // Shutdown, in two steps: no new requests; then Stop() closes a last round at its boundary,
  // answers everything that is pending and ends the thread. Stop() may be called again.
  virtual void CloseIntake() = 0;
  virtual void Stop() = 0;
};

// Limits and habits of an aggregator. Limits are named in refusals as here.
struct AggregatorOptions {
  // Length of a round in whole seconds, aligned to multiples since the epoch. A round's aggregation
  // time is its last second, so that no signature tells an earlier time than its request came in.
  std::uint32_t round_seconds = 1;
  // `max_pending`: requests that wait for their answer at one time, in all rounds together, each
  // counted by its weight.
  std::size_t max_pending = 200'000;
  // `max_level`: height of the tree that a request's hash may be the root of.
  ledger::Level max_level = 200;
  // The machine id of the metadata; empty: none.
  std::string node_name;
  // How long requests wait for a clock that was set back; see ClockRules::max_behind.
  absl::Duration max_behind = absl::Seconds(5);
  // Outlives the aggregator.
  const ledger::AlgorithmPolicy* algorithms = &ledger::AlgorithmPolicy::Default();
};

inline constexpr std::size_t kMaxAccountSize = 255;  // Bytes of UTF-8.

// The highest tree over whole documents that an answer of the form kAboveTree may stand above: more
// leaves than memory has. Where max_level is higher, a tree may be as high as that.
inline constexpr ledger::Level kMaxOwnTreeLevel = 40;

// The highest level that a request may have now: `max_level`, or less where the parent takes less.
ledger::Level HighestLevel(const AggregatorOptions& options, const Parent& parent);

// Starts the round thread, and those that hand out answers: one for each processor, 16 at most.
// `parent` and `clock` are not owned and outlive the aggregator, whose
// destructor stops it.
// Errors: kInvalidArgument when the limits could lead to a root above level 254 or a chain of more
// than 62 links, or the node's name cannot stand in metadata.
absl::StatusOr<std::unique_ptr<Aggregator>> StartAggregator(const AggregatorOptions& options,
                                                            Parent* parent, base::Clock* clock);

}  // namespace pitser::server
