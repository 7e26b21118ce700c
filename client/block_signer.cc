#include "client/block_signer.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/format/metadata.h"

namespace pitser::client {
namespace {

using ledger::ByteVector;
using ledger::Level;

void SystemRandom(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    PITSER_CHECK(got > 0);  // With these flags it waits, and has no other reason to fail.
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

absl::Status CheckClientId(const std::string& client_id) {
  if (client_id.size() > kMaxClientIdSize) {
    return absl::InvalidArgumentError(absl::StrFormat("a client id has at most %d bytes, got %d",
                                                      kMaxClientIdSize, client_id.size()));
  }
  if (client_id.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("a client id has no zero bytes");
  }
  if (!ledger::IsUtf8(ledger::AsBytes(client_id))) {
    return absl::InvalidArgumentError("a client id is text in UTF-8");
  }
  return absl::OkStatus();
}

ByteVector MetadataOf(const BlockLeaf& leaf) {
  if (leaf.client_id.empty()) return {};
  return ledger::EncodeMetadata(
      {.client_id = leaf.client_id, .machine_id = {}, .sequence_number = {}, .request_time_us = {}},
      ledger::MetadataStyle::kClient);
}

ledger::LocalLeaf ToLocal(const BlockLeaf& leaf, const ByteVector& metadata) {
  return {.hash = leaf.hash, .level = leaf.level, .metadata = metadata};
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlockSigner>> BlockSigner::Create(Ledger& ledger,
                                                                 BlockSignerOptions options) {
  if (options.max_leaves == 0 || options.max_leaves > kMaxBlockLeaves) {
    return absl::InvalidArgumentError(absl::StrFormat("a tree has from 1 to %d leaves, not %d",
                                                      kMaxBlockLeaves, options.max_leaves));
  }
  if (!options.random) options.random = SystemRandom;
  PITSER_ASSIGN_OR_RETURN(const std::uint32_t told, ledger.GetMaxLevel());
  const Level max_level =
      static_cast<Level>(std::min<std::uint32_t>(told, std::numeric_limits<Level>::max()));
  if (max_level == 0) {
    return absl::FailedPreconditionError("the server takes no roots of trees: its max_level is 0");
  }
  std::unique_ptr<BlockSigner> signer(new BlockSigner(ledger, std::move(options), max_level));
  PITSER_RETURN_IF_ERROR(signer->Begin());
  return signer;
}

BlockSigner::BlockSigner(Ledger& ledger, BlockSignerOptions options, Level max_level)
    : ledger_(ledger), options_(std::move(options)), max_level_(max_level) {}

absl::Status BlockSigner::Begin() {
  ledger::LocalBlockBuilder::Options options{.algorithm = options_.algorithm,
                                             .masking = {},
                                             .max_leaves = options_.max_leaves,
                                             .max_level = max_level_};
  masking_.reset();
  if (options_.masks) {
    masking_ =
        ledger::Masking{.iv = ByteVector(ledger::DigestSize(options_.algorithm)),
                        .previous = previous_.value_or(ledger::Imprint::Zero(options_.algorithm))};
    options_.random(masking_->iv);
    options.masking = masking_;
  }
  PITSER_ASSIGN_OR_RETURN(ledger::LocalBlockBuilder builder,
                          ledger::LocalBlockBuilder::Create(std::move(options)));
  builder_ = std::make_unique<ledger::LocalBlockBuilder>(std::move(builder));
  return absl::OkStatus();
}

void BlockSigner::GoOnFrom(const ledger::Imprint& last_node) {
  PITSER_CHECK(size() == 0);
  // A leaf is no masked node, and may be of any algorithm.
  if (last_node.algorithm() != options_.algorithm) return;
  previous_ = last_node;
  PITSER_CHECK(Begin().ok());  // As it was when this was made.
}

std::size_t BlockSigner::size() const {
  if (built_) return built_->size();
  return builder_ == nullptr ? 0 : builder_->size();
}

bool BlockSigner::Fits(const BlockLeaf& leaf) const {
  if (builder_ == nullptr) return false;
  return builder_->Fits(ToLocal(leaf, MetadataOf(leaf)));
}

absl::Status BlockSigner::Add(const BlockLeaf& leaf) {
  PITSER_RETURN_IF_ERROR(CheckClientId(leaf.client_id));
  if (builder_ == nullptr) {
    if (built_) return absl::ResourceExhaustedError("the tree at hand is not signed yet");
    PITSER_RETURN_IF_ERROR(Begin());
  }
  return builder_->Add(ToLocal(leaf, MetadataOf(leaf)));
}

absl::StatusOr<SignedBlock> BlockSigner::Sign() {
  if (!built_) {
    if (size() == 0) return absl::InvalidArgumentError("there are no leaves to be signed");
    PITSER_ASSIGN_OR_RETURN(built_, builder_->Build());
    builder_ = nullptr;
  }
  const ledger::LeveledImprint root = built_->root();
  PITSER_ASSIGN_OR_RETURN(ledger::Signature signature, ledger_.Sign(root.imprint, root.level));
  if (options_.masks) previous_ = built_->last_node();
  ledger::LocalBlock block = *std::move(built_);
  built_.reset();
  const std::optional<ledger::Masking> masking = std::exchange(masking_, std::nullopt);
  PITSER_RETURN_IF_ERROR(Begin());
  return SignedBlock::Create(std::move(block), std::move(signature), masking);
}

absl::Status BlockSigner::SignLeaves(std::span<const BlockLeaf> leaves, const LeafVisitor& visit) {
  PITSER_CHECK(size() == 0);
  std::size_t done = 0;
  const auto show = [&](const SignatureRun& run) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      PITSER_RETURN_IF_ERROR(visit(done + run.first() + i, run.signature(i)));
    }
    return absl::OkStatus();
  };
  const auto sign = [&] {
    PITSER_ASSIGN_OR_RETURN(const SignedBlock block, Sign());
    PITSER_RETURN_IF_ERROR(block.Visit(SignedBlock::Order::kAscending, 0, show));
    done += block.size();
    return absl::OkStatus();
  };
  for (const BlockLeaf& leaf : leaves) {
    if (size() > 0 && !Fits(leaf)) PITSER_RETURN_IF_ERROR(sign());
    PITSER_RETURN_IF_ERROR(Add(leaf));
  }
  return size() == 0 ? absl::OkStatus() : sign();
}

absl::StatusOr<SignedBlock> RestoreBlock(std::span<const BlockLeaf> leaves,
                                         ledger::HashAlgorithm algorithm,
                                         std::optional<ledger::Masking> masking,
                                         ledger::Signature root) {
  PITSER_ASSIGN_OR_RETURN(
      ledger::LocalBlockBuilder builder,
      ledger::LocalBlockBuilder::Create({.algorithm = algorithm, .masking = masking}));
  for (const BlockLeaf& leaf : leaves) {
    PITSER_RETURN_IF_ERROR(CheckClientId(leaf.client_id));
    const ByteVector metadata = MetadataOf(leaf);
    PITSER_RETURN_IF_ERROR(builder.Add(ToLocal(leaf, metadata)));
  }
  PITSER_ASSIGN_OR_RETURN(ledger::LocalBlock block, builder.Build());
  return SignedBlock::Create(std::move(block), std::move(root), std::move(masking));
}

}  // namespace pitser::client
