#include "server/aggregator/aggregator.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/retry_hint.h"
#include "base/thread.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "server/aggregator/round_tree.h"

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr std::uint64_t kMaxSecond = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned kMaxRootLevel = 254;  // Spec 8.5.
constexpr unsigned kMaxLinks = 62;       // Spec 4.4.

// How much longer than it should take by the wall clock a wait for a boundary may take before the
// round thread looks whether that clock was set back.
constexpr absl::Duration kPatience = absl::Seconds(1);

constexpr absl::Duration kRetryAfter = absl::Seconds(1);

absl::Time StartOf(std::uint64_t second) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(second));
}

std::uint64_t SecondOf(absl::Time now) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(now)));
}

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
  if (max_level + 1U + tree_height > kMaxRootLevel || 1 + tree_height > kMaxLinks) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_level ", options.max_level, " and max_pending ", options.max_pending,
                     " together could lead to a root above level ", kMaxRootLevel));
  }
  return CheckName("node name", options.node_name);
}

absl::Status ClockSetBack() {
  return absl::UnavailableError("the machine's clock was set back: signing waits for it");
}

// A second that could not be closed is no fault of its requests: they may come again.
absl::Status ForCaller(const absl::Status& failure) {
  if (!absl::IsFailedPrecondition(failure) && !absl::IsAborted(failure) &&
      !absl::IsUnavailable(failure)) {
    return failure;
  }
  return base::WithRetryAfter(absl::UnavailableError(failure.message()), kRetryAfter);
}

struct Waiting {
  std::unique_ptr<PendingRequest> request;
  absl::Time since;
};

// The requests of one aggregation time.
struct Round {
  std::uint64_t t;
  std::vector<Waiting> waiting;

  std::size_t Weight() const {
    std::size_t sum = 0;
    for (const Waiting& one : waiting) sum += one.request->weight();
    return sum;
  }
};

class RoundAggregator final : public Aggregator {
 public:
  RoundAggregator(const AggregatorOptions& options, Core* core, base::Clock* clock)
      : options_(options), core_(core), clock_(clock), waiter_(clock->NewWaiter()) {
    // From here on the core holds the seconds that requests may come in for.
    const absl::Time now = clock_->Now();
    HoldNext(now, CheckHealth());
    thread_ = base::Thread("pitser-round", [this] { Run(); });
  }
  ~RoundAggregator() override { Stop(); }

  absl::Status CheckHash(const ledger::Imprint& hash, ledger::Level level) const override;
  absl::Status Enqueue(std::unique_ptr<PendingRequest>& request) override;
  void SetDraining(bool draining) override;
  AggregatorStats Stats() const override;
  void CloseIntake() override;
  void Stop() override;

 private:
  // The last second of the round that `second` belongs to: its aggregation time.
  std::uint64_t RoundOf(std::uint64_t second) const {
    return second - second % options_.round_seconds + options_.round_seconds - 1;
  }
  static absl::Time EndOf(std::uint64_t t) { return StartOf(t) + absl::Seconds(1); }
  // Whether round `t` is so far ahead of the clock that the clock must have been set back.
  bool TooFarAhead(std::uint64_t t, absl::Time now) const {
    return EndOf(t) - now > absl::Seconds(options_.round_seconds) + options_.max_behind;
  }

  absl::Status CheckRequest(const PendingRequest& request) const;
  absl::Status Take(std::unique_ptr<PendingRequest>& request);

  void Run();
  bool CheckHealth();
  absl::Time HoldNext(absl::Time now, bool healthy);
  void CloseDueRounds(absl::Time now);
  void CloseRound(Round round);
  void SignRound(const Round& round);
  void RefuseStranded();
  void RefuseAll(const absl::Status& why);
  void Refuse(std::deque<Round> rounds, const absl::Status& why);
  void Forget(std::size_t weight, std::size_t requests);
  template <typename Change>
  void Count(Change change) {
    MutexLock lock(mu_);
    change(stats_);
  }

  const AggregatorOptions options_;
  Core* const core_;
  base::Clock* const clock_;
  const std::unique_ptr<base::Clock::Waiter> waiter_;

