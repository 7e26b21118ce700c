#include "bench/load/load.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"

namespace pitser::bench {
namespace {

using std::chrono::steady_clock;

// Between two looks at what is due. Well below what a round takes.
constexpr std::chrono::microseconds kPumpEvery(500);
constexpr std::chrono::milliseconds kTickEvery(20);
// From a boundary to the first request of the round it begins: what the server has to do for the
// round before is over.
constexpr std::chrono::nanoseconds kSettle = std::chrono::milliseconds(50);

// Numbers of one lane's hashes: enough for any run.
constexpr int kLaneBits = 40;

// Share `i` of `count` equal ones of `total`; the first ones take what is over.
std::uint64_t ShareOf(std::uint64_t total, std::uint64_t i, std::uint64_t count) {
  return total / count + (i < total % count ? 1 : 0);
}

PaceOptions PaceOf(const LoadOptions& options, std::uint64_t lane) {
  PaceOptions pace;
  pace.count = ShareOf(options.count, lane, options.connections);
  pace.duration_ns = options.duration.count();
  if (options.rate > 0) {
    pace.rate = options.rate / static_cast<double>(options.connections);
    // So that not all connections send at the same moment.
    pace.offset_ns = static_cast<std::int64_t>(1e9 / options.rate * static_cast<double>(lane));
  }
  return pace;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Load>> Load::Connect(const LoadOptions& options, KeptStore* store) {
  std::unique_ptr<Load> load(new Load(options));
  const auto deadline = std::chrono::system_clock::now() + options.timeout;
  for (std::uint64_t i = 0; i < options.connections; ++i) {
    if (options.count > 0 && ShareOf(options.count, i, options.connections) == 0) continue;
    PITSER_ASSIGN_OR_RETURN(auto channel, net::MakeChannel(options.server));
    if (!channel->WaitForConnected(deadline)) {
      return absl::UnavailableError(
          absl::StrCat("cannot connect to ", options.server.endpoint.ToString()));
    }
    LaneOptions lane;
    lane.mode = options.mode;
    lane.channel = std::move(channel);
    lane.pace = PaceOf(options, i);
    lane.first_number = options.first_number + (i << kLaneBits);
    lane.seed = options.seed;
    lane.in_flight = std::max<std::uint64_t>(1, ShareOf(options.in_flight, i, options.connections));
    lane.batch_size = options.batch_size;
    lane.timeout = options.timeout;
    lane.warm_up_ns = options.warm_up.count();
    if (store != nullptr) {
      lane.keep = [store](std::unique_ptr<PartChunk> chunk) { store->Put(std::move(chunk)); };
    }
    load->prepared_.push_back(std::move(lane));
  }
  return load;
}

Load::~Load() { Finish(); }

void Load::Start() {
  start_ = steady_clock::now();
  std::optional<OneRound> one_round;
  if (const std::chrono::nanoseconds length = options_.one_round; length.count() > 0) {
    const auto now = std::chrono::system_clock::now();
    start_ += NextBoundary(now, options_.one_round) - now + kSettle;
    one_round = {.boundary = (length - kSettle).count(),
                 .next_boundary = (2 * length - kSettle).count()};
  }
  for (LaneOptions& options : prepared_) {
    options.start = start_;
    options.one_round = one_round;
    lanes_.push_back(Lane::Create(std::move(options)));
  }
  prepared_.clear();
  pacer_ = base::Thread("pacer", [this] { PumpUntilEnded(); });
}

void Load::PumpUntilEnded() {
  auto next = steady_clock::now();
  while (!finishing_ && !Ended()) {
    if (steady_clock::now() >= start_) {
      for (const auto& lane : lanes_) lane->Pump();
    }
    next = std::max(next + kPumpEvery, steady_clock::now());
    std::this_thread::sleep_until(next);
  }
}

void Load::Stop() {
  for (const auto& lane : lanes_) lane->Stop();
}

bool Load::Ended() {
  return std::ranges::all_of(lanes_, [](const auto& lane) { return lane->Ended(); });
}

Lane::Progress Load::progress() {
  Lane::Progress all;
  for (const auto& lane : lanes_) {
    const Lane::Progress one = lane->progress();
    all.sent += one.sent;
    all.signed_count += one.signed_count;
    all.refused += one.refused;
    all.in_flight += one.in_flight;
  }
  return all;
}

LoadResult Load::Finish() {
  Stop();
  finishing_ = true;
  pacer_.Join();
  // A cancelled call ends in a moment; one that was begun meanwhile is cancelled the next time.
  while (!Ended()) {
    for (const auto& lane : lanes_) lane->Cancel();
    std::this_thread::sleep_for(kPumpEvery);
  }
  LoadResult result;
  for (const auto& lane : lanes_) result.tally.Add(lane->Take());
  const std::int64_t begin = options_.warm_up.count();
  result.seconds =
      static_cast<double>(std::max<std::int64_t>(result.tally.last_answer - begin, 0)) / 1e9;
  result.sent_seconds =
      static_cast<double>(std::max<std::int64_t>(result.tally.last_sent - begin, 0)) / 1e9;
  return result;
}

void WaitForLoads(const std::vector<Load*>& loads, std::chrono::nanoseconds patience,
                  const std::function<Wish()>& tick) {
  std::uint64_t last = 0;
  auto last_change = steady_clock::now();
  for (;;) {
    const Wish wish = tick();
    std::uint64_t done = 0;
    bool ended = true;
    for (Load* const load : loads) {
      if (wish != Wish::kGoOn) load->Stop();
      const Lane::Progress progress = load->progress();
      done += progress.sent - progress.in_flight;
      ended = load->Ended() && ended;
    }
    const auto now = steady_clock::now();
    if (std::exchange(last, done) != done) last_change = now;
    if (ended || wish == Wish::kGiveUp || now - last_change > patience) return;
    std::this_thread::sleep_for(kTickEvery);
  }
}

}  // namespace pitser::bench
