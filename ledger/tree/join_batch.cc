#include "ledger/tree/join_batch.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "ledger/base/status.h"
#include "ledger/tree/hash_tree.h"

namespace pitser::ledger {
namespace {

// Lengths that are collected side by side: a round's numbers, of one to three bytes, and a few
// names.
constexpr std::size_t kLanes = 8;

}  // namespace

absl::Status JoinBatch::Add(Bytes left, Bytes right, Level level, LeveledImprint& node) {
  if (level == std::numeric_limits<Level>::max()) {
    return JoinNodes(algorithm_, left, level, right, level).status();  // Says so.
  }
  const std::size_t size = left.size() + right.size() + 1;
  PITSER_ASSIGN_OR_RETURN(Lane* const lane, LaneFor(size));
  std::uint8_t* const message = lane->batch.Next();
  std::ranges::copy(right, std::ranges::copy(left, message).out);  // Either may be empty.
  node.level = static_cast<Level>(level + 1);
  message[size - 1] = node.level;
  lane->nodes.push_back(&node);
  if (lane->batch.full()) Flush(*lane);
  return absl::OkStatus();
}

void JoinBatch::Finish() {
  for (Lane& lane : lanes_) Flush(lane);
}

absl::StatusOr<JoinBatch::Lane*> JoinBatch::LaneFor(std::size_t size) {
  for (Lane& lane : lanes_) {
    if (lane.batch.message_size() == size) return &lane;
  }
  PITSER_ASSIGN_OR_RETURN(HashBatch batch, HashBatch::Create(algorithm_, size));
  if (lanes_.size() < kLanes) {
    std::vector<LeveledImprint*> nodes;
    nodes.reserve(HashBatch::kCapacity);
    lanes_.push_back({std::move(batch), std::move(nodes)});
    return &lanes_.back();
  }
  Lane& lane = lanes_[oldest_];
  oldest_ = (oldest_ + 1) % kLanes;
  Flush(lane);
  lane.batch = std::move(batch);
  return &lane;
}

void JoinBatch::Flush(Lane& lane) {
  constexpr std::size_t kLongestDigest = kMaxImprintSize - 1;
  std::array<std::uint8_t, HashBatch::kCapacity * kLongestDigest> digests;
  const std::size_t stride = DigestSize(algorithm_);
  lane.batch.Finish(digests.data(), stride);
  for (std::size_t i = 0; i < lane.nodes.size(); ++i) {
    lane.nodes[i]->imprint = Imprint::Make(algorithm_, [&](std::span<std::uint8_t> out) {
      std::memcpy(out.data(), digests.data() + i * stride, stride);
    });
  }
  lane.nodes.clear();
}

}  // namespace pitser::ledger