  std::atomic<std::uint64_t> refused_ = 0;
  // Leaf lock but for the clock's: nothing is hashed, encoded, answered or logged under it.
  mutable base::Mutex mu_;
  // Rounds that were not taken to be closed yet, ascending; commonly one, none empty.
  std::deque<Round> rounds_ PITSER_GUARDED_BY(mu_);
  std::uint64_t next_ PITSER_GUARDED_BY(mu_) = 0;  // No round before it is opened any more.
  // The weights in rounds_ and in the round being closed.
  std::size_t pending_ PITSER_GUARDED_BY(mu_) = 0;
  std::size_t last_size_ PITSER_GUARDED_BY(mu_) = 0;  // Of the round taken last.
  absl::Status refusal_ PITSER_GUARDED_BY(mu_);       // Why nothing is taken now.
  AggregatorStats stats_ PITSER_GUARDED_BY(mu_);      // All but `refused`.
  bool intake_closed_ PITSER_GUARDED_BY(mu_) = false;
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;

  base::Thread thread_;  // The round thread.
};

absl::Status RoundAggregator::CheckHash(const ledger::Imprint& hash, ledger::Level level) const {
  if (!options_.algorithms->Trusted(hash.algorithm())) {
    return absl::InvalidArgumentError(
        absl::StrCat("hash algorithm ", ledger::ToAbsl(ledger::HashAlgorithmName(hash.algorithm())),
                     " is not trusted any more: hash the document with SHA-256"));
  }
  if (level > options_.max_level) {
    return base::WithLimit(absl::InvalidArgumentError(absl::StrCat(
                               "level ", level, " is above max_level ", options_.max_level)),
                           "max_level");
  }
  return absl::OkStatus();
}

absl::Status RoundAggregator::CheckRequest(const PendingRequest& request) const {
  const bool own_tree = request.form() == AnswerForm::kAboveTree;
  if (own_tree && request.level() > std::max(kMaxOwnTreeLevel, options_.max_level)) {
    return absl::InternalError("a tree of our own is higher than was reckoned with");
  }
  PITSER_RETURN_IF_ERROR(CheckHash(request.hash(), own_tree ? ledger::Level{0} : request.level()));
  if (request.account().empty()) return absl::InvalidArgumentError("the account has no name");
  return CheckName("account", request.account());
}

absl::Status RoundAggregator::Enqueue(std::unique_ptr<PendingRequest>& request) {
  absl::Status taken = Take(request);
  if (!taken.ok()) ++refused_;
  return taken;
}

absl::Status RoundAggregator::Take(std::unique_ptr<PendingRequest>& request) {
  PITSER_RETURN_IF_ERROR(CheckRequest(*request));
  MutexLock lock(mu_);
  // Under the lock: to a thread that was held up between the two, rounds that were closed meanwhile
  // would look like a clock that was set back.
  const absl::Time now = clock_->Now();
  if (intake_closed_) return absl::UnavailableError("the server is shutting down");
  if (stats_.draining) {
    return absl::UnavailableError(
        "the server takes no requests for signing now: its operator is draining it");
  }
  PITSER_RETURN_IF_ERROR(refusal_);
  const std::uint64_t t = std::max(RoundOf(SecondOf(now)), next_);
  if (TooFarAhead(t, now)) {
    return base::WithRetryAfter(ClockSetBack(), EndOf(t) - now);
  }
  if (request->deadline() < EndOf(t)) {
    return absl::DeadlineExceededError(
        absl::StrCat("the deadline is before the end of the round, in ",
                     absl::FormatDuration(absl::Ceil(EndOf(t) - now, absl::Milliseconds(1)))));
  }
  if (request->weight() > options_.max_pending - std::min(pending_, options_.max_pending)) {
    return base::LimitReached("max_pending", "too many requests are waiting for their round",
                              EndOf(t) - now);
  }
  // The clock may have been set back by a little: then the open round goes on.
  if (rounds_.empty() || rounds_.back().t < t) {
    rounds_.push_back({t, {}});
    rounds_.back().waiting.reserve(last_size_);
  }
  pending_ += request->weight();
  ++stats_.pending;
  rounds_.back().waiting.push_back({std::move(request), now});
  return absl::OkStatus();
}

