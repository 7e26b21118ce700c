#include "ledger/tree/local_block.h"

#include <cstring>
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
  LocalBlockBuilder builder(std::move(options));
  if (builder.options_.masking) {
    const HashAlgorithm algorithm = builder.options_.algorithm;
    const std::size_t node = 1 + DigestSize(algorithm);
    PITSER_ASSIGN_OR_RETURN(
        builder.masks_,
        HashBatch::Create(algorithm, node + builder.options_.masking->iv.size(), /*capacity=*/1));
    PITSER_ASSIGN_OR_RETURN(builder.masked_nodes_,
                            HashBatch::Create(algorithm, 2 * node + 1, /*capacity=*/1));
  }
  return builder;
}

LocalBlockBuilder::LocalBlockBuilder(Options options) : options_(std::move(options)) {}

unsigned LocalBlockBuilder::NodeLevel(const LocalLeaf& leaf) const {
  return leaf.level + (leaf.metadata.empty() ? 0u : 1u) + (options_.masking ? 1u : 0u);
}

unsigned LocalBlockBuilder::LevelWith(const LocalLeaf& leaf) const {
  return height_.With(NodeLevel(leaf));
}

bool LocalBlockBuilder::Fits(const LocalLeaf& leaf) const {
  return size() < options_.max_leaves && (height_.AtMost(NodeLevel(leaf)) <= options_.max_level ||
                                          LevelWith(leaf) <= options_.max_level);
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
  // Metadata first, then the mask, which hides both.
  Bytes node = leaf.hash.bytes();
  Level level = leaf.level;
  std::optional<LeveledImprint> joined;
  if (!leaf.metadata.empty()) {
    PITSER_ASSIGN_OR_RETURN(joined,
                            JoinNodes(options_.algorithm, node, level, leaf.metadata, level));
    node = joined->imprint.bytes();
    level = joined->level;
  }
  offsets_.push_back(leaves_.size());
  leaves_.push_back(leaf.level);
  Append(leaves_, leaf.hash.bytes());
  if (options_.masking) {
    PITSER_RETURN_IF_ERROR(AddMasked(node, level++));
  } else {
    last_node_ = nodes_.size();
    Append(nodes_, node);
  }
  Append(leaves_, leaf.metadata);
  levels_.push_back(level);
  height_.Add(level);
  return absl::OkStatus();
}

// In place: each hash waits for the one before, so nothing is to be copied in between.
absl::Status LocalBlockBuilder::AddMasked(Bytes node, Level level) {
  const auto grow = [this](ByteVector& to) {
    const std::size_t size = 1 + DigestSize(options_.algorithm);
    to.resize(to.size() + size);
    std::uint8_t* const imprint = to.data() + to.size() - size;
    imprint[0] = static_cast<std::uint8_t>(options_.algorithm);
    return std::span(imprint, size);
  };
  const Masking& masking = *options_.masking;
  const Bytes previous = nodes_.empty() ? masking.previous.bytes() : LastNode();
  std::uint8_t* message = masks_->Next();
  CopyImprint(message, previous);
  std::memcpy(message + previous.size(), masking.iv.data(), masking.iv.size());
  const std::span<std::uint8_t> mask = grow(leaves_);
  masks_->Finish(mask.data() + 1, mask.size());

  last_node_ = nodes_.size();
  const std::span<std::uint8_t> masked = grow(nodes_);
  if (node.size() != mask.size()) {  // A hash of another algorithm.
    PITSER_ASSIGN_OR_RETURN(const LeveledImprint other,
                            JoinNodes(options_.algorithm, mask, level, node, level));
    CopyImprint(masked.data(), other.imprint.bytes());
    return absl::OkStatus();
  }
  message = masked_nodes_->Next();
  CopyImprint(message, mask);
  CopyImprint(message + mask.size(), node);
  message[2 * mask.size()] = static_cast<Level>(level + 1);  // There is room: Fits().
  masked_nodes_->Finish(masked.data() + 1, masked.size());
  return absl::OkStatus();
}

absl::StatusOr<LocalBlock> LocalBlockBuilder::Build() {
  PITSER_ASSIGN_OR_RETURN(HashTree tree,
                          HashTree::BuildFromImprints(options_.algorithm, nodes_, levels_));
  const Imprint last = Imprint::Of(LastNode());
  nodes_ = {};
  offsets_.push_back(leaves_.size());
  return LocalBlock(std::move(tree), last, options_.masking.has_value(), std::move(leaves_),
                    std::move(offsets_));
}

LocalBlock::LocalBlock(HashTree tree, Imprint last_node, bool masked, ByteVector leaves,
                       std::vector<std::size_t> offsets)
    : tree_(std::move(tree)),
      last_node_(last_node),
      masked_(masked),
      leaves_(std::move(leaves)),
      offsets_(std::move(offsets)) {}

LeafParts LocalBlock::parts(std::size_t index) const {
  PITSER_CHECK(index < size());
  Bytes rest = Bytes(leaves_).subspan(offsets_[index], offsets_[index + 1] - offsets_[index]);
  const auto take = [&rest](std::size_t count) {
    const Bytes taken = rest.first(count);
    rest = rest.subspan(count);
    return taken;
  };
  LeafParts parts;
  parts.level = take(1).front();
  parts.hash = take(ImprintSize(rest.front()));
  if (masked_) parts.mask = take(ImprintSize(rest.front()));
  parts.metadata = rest;
  return parts;
}

LeveledImprint LocalBlock::leaf(std::size_t index) const {
  const LeafParts leaf = parts(index);
  return {Imprint::Of(leaf.hash), leaf.level};
}

bool LocalBlock::LeafIsRoot() const { return size() == 1 && !masked_ && parts(0).metadata.empty(); }

}  // namespace pitser::ledger
