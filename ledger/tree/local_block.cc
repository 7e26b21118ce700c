#include "ledger/tree/local_block.h"

#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/metadata.h"

namespace pitser::ledger {
namespace {

constexpr std::uint64_t kMostLeaves = std::uint64_t{1} << 32;

std::size_t ImprintSize(std::uint8_t id) { return 1 + DigestSize(static_cast<HashAlgorithm>(id)); }

absl::Status CheckTrusted(HashAlgorithm algorithm) {
  if (AlgorithmPolicy::Default().Trusted(algorithm)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is not trusted any more", HashAlgorithmName(algorithm)));
}

absl::Status CheckMasking(const Masking& masking, HashAlgorithm algorithm) {
  if (masking.iv.size() < DigestSize(algorithm)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the iv of masks has at least %d bytes, as many as a digest, got %d",
                        DigestSize(algorithm), masking.iv.size()));
  }
  if (masking.previous.algorithm() != algorithm) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "masks of %s cannot go on from an imprint of %s", HashAlgorithmName(algorithm),
        HashAlgorithmName(masking.previous.algorithm())));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LocalBlockBuilder> LocalBlockBuilder::Create(Options options) {
  PITSER_RETURN_IF_ERROR(CheckTrusted(options.algorithm));
  if (!HashAvailable(options.algorithm)) return Hash(options.algorithm, {}).status();
  if (options.max_leaves == 0 || options.max_leaves > kMostLeaves) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a tree has from 1 to %d leaves, got a limit of %d", kMostLeaves, options.max_leaves));
  }
  if (options.masking) {
    PITSER_RETURN_IF_ERROR(CheckMasking(*options.masking, options.algorithm));
  }
  return LocalBlockBuilder(std::move(options));
}

LocalBlockBuilder::LocalBlockBuilder(Options options) : options_(std::move(options)) {
  if (options_.masking) previous_ = options_.masking->previous;
}

unsigned LocalBlockBuilder::NodeLevel(const LocalLeaf& leaf) const {
  return leaf.level + (leaf.metadata.empty() ? 0u : 1u) + (options_.masking ? 1u : 0u);
}

unsigned LocalBlockBuilder::LevelWith(const LocalLeaf& leaf) const {
  return height_.With(NodeLevel(leaf));
}

bool LocalBlockBuilder::Fits(const LocalLeaf& leaf) const {
  return size() < options_.max_leaves && LevelWith(leaf) <= options_.max_level;
}

absl::Status LocalBlockBuilder::Add(const LocalLeaf& leaf) {
  if (!Fits(leaf)) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("a tree of %d leaves under a root of level %d at most has no room for one "
                        "more leaf, of level %d",
                        size(), options_.max_level, NodeLevel(leaf)));
  }
  PITSER_RETURN_IF_ERROR(CheckTrusted(leaf.hash.algorithm()));
  if (!leaf.metadata.empty() && !MetadataIsTrusted(leaf.metadata)) {
    return absl::InvalidArgumentError("the metadata of a leaf has no valid padding");
  }
  LeveledImprint node{leaf.hash, leaf.level};
  // Metadata first, then the mask, which hides both.
  if (!leaf.metadata.empty()) {
    PITSER_ASSIGN_OR_RETURN(node, JoinNodes(options_.algorithm, node.imprint.bytes(), node.level,
                                            leaf.metadata, node.level));
  }
  offsets_.push_back(leaves_.size());
  leaves_.push_back(leaf.level);
  Append(leaves_, leaf.hash.bytes());
  if (options_.masking) {
    PITSER_ASSIGN_OR_RETURN(const Imprint mask,
                            Hash(options_.algorithm, {previous_->bytes(), options_.masking->iv}));
    PITSER_ASSIGN_OR_RETURN(node, JoinNodes(options_.algorithm, mask.bytes(), node.level,
                                            node.imprint.bytes(), node.level));
    previous_ = node.imprint;
    Append(leaves_, mask.bytes());
  }
  Append(leaves_, leaf.metadata);
  nodes_.push_back(node);
  height_.Add(node.level);
  return absl::OkStatus();
}

