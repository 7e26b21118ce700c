#include "server/aggregator/round_signer.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/together.h"
#include "server/aggregator/refusals.h"
#include "server/aggregator/round_groups.h"
#include "server/aggregator/round_tree.h"

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr std::size_t kMaxThreads = 16;
// Answers that are handed out in one go: a few milliseconds where each is a call of its own.
constexpr std::size_t kChunk = 256;
// Loops that wait for the threads: rounds that are being answered, a few tasks each. Beyond it the
// round thread answers.
constexpr std::size_t kMaxQueued = 1024;

std::size_t NumberOfThreads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads);
}

std::size_t WeightOf(std::span<const Waiting> waiting) {
  std::size_t sum = 0;
  for (const Waiting& one : waiting) sum += one.request->weight();
  return sum;
}

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

}  // namespace

struct RoundSigner::Tree {
  std::vector<std::size_t> places;  // In the round.
  std::vector<RoundLeaf> leaves;
  RoundTree tree;
  std::shared_ptr<const Seal> seal;  // Null: it was not closed, and its requests know.
};

struct RoundSigner::Signing {
  // Requests of a tree that are answered in one go.
  struct Chunk {
    const Tree* tree;
    std::size_t begin;
    std::size_t end;
  };

  Round round;
  absl::Duration start;
  std::vector<Tree> trees;
  std::vector<Chunk> chunks;
  std::size_t failed = 0;
};

RoundSigner::RoundSigner(const AggregatorOptions& options, Parent* parent, base::Clock* clock,
                         Intake* intake)
    : options_(options),
      parent_(parent),
      clock_(clock),
      intake_(intake),
      threads_(NumberOfThreads()),
      pool_(threads_, kMaxQueued) {}

void RoundSigner::Sign(Round round) {
  const auto signing = std::make_shared<Signing>();
  signing->start = clock_->Monotonic();
  DropCancelled(round);
  if (round.waiting.empty()) return;
  ++answering_;
  signing->round = std::move(round);
  BuildTrees(*signing);
  Close(*signing);
  if (signing->chunks.size() <= 1) {  // Not worth another thread's waking up.
    if (!signing->chunks.empty()) Answer(*signing, 0);
    return Finish(*signing);
  }
  base::RunAside(
      pool_, threads_, signing->chunks.size(),
      [this, signing](std::size_t chunk) { Answer(*signing, chunk); },
      [this, signing] { Finish(*signing); });
}

void RoundSigner::DropCancelled(Round& round) {
  const auto begin =
      std::stable_partition(round.waiting.begin(), round.waiting.end(),
                            [](const Waiting& one) { return !one.request->Cancelled(); });
  if (begin == round.waiting.end()) return;
  const std::span<const Waiting> gone(begin, round.waiting.end());
  const std::size_t weight = WeightOf(gone);
  const std::size_t cancelled = gone.size();
  for (const Waiting& one : gone) {
    one.request->Answer(absl::CancelledError("nobody waits for the answer"));
  }
  round.waiting.erase(begin, round.waiting.end());
  Count([cancelled](AggregatorStats& stats) { stats.cancelled += cancelled; });
  intake_->Release(cancelled, weight);
}

// Which requests go into a tree together. Those that fit none are answered.
std::vector<std::vector<std::size_t>> RoundSigner::Group(Signing& signing) {
  const std::vector<Waiting>& waiting = signing.round.waiting;
  const ledger::Level max_root = parent_->max_root_level();
  std::vector<std::size_t> fitting;
  std::vector<ledger::Level> levels;
  fitting.reserve(waiting.size());
  levels.reserve(waiting.size());
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const ledger::Level level = waiting[i].request->level();
    if (FitsATree(level, max_root)) {
      fitting.push_back(i);
      levels.push_back(level);
    } else {  // The parent takes less than when it was taken.
      Fail(signing, {&i, 1}, LevelTooHigh(level, HighestLevel(options_, *parent_)));
    }
  }
  std::vector<std::vector<std::size_t>> groups = GroupForTrees(levels, max_root);
  for (std::vector<std::size_t>& group : groups) {
    for (std::size_t& place : group) place = fitting[place];
  }
  return groups;
}

