#include "server/aggregator/aggregator.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/retry_hint.h"
#include "base/thread.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "server/aggregator/intake.h"
#include "server/aggregator/refusals.h"
#include "server/aggregator/round.h"
#include "server/aggregator/round_groups.h"
#include "server/aggregator/round_signer.h"

namespace pitser::server {
namespace {

constexpr std::uint64_t kMaxSecond = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned kMaxLinks = 62;  // Spec 4.4.

// How much longer than it should take by the wall clock a wait for a boundary may take before the
// round thread looks whether that clock was set back.
constexpr absl::Duration kPatience = absl::Seconds(1);

// What metadata can hold as a name.
absl::Status CheckName(std::string_view what, std::string_view name) {
  if (name.size() > kMaxAccountSize || name.find('\0') != std::string_view::npos ||
      !ledger::IsUtf8(ledger::AsBytes(name))) {
    return absl::InvalidArgumentError(absl::StrCat(ledger::ToAbsl(what), ": expected at most ",
                                                   kMaxAccountSize,
                                                   " bytes of UTF-8 without a zero byte"));
  }
  return absl::OkStatus();
}

absl::Status CheckOptions(const AggregatorOptions& options) {
  if (options.round_seconds == 0 || options.max_pending == 0) {
    return absl::InvalidArgumentError("round length and max_pending must be at least 1");
  }
  const unsigned tree_height = static_cast<unsigned>(std::bit_width(options.max_pending - 1));
  const unsigned max_level = std::max<unsigned>(options.max_level, kMaxOwnTreeLevel);
  if (max_level + 1U + tree_height > Parent::kMaxRootLevel || 1 + tree_height > kMaxLinks) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_level ", options.max_level, " and max_pending ", options.max_pending,
                     " together could lead to a root above level ", Parent::kMaxRootLevel));
  }
  return CheckName("node name", options.node_name);
}

// The round thread, and the order in which it does things: rounds are closed one after the other,
// each when its second is over.
class RoundAggregator final : public Aggregator {
 public:
  RoundAggregator(const AggregatorOptions& options, Parent* parent, base::Clock* clock)
      : options_(options),
        times_{options.round_seconds, options.max_behind},
        parent_(parent),
        clock_(clock),
        waiter_(clock->NewWaiter()),
        intake_(times_, options.max_pending, clock),
        signer_(options, parent, clock, &intake_) {
    // From here on the parent holds the seconds that requests may come in for.
    const absl::Time now = clock_->Now();
    const absl::Status health = CheckHealth();
    HoldNext(now, health.ok());
    intake_.Refuse(health);
    thread_ = base::Thread("pitser-round", [this] { Run(); });
  }
  ~RoundAggregator() override { Stop(); }

  absl::Status CheckHash(const ledger::Imprint& hash, ledger::Level level) const override;
  ledger::Level max_level() const override { return HighestLevel(options_, *parent_); }
  absl::Status Enqueue(std::unique_ptr<PendingRequest>& request) override;
  void SetDraining(bool draining) override { intake_.SetDraining(draining); }
  AggregatorStats Stats() const override;
  void CloseIntake() override { intake_.Close(); }
  void Stop() override;

 private:
  absl::Status CheckRequest(const PendingRequest& request) const;

  void Run();
  absl::Status CheckHealth();
  absl::Time HoldNext(absl::Time now, bool healthy);
  void CloseDueRounds(absl::Time now);

  const AggregatorOptions options_;
  const RoundTimes times_;
  Parent* const parent_;
  base::Clock* const clock_;
  const std::unique_ptr<base::Clock::Waiter> waiter_;

  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<bool> stopping_ = false;
  Intake intake_;
  RoundSigner signer_;

  base::Thread thread_;  // The round thread.
};

absl::Status RoundAggregator::CheckHash(const ledger::Imprint& hash, ledger::Level level) const {
  if (!options_.algorithms->Trusted(hash.algorithm())) {
    return absl::InvalidArgumentError(
        absl::StrCat("hash algorithm ", ledger::ToAbsl(ledger::HashAlgorithmName(hash.algorithm())),
                     " is not trusted any more: hash the document with SHA-256"));
  }
  if (level > max_level()) return LevelTooHigh(level, max_level());
  return absl::OkStatus();
}

absl::Status RoundAggregator::CheckRequest(const PendingRequest& request) const {
  const bool own_tree = request.form() == AnswerForm::kAboveTree;
  if (own_tree && request.level() > std::max(kMaxOwnTreeLevel, options_.max_level)) {
    return absl::InternalError("a tree of our own is higher than was reckoned with");
  }
  if (own_tree && !FitsATree(request.level(), parent_->max_root_level())) {
    return base::WithLimit(
        absl::InvalidArgumentError(
            absl::StrCat("the batch makes a tree of level ", request.level(), ", its parent takes ",
                         parent_->max_root_level() - 1, " at most: send it in smaller batches")),
        "max_batch");
  }
  PITSER_RETURN_IF_ERROR(CheckHash(request.hash(), own_tree ? ledger::Level{0} : request.level()));
  if (request.account().empty()) return absl::InvalidArgumentError("the account has no name");
  return CheckName("account", request.account());
}

