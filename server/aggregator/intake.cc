#include "server/aggregator/intake.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"
#include "ledger/base/status.h"
#include "server/aggregator/refusals.h"

namespace pitser::server {
namespace {

using base::MutexLock;

// More than take requests in at one time on the largest machine; each costs the round thread a
// look.
constexpr std::size_t kMaxShards = 32;

// This thread's own number, in the order of their first coming.
std::size_t ThreadNumber() {
  static std::atomic<std::size_t> next = 0;
  static thread_local const std::size_t mine = next++;
  return mine;
}

absl::Status BeforeTheBoundary(absl::Duration left) {
  return absl::DeadlineExceededError(
      absl::StrCat("the deadline is before the end of the round, in ",
                   absl::FormatDuration(absl::Ceil(left, absl::Milliseconds(1)))));
}

}  // namespace

std::size_t Intake::OneForEachProcessor() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxShards);
}

Intake::Intake(const RoundTimes& times, std::size_t max_pending, base::Clock* clock,
               std::size_t shards)
    : times_(times), max_pending_(max_pending), clock_(clock), shards_(shards) {}

Intake::Shard& Intake::ShardOfThisThread() { return shards_[ThreadNumber() % shards_.size()]; }

absl::Status Intake::Take(std::unique_ptr<PendingRequest>& request) {
  Shard& shard = ShardOfThisThread();
  MutexLock lock(shard.mu);
  // Everything is looked at under the lock, so that what the round thread changes before it looks
  // into this shard is either seen here, or the request is in the shard by then. The clock comes
  // last: to a thread that was held up in between, rounds that were closed meanwhile would look
  // like a clock that was set back.
  PITSER_RETURN_IF_ERROR(Gate());
  const std::uint64_t next = next_;
  const absl::Time now = clock_->Now();
  const std::uint64_t t = std::max(times_.RoundOf(RoundTimes::SecondOf(now)), next);
  const absl::Duration left = RoundTimes::EndOf(t) - now;
  if (times_.TooFarAhead(t, now)) return ClockSetBack(left);
  if (request->deadline() < RoundTimes::EndOf(t)) return BeforeTheBoundary(left);
  if (!Reserve(request->weight())) {
    return base::LimitReached("max_pending", "too many requests are waiting for their round", left);
  }
  // The clock may have been set back by a little: then the open round goes on.
  if (shard.rounds.empty() || shard.rounds.back().t < t) {
    shard.rounds.push_back({t, {}});
    shard.rounds.back().waiting.reserve(shard.last_size);
  }
  shard.rounds.back().waiting.push_back({std::move(request), now});
  return absl::OkStatus();
}

bool Intake::Reserve(std::size_t weight) {
  std::size_t taken = pending_weight_;
  do {
    if (weight > max_pending_ - std::min(taken, max_pending_)) return false;
  } while (!pending_weight_.compare_exchange_weak(taken, taken + weight));
  ++pending_requests_;
  return true;
}

void Intake::Release(std::size_t requests, std::size_t weight) {
  pending_weight_ -= weight;
  pending_requests_ -= requests;
}

std::optional<std::uint64_t> Intake::First() const {
  std::optional<std::uint64_t> first;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mu);
    if (shard.rounds.empty()) continue;
    const std::uint64_t t = shard.rounds.front().t;
    first = std::min(t, first.value_or(t));
  }
  return first;
}

Round Intake::TakeUpTo(std::uint64_t t) {
  // Before any shard is looked into: whoever comes later sees it.
  next_ = std::max(next_.load(), times_.RoundOf(t + 1));
  return Collect([t](std::uint64_t other) { return other <= t; });
}

Round Intake::TakeStranded(absl::Time now) {
  return Collect([this, now](std::uint64_t t) { return times_.TooFarAhead(t, now); });
}

Round Intake::TakeAll() {
  return Collect([](std::uint64_t) { return true; });
}

Round Intake::Collect(absl::FunctionRef<bool(std::uint64_t)> which) {
  std::vector<Round> found;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mu);
    std::vector<Round> kept;
    for (Round& round : shard.rounds) {
      if (which(round.t)) {
        shard.last_size = round.waiting.size();
        found.push_back(std::move(round));
      } else {
        kept.push_back(std::move(round));
      }
    }
    shard.rounds = std::move(kept);
  }
  return JoinRounds(std::move(found));
}

absl::Status Intake::Gate() const {
  if (open_) return absl::OkStatus();
  MutexLock lock(gate_mu_);
  if (closed_) return absl::UnavailableError("the server is shutting down");
  if (draining_) {
    return absl::UnavailableError(
        "the server takes no requests for signing now: its operator is draining it");
  }
  return refusal_;
}

void Intake::UpdateGate() { open_ = !closed_ && !draining_ && refusal_.ok(); }

void Intake::Refuse(const absl::Status& why) {
  MutexLock lock(gate_mu_);
  refusal_ = why;
  UpdateGate();
}

void Intake::SetDraining(bool draining) {
  MutexLock lock(gate_mu_);
  draining_ = draining;
  UpdateGate();
}

void Intake::Close() {
  MutexLock lock(gate_mu_);
  closed_ = true;
  UpdateGate();
}

bool Intake::draining() const {
  MutexLock lock(gate_mu_);
  return draining_;
}

}  // namespace pitser::server