void RoundSigner::BuildTrees(Signing& signing) {
  const auto run = [this](std::size_t count, ledger::LoopBody body) {
    base::RunTogether(pool_, threads_ - 1, count, body);
  };
  for (std::vector<std::size_t>& places : Group(signing)) {
    std::vector<RoundLeaf> leaves = LeavesOf(signing.round, places);
    auto tree = RoundTree::Build(leaves, options_.node_name, run);
    if (!tree.ok()) {
      Fail(signing, places, tree.status());
      continue;
    }
    signing.trees.push_back({std::move(places), std::move(leaves), *std::move(tree), nullptr});
  }
}

void RoundSigner::Close(Signing& signing) {
  std::vector<ledger::LeveledImprint> roots;
  for (const Tree& tree : signing.trees) roots.push_back(tree.tree.root());
  std::vector<absl::StatusOr<Seal>> seals = parent_->CloseMany(signing.round.t, roots);
  for (std::size_t k = 0; k < signing.trees.size(); ++k) {
    Tree& tree = signing.trees[k];
    if (!seals[k].ok()) {
      Fail(signing, tree.places, seals[k].status());
      continue;
    }
    tree.seal = std::make_shared<const Seal>(*std::move(seals[k]));
    for (std::size_t begin = 0; begin < tree.places.size(); begin += kChunk) {
      signing.chunks.push_back({&tree, begin, std::min(tree.places.size(), begin + kChunk)});
    }
  }
}

void RoundSigner::Answer(Signing& signing, std::size_t chunk) {
  const auto [tree, begin, end] = signing.chunks[chunk];
  RoundTree::Chains chains(tree->tree, tree->seal->aggregation_time, tree->seal->above);
  std::size_t weight = 0;
  for (std::size_t k = begin; k < end; ++k) {
    std::unique_ptr<PendingRequest>& request = signing.round.waiting[tree->places[k]].request;
    request->Answer(SignAnswer{chains.Of(k, tree->leaves[k], request->form()), tree->seal});
    weight += request->weight();
    request.reset();
  }
  intake_->Release(end - begin, weight);
}

void RoundSigner::Fail(Signing& signing, std::span<const std::size_t> places,
                       const absl::Status& why) {
  base::LogWarning("round_failed",
                   {{"round", signing.round.t}, {"leaves", places.size()}, {"reason", why}});
  std::size_t weight = 0;
  for (const std::size_t i : places) {
    std::unique_ptr<PendingRequest>& request = signing.round.waiting[i].request;
    weight += request->weight();
    request->Answer(ForCaller(why));
    request.reset();
  }
  signing.failed += places.size();
  intake_->Release(places.size(), weight);
}

void RoundSigner::Finish(const Signing& signing) {
  const absl::Duration took = clock_->Monotonic() - signing.start;
  const std::size_t failed = signing.failed;
  const std::size_t signed_requests = signing.round.waiting.size() - failed;
  std::optional<std::uint64_t> time;
  for (const Tree& tree : signing.trees) {
    if (tree.seal != nullptr) time = tree.seal->aggregation_time;
  }
  Count([&](AggregatorStats& stats) {
    stats.signed_requests += signed_requests;
    stats.failed += failed;
    ++(time ? stats.rounds : stats.failed_rounds);
    if (time) stats.last_round = {*time, signed_requests, took};
  });
  if (time) {
    base::LogInfo("round_committed", {{"round", *time},
                                      {"leaves", signed_requests},
                                      {"elapsed_ms", absl::ToInt64Milliseconds(took)}});
  }
  --answering_;
}

void RoundSigner::Refuse(Round round, const absl::Status& why) {
  const std::size_t refused = round.waiting.size();
  if (refused == 0) return;
  const std::size_t weight = WeightOf(round.waiting);
  for (const Waiting& one : round.waiting) one.request->Answer(why);
  round.waiting.clear();
  Count([refused](AggregatorStats& stats) { stats.failed += refused; });
  intake_->Release(refused, weight);
  base::LogWarning("requests_refused", {{"requests", refused}, {"reason", why}});
}

void RoundSigner::AddTo(AggregatorStats& stats) const {
  stats.answering += answering_;
  MutexLock lock(mu_);
  const AggregatorStats& mine = stats_;
  stats.rounds += mine.rounds;
  stats.failed_rounds += mine.failed_rounds;
  stats.last_round = mine.last_round;
  stats.signed_requests += mine.signed_requests;
  stats.failed += mine.failed;
  stats.cancelled += mine.cancelled;
}

}  // namespace pitser::server
