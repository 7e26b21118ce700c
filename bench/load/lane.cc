#include "bench/load/lane.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pitser::bench {

using base::MutexLock;

namespace {

constexpr std::int64_t kPauseNs = 100'000'000;  // After a connection broke.
constexpr std::int64_t kMaxPauseMs = 1000;

}  // namespace

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kUnary:
      return "unary";
    case Mode::kStream:
      return "stream";
    case Mode::kBatch:
      return "batch";
  }
  return "";
}

std::unique_ptr<Lane> Lane::Create(LaneOptions options) {
  switch (options.mode) {
    case Mode::kUnary:
      break;
    case Mode::kStream:
      return internal::MakeStreamLane(std::move(options));
    case Mode::kBatch:
      return internal::MakeBatchLane(std::move(options));
  }
  return internal::MakeUnaryLane(std::move(options));
}

Lane::Lane(LaneOptions options)
    : options_(std::move(options)),
      hashes_(options_.seed),
      pace_(options_.pace),
      kept_(options_.keep) {}

void Lane::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  Pump();  // A stream says that nothing more comes.
}

bool Lane::Ended() {
  MutexLock lock(mu_);
  return calls_ == 0 && Over(Now());
}

Lane::Progress Lane::progress() {
  MutexLock lock(mu_);
  return {tally_.sent, tally_.signed_count, tally_.TotalRefused(), in_flight_};
}

Tally Lane::Take() {
  MutexLock lock(mu_);
  if (options_.keep) kept_.Flush();
  Tally tally = tally_;
  tally.missed = pace_.Missed(Now());
  return tally;
}

bool Lane::Over(std::int64_t now) { return stopped_ || pace_.Over(now); }

std::uint64_t Lane::Room(std::int64_t now) {
  if (Over(now) || now < pause_until_ || in_flight_ >= options_.in_flight) return 0;
  const std::uint64_t room = std::min(pace_.Due(now), options_.in_flight - in_flight_);
  if (options_.mode != Mode::kBatch) return room;
  // A batch goes out full, unless there will not be as many.
  const std::uint64_t wanted = std::min(options_.batch_size, pace_.Left());
  return room < wanted ? 0 : room;
}

Pace::Turn Lane::Send(std::int64_t now) {
  const Pace::Turn turn = pace_.Take(now);
  ++tally_.sent;
  ++in_flight_;
  return turn;
}

void Lane::Sent(const Times& times, std::uint64_t count) {
  if (options_.one_round) tally_.after_boundary.Sent(*options_.one_round, times.sent, count);
  if (times.due < options_.warm_up_ns) return;
  tally_.measured_sent += count;
  tally_.last_sent = times.sent;
}

void Lane::Signed(const Times& times, std::int64_t now, std::uint64_t count) {
  in_flight_ -= count;
  tally_.signed_count += count;
  if (options_.one_round) tally_.after_boundary.Answered(*options_.one_round, now, count);
  if (times.due < options_.warm_up_ns) return;
  tally_.measured_signed += count;
  tally_.last_answer = std::max(tally_.last_answer, now);
  tally_.signed_latency.Record(now - times.due, count);
}

void Lane::NotSigned(const Ending& ending, const Times& times, std::int64_t now,
                     std::uint64_t count) {
  in_flight_ -= count;
  if (ending.fate == Fate::kUndecided) {
    tally_.undecided[ending.refusal] += count;
    pause_until_ = now + kPauseNs;
    return;
  }
  tally_.refused[ending.refusal] += count;
  if (options_.pace.rate <= 0 && ending.retry_after_ms > 0) {
    pause_until_ = now + std::min(ending.retry_after_ms, kMaxPauseMs) * 1'000'000;
  }
  if (times.due >= options_.warm_up_ns) tally_.refused_latency.Record(now - times.sent, count);
}

void Lane::Keep(std::uint64_t number, std::string_view part, std::string_view tail,
                std::uint64_t told_time) {
  tally_.part_bytes += part.size();
  if (!options_.keep) return;
  if (kept_.Add(number, part, tail, told_time)) return;
  tally_.Breach(absl::StrCat("request ", number, ": longer than any signature"));
}

void Lane::KeepWhole(std::uint64_t number, std::string_view signature, std::uint64_t told_time) {
  tally_.part_bytes += signature.size();
  if (!options_.keep) return;
  if (kept_.AddWhole(number, signature, told_time)) return;
  tally_.Breach(absl::StrCat("request ", number, ": longer than any signature"));
}

}  // namespace pitser::bench
