#include "server/aggregator/round_tree.h"

#include <algorithm>
#include <utility>

#include "ledger/base/status.h"
#include "ledger/format/metadata.h"
#include "ledger/tree/join_batch.h"

namespace pitser::server {
namespace {

constexpr ledger::HashAlgorithm kTreeAlgorithm = ledger::HashAlgorithm::kSha256;

// What a leaf's metadata commonly takes at most.
constexpr std::size_t kCommonMetadata = 64;

}  // namespace

absl::StatusOr<RoundTree> RoundTree::Build(std::span<const RoundLeaf> leaves,
                                           std::string_view node_name, ledger::LoopRunner run) {
  std::vector<ledger::LeveledImprint> nodes(leaves.size(),
                                            {ledger::Imprint::Zero(kTreeAlgorithm), 0});
  std::vector<Part> parts((leaves.size() + kPartLeaves - 1) / kPartLeaves);
  std::vector<absl::Status> done(parts.size());
  run(parts.size(), [&](std::size_t i) {
    const std::size_t first = i * kPartLeaves;
    const std::size_t count = std::min(kPartLeaves, leaves.size() - first);
    done[i] = Join(leaves.subspan(first, count), first, node_name, parts[i],
                   std::span(nodes).subspan(first, count));
  });
  for (const absl::Status& status : done) PITSER_RETURN_IF_ERROR(status);
  PITSER_ASSIGN_OR_RETURN(ledger::HashTree tree,
                          ledger::HashTree::Build(kTreeAlgorithm, nodes, run));
  return RoundTree(std::move(parts), std::move(tree));
}

absl::Status RoundTree::Join(std::span<const RoundLeaf> leaves, std::size_t first,
                             std::string_view node_name, Part& part,
                             std::span<ledger::LeveledImprint> nodes) {
  part.metadata.reserve(leaves.size() * kCommonMetadata);
  part.ends.reserve(leaves.size());
  ledger::Metadata metadata;
  if (!node_name.empty()) metadata.machine_id = node_name;
  ledger::JoinBatch joins(kTreeAlgorithm);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const RoundLeaf& leaf = leaves[i];
    metadata.client_id = leaf.account;
    metadata.sequence_number = first + i;
    metadata.request_time_us = leaf.request_time_us;
    const std::size_t begin = part.metadata.size();
    ledger::AppendMetadata(part.metadata, metadata, ledger::MetadataStyle::kService);
    part.ends.push_back(static_cast<std::uint32_t>(part.metadata.size()));
    PITSER_RETURN_IF_ERROR(joins.Add(leaf.hash.bytes(), ledger::Bytes(part.metadata).subspan(begin),
                                     leaf.level, nodes[i]));
  }
  joins.Finish();
  return absl::OkStatus();
}

ledger::Bytes RoundTree::Metadata(std::size_t index) const {
  const Part& part = parts_[index / kPartLeaves];
  const std::size_t i = index % kPartLeaves;
  const std::size_t begin = i == 0 ? 0 : part.ends[i - 1];
  return ledger::Bytes(part.metadata).subspan(begin, part.ends[i] - begin);
}

ledger::ByteVector RoundTree::Chains::Of(std::size_t index, const RoundLeaf& leaf,
                                         AnswerForm form) {
  const ledger::LeafParts parts = {
      .hash = leaf.hash.bytes(),
      .level = form == AnswerForm::kSignature ? leaf.level : ledger::Level{0},
      .metadata = tree_.Metadata(index)};
  return ledger::ToVector(writer_.Write(index, parts));
}

}  // namespace pitser::server