void RoundAggregator::SetDraining(bool draining) {
  Count([draining](AggregatorStats& stats) { stats.draining = draining; });
}

AggregatorStats RoundAggregator::Stats() const {
  MutexLock lock(mu_);
  AggregatorStats stats = stats_;
  stats.refused = refused_;
  return stats;
}

void RoundAggregator::CloseIntake() {
  MutexLock lock(mu_);
  intake_closed_ = true;
}

void RoundAggregator::Stop() {
  {
    MutexLock lock(mu_);
    intake_closed_ = true;
    stopping_ = true;
  }
  waiter_->Interrupt();
  thread_.Join();
}

void RoundAggregator::Run() {
  while (true) {
    // Read before the health, so that it is a time that signing was not stopped for.
    const absl::Time now = clock_->Now();
    const bool healthy = CheckHealth();
    if (healthy) {
      CloseDueRounds(now);
      RefuseStranded();
    }
    const absl::Time boundary = HoldNext(now, healthy);
    {
      MutexLock lock(mu_);
      if (stopping_ && rounds_.empty()) break;
    }
    const absl::Duration distance = std::max(boundary - clock_->Now(), absl::ZeroDuration());
    waiter_->WaitUntil(boundary, distance + kPatience);
    waiter_->ClearInterrupt();
  }
  core_->HoldFrom(kMaxSecond);
}

// Whether rounds may be closed; if not, everything that waits is refused.
bool RoundAggregator::CheckHealth() {
  absl::Status health = core_->Health();
  // A full disk is tried again with every round.
  if (absl::IsResourceExhausted(health)) health = absl::OkStatus();
  if (absl::IsUnavailable(health)) health = base::WithRetryAfter(health, kRetryAfter);
  {
    MutexLock lock(mu_);
    refusal_ = health;
  }
  if (!health.ok()) RefuseAll(health);
  return health.ok();
}

// Settles which second is the next to be closed, has the core hold it, and returns when to look
// again: at its end, or in a second if signing is stopped.
absl::Time RoundAggregator::HoldNext(absl::Time now, bool healthy) {
  const std::uint64_t current = RoundOf(SecondOf(now));
  std::uint64_t first;
  bool idle;
  {
    MutexLock lock(mu_);
    // While signing is stopped the clock may be wrong: it moves nothing on.
    if (healthy) next_ = std::max(next_, current);
    idle = rounds_.empty();
    if (!idle) next_ = std::min(next_, rounds_.front().t);
    first = next_;
  }
  const std::uint64_t held = core_->HoldFrom(first);
  // Without requests it would never show that the disk has room again.
  if (idle && absl::IsResourceExhausted(core_->Health()))
    core_->AdvanceHead(held - 1).IgnoreError();
  MutexLock lock(mu_);
  next_ = std::max(next_, RoundOf(held));
  return EndOf(healthy ? next_ : current);
}

// Closes the rounds that were over at `now`, one after the other. Those that come in meanwhile are
// gathered in rounds of their own.
void RoundAggregator::CloseDueRounds(absl::Time now) {
  while (true) {
    Round round;
    {
      MutexLock lock(mu_);
      if (rounds_.empty() || EndOf(rounds_.front().t) > now) return;
      round = std::move(rounds_.front());
      rounds_.pop_front();
      next_ = std::max(next_, RoundOf(round.t + 1));
      last_size_ = round.waiting.size();
    }
    CloseRound(std::move(round));
  }
}

void RoundAggregator::CloseRound(Round round) {
  const std::size_t weight = round.Weight();
  const std::size_t taken = round.waiting.size();
  const std::size_t given_up = std::erase_if(round.waiting, [](const Waiting& waiting) {
    const bool cancelled = waiting.request->Cancelled();
    if (cancelled) waiting.request->Answer(absl::CancelledError("nobody waits for the answer"));
    return cancelled;
  });
  if (given_up > 0) Count([given_up](AggregatorStats& stats) { stats.cancelled += given_up; });
  if (!round.waiting.empty()) SignRound(round);
  round.waiting.clear();
  Forget(weight, taken);
}

