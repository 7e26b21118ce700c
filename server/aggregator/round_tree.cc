#include "server/aggregator/round_tree.h"

#include <utility>

#include "ledger/base/status.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/metadata.h"

namespace pitser::server {
namespace {

constexpr ledger::HashAlgorithm kTreeAlgorithm = ledger::HashAlgorithm::kSha256;

// A link in a chain: header, imprint's header, imprint, level correction.
constexpr std::size_t kLinkSize = 2 + 2 + 33 + 3;
// Times, index, input hash, algorithm and headers of a chain.
constexpr std::size_t kChainOverhead = 128;
constexpr std::size_t kIndexSize = 2 + 8;

}  // namespace

absl::StatusOr<RoundTree> RoundTree::Build(std::span<const RoundLeaf> leaves,
                                           std::string_view node_name) {
  ledger::ByteVector all_metadata;
  std::vector<std::size_t> ends;
  std::vector<ledger::LeveledImprint> nodes;
  ends.reserve(leaves.size());
  nodes.reserve(leaves.size());
  ledger::Metadata metadata;
  if (!node_name.empty()) metadata.machine_id = node_name;
  for (const RoundLeaf& leaf : leaves) {
    metadata.client_id = leaf.account;
    metadata.sequence_number = nodes.size();
    metadata.request_time_us = leaf.request_time_us;
    const ledger::ByteVector content =
        ledger::EncodeMetadata(metadata, ledger::MetadataStyle::kService);
    PITSER_ASSIGN_OR_RETURN(
        const ledger::LeveledImprint node,
        ledger::JoinNodes(kTreeAlgorithm, leaf.hash.bytes(), leaf.level, content, leaf.level));
    nodes.push_back(node);
    ledger::Append(all_metadata, content);
    ends.push_back(all_metadata.size());
  }
  PITSER_ASSIGN_OR_RETURN(ledger::HashTree tree, ledger::HashTree::Build(kTreeAlgorithm, nodes));
  return RoundTree(std::move(all_metadata), std::move(ends), std::move(tree));
}

ledger::Bytes RoundTree::Metadata(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : metadata_ends_[index - 1];
  return ledger::Bytes(metadata_).subspan(begin, metadata_ends_[index] - begin);
}

absl::StatusOr<ledger::ByteVector> RoundTree::Chain(std::size_t index, const RoundLeaf& leaf,
                                                    AnswerForm form, std::uint64_t aggregation_time,
                                                    std::span<const std::uint64_t> above) const {
  ledger::AggregationHashChain chain{.aggregation_time = aggregation_time,
                                     .index = ledger::ChainIndex(above.begin(), above.end()),
                                     .input_hash = leaf.hash,
                                     .algorithm = kTreeAlgorithm,
                                     .links = {},
                                     .raw = {}};
  chain.links.push_back(
      {.direction = ledger::LinkDirection::kLeft,
       .kind = ledger::SiblingKind::kMetadata,
       .level_correction = form == AnswerForm::kSignature ? leaf.level : ledger::Level{0},
       .sibling = Metadata(index)});
  tree_.AppendLinks(index, chain.links);
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t shape, ledger::ShapeOf(chain.links));
  chain.index.push_back(shape);
  ledger::ByteVector element;
  element.reserve(kChainOverhead + above.size() * kIndexSize + Metadata(index).size() +
                  chain.links.size() * kLinkSize);
  ledger::WriteAggregationHashChain(element, chain);
  return element;
}

}  // namespace pitser::server
