#include "server/aggregator/aggregator.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <deque>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/retry_hint.h"
#include "base/thread.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "server/aggregator/round_groups.h"
#include "server/aggregator/round_tree.h"

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr std::uint64_t kMaxSecond = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned kMaxLinks = 62;  // Spec 4.4.

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
  if (max_level + 1U + tree_height > Parent::kMaxRootLevel || 1 + tree_height > kMaxLinks) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_level ", options.max_level, " and max_pending ", options.max_pending,
                     " together could lead to a root above level ", Parent::kMaxRootLevel));
  }
  return CheckName("node name", options.node_name);
}

absl::Status ClockSetBack() {
  return absl::UnavailableError("the machine's clock was set back: signing waits for it");
}

// A second that could not be closed is no fault of its requests: they may come again.
absl::Status ForCaller(const absl::Status& failure) {
  if (absl::IsFailedPrecondition(failure) || absl::IsAborted(failure)) {
    return base::WithRetryAfter(absl::UnavailableError(failure.message()), kRetryAfter);
  }
  return absl::IsUnavailable(failure) ? base::WithRetryAfter(failure, kRetryAfter) : failure;
}

absl::Status LevelTooHigh(ledger::Level level, ledger::Level max) {
  return base::WithLimit(
      absl::InvalidArgumentError(absl::StrCat("level ", level, " is above max_level ", max)),
      "max_level");
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
  // A later one, as one with this.
  void Join(Round later) {
    t = later.t;
    std::ranges::move(later.waiting, std::back_inserter(waiting));
  }
};

// Some of a round's requests, or all of them, as a tree.
struct RequestTree {
  std::vector<std::size_t> places;  // In the round.
  std::vector<RoundLeaf> leaves;
  RoundTree tree;
};

std::vector<RoundLeaf> LeavesOf(const Round& round, std::span<const std::size_t> places) {
  std::vector<RoundLeaf> leaves;
  leaves.reserve(places.size());
  for (const std::size_t i : places) {
    const PendingRequest& request = *round.waiting[i].request;
    leaves.push_back({request.hash(), request.level(), request.account(),
                      static_cast<std::uint64_t>(absl::ToUnixMicros(round.waiting[i].since))});
  }
  return leaves;
}

class RoundAggregator final : public Aggregator {
 public:
  RoundAggregator(const AggregatorOptions& options, Parent* parent, base::Clock* clock)
      : options_(options), parent_(parent), clock_(clock), waiter_(clock->NewWaiter()) {
    // From here on the parent holds the seconds that requests may come in for.
    const absl::Time now = clock_->Now();
    HoldNext(now, CheckHealth());
    thread_ = base::Thread("pitser-round", [this] { Run(); });
  }
  ~RoundAggregator() override { Stop(); }

  absl::Status CheckHash(const ledger::Imprint& hash, ledger::Level level) const override;
  ledger::Level max_level() const override;
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
  Round TakeFront() PITSER_REQUIRES(mu_) {
    Round round = std::move(rounds_.front());
    rounds_.pop_front();
    return round;
  }
  void CloseRound(Round round);
  void SignRound(const Round& round);
  template <typename Fail>
  std::vector<std::vector<std::size_t>> Group(const Round& round, const Fail& fail) const;
  std::size_t AnswerTree(const Round& round, const RequestTree& tree, Seal seal);
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
  Parent* const parent_;
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
  if (level > max_level()) return LevelTooHigh(level, max_level());
  return absl::OkStatus();
}

ledger::Level RoundAggregator::max_level() const {
  const ledger::Level highest_root = parent_->max_root_level();
  return std::min<ledger::Level>(options_.max_level, highest_root > 0 ? highest_root - 1 : 0);
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
  parent_->HoldFrom(kMaxSecond);
}

// Whether rounds may be closed; if not, everything that waits is refused.
bool RoundAggregator::CheckHealth() {
  absl::Status health = parent_->Health();
  // What may be over is tried again with every round.
  if (absl::IsResourceExhausted(health)) health = absl::OkStatus();
  if (absl::IsUnavailable(health)) health = base::WithRetryAfter(health, kRetryAfter);
  {
    MutexLock lock(mu_);
    refusal_ = health;
  }
  if (!health.ok()) RefuseAll(health);
  return health.ok();
}