void RoundAggregator::SignRound(const Round& round) {
  const absl::Duration start = clock_->Monotonic();
  std::vector<RoundLeaf> leaves;
  leaves.reserve(round.waiting.size());
  for (const Waiting& waiting : round.waiting) {
    const PendingRequest& request = *waiting.request;
    leaves.push_back({request.hash(), request.level(), request.account(),
                      static_cast<std::uint64_t>(absl::ToUnixMicros(waiting.since))});
  }
  const absl::StatusOr<RoundTree> tree = RoundTree::Build(leaves, options_.node_name);
  absl::StatusOr<Seal> seal =
      tree.ok() ? core_->Close(round.t, tree->root().imprint) : tree.status();
  if (!seal.ok()) {
    base::LogWarning("round_failed",
                     {{"round", round.t}, {"leaves", leaves.size()}, {"reason", seal.status()}});
    for (const Waiting& waiting : round.waiting) waiting.request->Answer(ForCaller(seal.status()));
    Count([failed = leaves.size()](AggregatorStats& stats) {
      ++stats.failed_rounds;
      stats.failed += failed;
    });
    return;
  }
  const auto tail = std::make_shared<const ledger::ByteVector>(std::move(seal->tail));
  std::uint64_t failed = 0;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    PendingRequest& request = *round.waiting[i].request;
    absl::StatusOr<ledger::ByteVector> own = tree->Chain(i, leaves[i], request.form(), round.t);
    if (own.ok()) {
      request.Answer(SignAnswer{round.t, std::move(*own), tail});
    } else {
      request.Answer(own.status());
      ++failed;
    }
  }
  const absl::Duration took = clock_->Monotonic() - start;
  Count([&](AggregatorStats& stats) {
    ++stats.rounds;
    stats.signed_requests += leaves.size() - failed;
    stats.failed += failed;
    stats.last_round = {round.t, leaves.size() - failed, took};
  });
  base::LogInfo("round_committed", {{"round", round.t},
                                    {"leaves", leaves.size()},
                                    {"elapsed_ms", absl::ToInt64Milliseconds(took)}});
}

// Refuses what waits for a time that the clock, set back meanwhile, is far from.
void RoundAggregator::RefuseStranded() {
  const absl::Time now = clock_->Now();
  std::deque<Round> stranded;
  {
    MutexLock lock(mu_);
    while (!rounds_.empty() && TooFarAhead(rounds_.back().t, now)) {
      stranded.push_front(std::move(rounds_.back()));
      rounds_.pop_back();
    }
  }
  Refuse(std::move(stranded), base::WithRetryAfter(ClockSetBack(), kRetryAfter));
}

void RoundAggregator::RefuseAll(const absl::Status& why) {
  std::deque<Round> rounds;
  {
    MutexLock lock(mu_);
    rounds.swap(rounds_);
  }
  Refuse(std::move(rounds), why);
}

void RoundAggregator::Refuse(std::deque<Round> rounds, const absl::Status& why) {
  std::size_t weight = 0, refused = 0;
  for (const Round& round : rounds) {
    for (const Waiting& waiting : round.waiting) waiting.request->Answer(why);
    weight += round.Weight();
    refused += round.waiting.size();
  }
  if (refused == 0) return;
  rounds.clear();
  Count([refused](AggregatorStats& stats) { stats.failed += refused; });
  Forget(weight, refused);
  base::LogWarning("requests_refused", {{"requests", refused}, {"reason", why}});
}

void RoundAggregator::Forget(std::size_t weight, std::size_t requests) {
  MutexLock lock(mu_);
  pending_ -= weight;
  stats_.pending -= requests;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Aggregator>> StartAggregator(const AggregatorOptions& options,
                                                            Core* core, base::Clock* clock) {
  PITSER_RETURN_IF_ERROR(CheckOptions(options));
  return std::make_unique<RoundAggregator>(options, core, clock);
}

}  // namespace pitser::server