absl::StatusOr<LocalBlock> LocalBlockBuilder::Build() {
  PITSER_ASSIGN_OR_RETURN(HashTree tree, HashTree::Build(options_.algorithm, nodes_));
  const Imprint last = nodes_.back().imprint;
  nodes_ = {};
  offsets_.push_back(leaves_.size());
  return LocalBlock(std::move(tree), last, options_.masking.has_value(), std::move(leaves_),
                    std::move(offsets_));
}

struct LocalBlock::Parts {
  Level level;
  Bytes hash;
  Bytes mask;      // Empty without masks.
  Bytes metadata;  // Empty: none.
};

LocalBlock::LocalBlock(HashTree tree, Imprint last_node, bool masked, ByteVector leaves,
                       std::vector<std::size_t> offsets)
    : tree_(std::move(tree)),
      last_node_(last_node),
      masked_(masked),
      leaves_(std::move(leaves)),
      offsets_(std::move(offsets)) {}

LocalBlock::Parts LocalBlock::PartsOf(std::size_t index) const {
  PITSER_CHECK(index < size());
  Bytes rest = Bytes(leaves_).subspan(offsets_[index], offsets_[index + 1] - offsets_[index]);
  const auto take = [&rest](std::size_t count) {
    const Bytes taken = rest.first(count);
    rest = rest.subspan(count);
    return taken;
  };
  Parts parts;
  parts.level = take(1).front();
  parts.hash = take(ImprintSize(rest.front()));
  if (masked_) parts.mask = take(ImprintSize(rest.front()));
  parts.metadata = rest;
  return parts;
}

LeveledImprint LocalBlock::leaf(std::size_t index) const {
  const Parts parts = PartsOf(index);
  const auto imprint = Imprint::Parse(parts.hash);
  PITSER_CHECK(imprint.ok());
  return {*imprint, parts.level};
}

Bytes LocalBlock::metadata(std::size_t index) const { return PartsOf(index).metadata; }

bool LocalBlock::LeafIsRoot() const { return size() == 1 && !masked_ && metadata(0).empty(); }

void LocalBlock::FillChain(std::size_t index, std::uint64_t aggregation_time,
                           const ChainIndex& above, AggregationHashChain& chain) const {
  const Parts parts = PartsOf(index);
  const auto hash = Imprint::Parse(parts.hash);
  PITSER_CHECK(hash.ok());
  chain.aggregation_time = aggregation_time;
  chain.input_hash = *hash;
  chain.algorithm = tree_.algorithm();
  chain.raw = {};
  chain.links.clear();
  if (!parts.metadata.empty()) {
    chain.links.push_back({.direction = LinkDirection::kLeft,
                           .kind = SiblingKind::kMetadata,
                           .level_correction = 0,
                           .sibling = parts.metadata});
  }
  if (!parts.mask.empty()) {
    chain.links.push_back({.direction = LinkDirection::kRight,
                           .kind = SiblingKind::kImprint,
                           .level_correction = 0,
                           .sibling = parts.mask});
  }
  tree_.AppendLinks(index, chain.links);
  PITSER_CHECK(!chain.links.empty());
  // So that it is right from level 0. Cannot pass 255: the parent's level does not.
  AggregationLink& first = chain.links.front();
  first.level_correction = static_cast<Level>(first.level_correction + parts.level);
  chain.index.assign(above.begin(), above.end());
  const absl::StatusOr<std::uint64_t> shape = ShapeOf(chain.links);
  PITSER_CHECK(shape.ok());  // 2^32 leaves, a mask and metadata are 34 links.
  chain.index.push_back(*shape);
}

}  // namespace pitser::ledger
