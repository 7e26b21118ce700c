#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/log.h"
#include "ledger/base/check.h"
#include "ledger/format/signature.h"
#include "ledger/verify/shared_tail.h"
#include "ledger/verify/verifier.h"
#include "server/aggregator/intake.h"
#include "server/aggregator/round_tree.h"
#include "tests/support/test_node.h"

namespace pitser {
namespace {

constexpr std::uint64_t kTime = 1'700'000'001;

std::vector<server::RoundLeaf> MakeLeaves(std::size_t count) {
  std::vector<server::RoundLeaf> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back({testing::TestImprint(i), 0, "anonymous", kTime * 1'000'000 + i});
  }
  return leaves;
}

// The mathematics of a round: metadata, tree and every request's chain, in one thread.
void BM_RoundTree(benchmark::State& state) {
  const auto leaves = MakeLeaves(static_cast<std::size_t>(state.range(0)));
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const auto tree = server::RoundTree::Build(leaves, "node");
    PITSER_CHECK(tree.ok());
    server::RoundTree::Chains chains(*tree, kTime, {});
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const auto chain = chains.Of(i, leaves[i], server::AnswerForm::kSignature);
      bytes += static_cast<std::int64_t>(chain.size());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_RoundTree)->Arg(1)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

class CountedRequest final : public server::PendingRequest {
 public:
  CountedRequest(const ledger::Imprint& hash, std::atomic<std::int64_t>& answered)
      : PendingRequest(hash, 0, "anonymous", absl::InfiniteFuture()), answered_(answered) {}
  void Answer(absl::StatusOr<server::SignAnswer> answer) override {
    PITSER_CHECK(answer.ok());
    ++answered_;
  }

 private:
  std::atomic<std::int64_t>& answered_;
};

std::int64_t PageFaults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// Many threads bring requests at once: into shards, as a node has them, or all into one.
// The first argument: how many shards.
void BM_Intake(benchmark::State& state) {
  static std::unique_ptr<server::Intake> intake;
  static std::atomic<std::int64_t> answered = 0;
  constexpr std::size_t kMost = 1 << 28;
  if (state.thread_index() == 0) {
    intake = std::make_unique<server::Intake>(server::RoundTimes{}, kMost, &base::Clock::System(),
                                              static_cast<std::size_t>(state.range(0)));
  }
  const ledger::Imprint hash = testing::TestImprint(1);
  for (auto _ : state) {
    std::unique_ptr<server::PendingRequest> request =
        std::make_unique<CountedRequest>(hash, answered);
    PITSER_CHECK(intake->Take(request).ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Intake)->Arg(1)->Arg(2)->Threads(1)->Threads(2)->Iterations(500'000)->UseRealTime();

// A whole round through core and aggregator: requests come in, the second is over, all are
// answered. The calendar is in memory, the clock is moved on by hand; no gRPC.
void BM_Round(benchmark::State& state) {
  base::ScopedLogSink no_log([](std::string_view) {});
  const auto leaves = MakeLeaves(static_cast<std::size_t>(state.range(0)));
  server::AggregatorOptions options;
  options.max_pending = leaves.size();
  testing::TestNode node(options);
  std::atomic<std::int64_t> answered = 0;
  const std::int64_t faults = PageFaults();
  for (auto _ : state) {
    for (const server::RoundLeaf& leaf : leaves) {
      std::unique_ptr<server::PendingRequest> request =
          std::make_unique<CountedRequest>(leaf.hash, answered);
      PITSER_CHECK(node.aggregator().Enqueue(request).ok());
    }
    node.Pass(absl::Seconds(1));
  }
  PITSER_CHECK(answered == state.iterations() * state.range(0));
  state.SetItemsProcessed(answered);
  // Pages that the system had to give: little where a round uses the memory of the one before.
  state.counters["faults"] = benchmark::Counter(static_cast<double>(PageFaults() - faults),
                                                benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_Round)
    ->RangeMultiplier(10)
    ->Range(10, 1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// A round of as many requests as signatures that end alike, in their two pieces.
struct SignedRound {
  std::vector<ledger::Imprint> hashes;
  std::vector<ledger::ByteVector> parts;
  ledger::ByteVector tail;
};

SignedRound SignRound(std::size_t count) {
  testing::TestNode node;
  const auto leaves = MakeLeaves(count);
  const server::RoundTree tree = *server::RoundTree::Build(leaves, "node");
  const auto t = static_cast<std::uint64_t>(absl::ToUnixSeconds(node.clock().Now()));
  node.Pass(absl::Seconds(1));
  SignedRound round;
  round.tail = node.core().Close(t, tree.root())->tail;
  server::RoundTree::Chains chains(tree, t, {});
  for (std::size_t i = 0; i < count; ++i) {
    round.hashes.push_back(leaves[i].hash);
    round.parts.push_back(chains.Of(i, leaves[i], server::AnswerForm::kSignature));
  }
  return round;
}

// Parsing and internal verification of the signatures of a round, each by itself.
void BM_VerifyEachOfARound(benchmark::State& state) {
  const SignedRound round = SignRound(100'000);
  std::size_t i = 0;
  for (auto _ : state) {
    const ledger::Bytes elements[] = {round.parts[i], round.tail};
    const auto signature = ledger::Signature::Parse(*ledger::AssembleSignature(elements));
    const auto result = Verify(ledger::Policy::kInternal,
                               {.signature = *signature, .document_hash = round.hashes[i]});
    PITSER_CHECK(result.ok() && result->outcome == ledger::Outcome::kOk);
    i = (i + 1) % round.parts.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_VerifyEachOfARound);

// The same together: what they share once.
void BM_VerifyARoundTogether(benchmark::State& state) {
  const SignedRound round = SignRound(100'000);
  for (auto _ : state) {
    ledger::SharedTail tail(round.tail);
    for (std::size_t i = 0; i < round.parts.size(); ++i) {
      const auto result = tail.Verify(round.parts[i], round.hashes[i], 0);
      PITSER_CHECK(result.ok() && result->outcome == ledger::Outcome::kOk);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(round.parts.size()));
}
BENCHMARK(BM_VerifyARoundTogether)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pitser