absl::Status RoundAggregator::Enqueue(std::unique_ptr<PendingRequest>& request) {
  absl::Status taken = CheckRequest(*request);
  if (taken.ok()) taken = intake_.Take(request);
  if (!taken.ok()) ++refused_;
  return taken;
}

AggregatorStats RoundAggregator::Stats() const {
  AggregatorStats stats;
  signer_.AddTo(stats);
  stats.refused = refused_;
  stats.pending = intake_.pending();
  stats.draining = intake_.draining();
  return stats;
}

void RoundAggregator::Stop() {
  intake_.Close();
  stopping_ = true;
  waiter_->Interrupt();
  // Until what is pending is answered: a round's length, and closing it (Parent::Close).
  thread_.Join();
  signer_.Stop();
}

void RoundAggregator::Run() {
  while (true) {
    // Read before the health, so that it is a time that signing was not stopped for.
    const absl::Time now = clock_->Now();
    const absl::Status health = CheckHealth();
    if (health.ok()) {
      CloseDueRounds(now);
      // What waits for a time that the clock, set back meanwhile, is far from.
      signer_.Refuse(intake_.TakeStranded(clock_->Now()), ClockSetBack(kRetryAfter));
    }
    const absl::Time boundary = HoldNext(now, health.ok());
    // What was let go of is held again before anything comes in.
    intake_.Refuse(health);
    if (stopping_ && !intake_.First()) break;
    const absl::Duration distance = std::max(boundary - clock_->Now(), absl::ZeroDuration());
    // Woken by the time or Stop(); by a clock that was set back, at the latest after kPatience.
    waiter_->WaitUntil(boundary, distance + kPatience);
    waiter_->ClearInterrupt();
  }
  parent_->HoldFrom(kMaxSecond);
}

// Whether rounds may be closed; if not, everything that waits and comes in is refused.
absl::Status RoundAggregator::CheckHealth() {
  absl::Status health = parent_->Health();
  // What may be over is tried again with every round.
  if (absl::IsResourceExhausted(health)) health = absl::OkStatus();
  if (absl::IsUnavailable(health)) health = base::WithRetryAfter(health, kRetryAfter);
  if (!health.ok()) {
    intake_.Refuse(health);
    signer_.Refuse(intake_.TakeAll(), health);
  }
  return health;
}

// Settles which second is the next to be closed, has the parent hold it, and returns when to look
// again: at its end. While signing is stopped nothing waits and nothing is held, so that those who
// only read do not wait for a round that nobody closes; it is looked again in a second.
absl::Time RoundAggregator::HoldNext(absl::Time now, bool healthy) {
  const std::uint64_t current = times_.RoundOf(RoundTimes::SecondOf(now));
  if (!healthy) {  // The clock may be what is wrong: it moves nothing on.
    parent_->HoldFrom(kMaxSecond);
    return RoundTimes::EndOf(current);
  }
  intake_.OpenFrom(std::max(intake_.next(), current));
  const std::optional<std::uint64_t> first = intake_.First();
  if (first) intake_.OpenFrom(std::min(intake_.next(), *first));
  const std::uint64_t held = parent_->HoldFrom(intake_.next());
  if (!first && absl::IsResourceExhausted(parent_->Health())) parent_->TryAgain(held);
  intake_.OpenFrom(std::max(intake_.next(), times_.RoundOf(held)));
  return RoundTimes::EndOf(intake_.next());
}

// Closes the rounds that were over at `now`, one after the other. Those that come in meanwhile are
// gathered in rounds of their own.
void RoundAggregator::CloseDueRounds(absl::Time now) {
  while (true) {
    const std::optional<std::uint64_t> first = intake_.First();
    if (!first || RoundTimes::EndOf(*first) > now) return;
    // Where the time is the parent's own, all that are over go as one.
    const std::uint64_t last = parent_->names_time() ? RoundTimes::SecondOf(now) - 1 : *first;
    signer_.Sign(intake_.TakeUpTo(std::max(*first, last)));
  }
}

}  // namespace

ledger::Level HighestLevel(const AggregatorOptions& options, const Parent& parent) {
  const ledger::Level highest_root = parent.max_root_level();
  return std::min<ledger::Level>(options.max_level, highest_root > 0 ? highest_root - 1 : 0);
}

absl::StatusOr<std::unique_ptr<Aggregator>> StartAggregator(const AggregatorOptions& options,
                                                            Parent* parent, base::Clock* clock) {
  PITSER_RETURN_IF_ERROR(CheckOptions(options));
  return std::make_unique<RoundAggregator>(options, parent, clock);
}

}  // namespace pitser::server
