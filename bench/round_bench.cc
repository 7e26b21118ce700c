#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/log.h"
#include "ledger/base/check.h"
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
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const auto chain = tree->Chain(i, leaves[i], server::AnswerForm::kSignature, kTime, {});
      PITSER_CHECK(chain.ok());
      bytes += static_cast<std::int64_t>(chain->size());
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

// A whole round through core and aggregator: requests come in, the second is over, all are
// answered. The calendar is in memory, the clock is moved on by hand; no gRPC.
void BM_Round(benchmark::State& state) {
  base::ScopedLogSink no_log([](std::string_view) {});
  testing::TestNode node;
  const auto leaves = MakeLeaves(static_cast<std::size_t>(state.range(0)));
  std::atomic<std::int64_t> answered = 0;
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
}
BENCHMARK(BM_Round)->Arg(10'000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace pitser