// Settles which second is the next to be closed, has the parent hold it, and returns when to look
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
  const std::uint64_t held = parent_->HoldFrom(first);
  if (idle && absl::IsResourceExhausted(parent_->Health())) parent_->TryAgain(held);
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
      round = TakeFront();
      while (parent_->names_time() && !rounds_.empty() && EndOf(rounds_.front().t) <= now) {
        round.Join(TakeFront());
      }
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
  std::size_t failed = 0;
  const auto fail = [&](std::span<const std::size_t> places, const absl::Status& why) {
    base::LogWarning("round_failed",
                     {{"round", round.t}, {"leaves", places.size()}, {"reason", why}});
    for (const std::size_t i : places) round.waiting[i].request->Answer(ForCaller(why));
    failed += places.size();
  };
  std::vector<RequestTree> trees;
  std::vector<ledger::LeveledImprint> roots;
  for (std::vector<std::size_t>& places : Group(round, fail)) {
    std::vector<RoundLeaf> leaves = LeavesOf(round, places);
    auto tree = RoundTree::Build(leaves, options_.node_name);
    if (!tree.ok()) {
      fail(places, tree.status());
      continue;
    }
    roots.push_back(tree->root());
    trees.push_back({std::move(places), std::move(leaves), *std::move(tree)});
  }
  std::vector<absl::StatusOr<Seal>> seals = parent_->CloseMany(round.t, roots);
  std::optional<std::uint64_t> time;
  for (std::size_t k = 0; k < trees.size(); ++k) {
    if (!seals[k].ok()) {
      fail(trees[k].places, seals[k].status());
      continue;
    }
    time = seals[k]->aggregation_time;
    failed += AnswerTree(round, trees[k], *std::move(seals[k]));
  }
  const absl::Duration took = clock_->Monotonic() - start;
  const std::size_t signed_requests = round.waiting.size() - failed;
  Count([&](AggregatorStats& stats) {
    stats.signed_requests += signed_requests;
    stats.failed += failed;
    ++(time ? stats.rounds : stats.failed_rounds);
    if (time) stats.last_round = {*time, signed_requests, took};
  });
  if (!time) return;
  base::LogInfo("round_committed", {{"round", *time},
                                    {"leaves", signed_requests},
                                    {"elapsed_ms", absl::ToInt64Milliseconds(took)}});
}

// Which requests go into a tree together. Those that fit none are handed to `fail`.
template <typename Fail>
std::vector<std::vector<std::size_t>> RoundAggregator::Group(const Round& round,
                                                             const Fail& fail) const {
  const ledger::Level max_root = parent_->max_root_level();
  std::vector<std::size_t> fitting;
  std::vector<ledger::Level> levels;
  fitting.reserve(round.waiting.size());
  levels.reserve(round.waiting.size());
  for (std::size_t i = 0; i < round.waiting.size(); ++i) {
    const ledger::Level level = round.waiting[i].request->level();
    if (FitsATree(level, max_root)) {
      fitting.push_back(i);
      levels.push_back(level);
    } else {  // The parent takes less than when it was taken.
      fail({&i, 1}, LevelTooHigh(level, max_level()));
    }
  }
  std::vector<std::vector<std::size_t>> groups = GroupForTrees(levels, max_root);
  for (std::vector<std::size_t>& group : groups) {
    for (std::size_t& place : group) place = fitting[place];
  }
  return groups;
}

// Answers the requests of a tree; gives how many of them with an error.
std::size_t RoundAggregator::AnswerTree(const Round& round, const RequestTree& tree, Seal seal) {
  const auto shared = std::make_shared<const Seal>(std::move(seal));
  std::size_t failed = 0;
  for (std::size_t k = 0; k < tree.places.size(); ++k) {
    PendingRequest& request = *round.waiting[tree.places[k]].request;
    auto own =
        tree.tree.Chain(k, tree.leaves[k], request.form(), shared->aggregation_time, shared->above);
    if (own.ok()) {
      request.Answer(SignAnswer{*std::move(own), shared});
    } else {
      request.Answer(own.status());
      ++failed;
    }
  }
  return failed;
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
                                                            Parent* parent, base::Clock* clock) {
  PITSER_RETURN_IF_ERROR(CheckOptions(options));
  return std::make_unique<RoundAggregator>(options, parent, clock);
}

}  // namespace pitser::server
