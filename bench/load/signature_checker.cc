#include "bench/load/signature_checker.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "ledger/format/metadata.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/verifier.h"

namespace pitser::bench {
namespace {

using ledger::AggregationHashChain;
using ledger::AggregationLink;
using ledger::AlgorithmPolicy;
using ledger::Bytes;
using ledger::LeveledImprint;

// The aggregation hash chains that `elements` begin with; nothing when one is malformed, or when
// `only_chains` and there is something else.
std::optional<std::vector<AggregationHashChain>> ReadChains(Bytes elements, bool only_chains) {
  std::vector<AggregationHashChain> chains;
  ledger::TlvReader reader(elements);
  while (!reader.done()) {
    const auto element = reader.Next();
    if (!element.ok()) return std::nullopt;
    if (element->type != ledger::kAggregationHashChainTag) {
      if (only_chains) return std::nullopt;
      continue;
    }
    auto chain = ledger::ParseAggregationHashChain(*element);
    if (!chain.ok()) return std::nullopt;
    chains.push_back(*std::move(chain));
  }
  return chains;
}

bool SameLink(const AggregationLink& a, const AggregationLink& b) {
  return a.direction == b.direction && a.kind == b.kind &&
         a.level_correction == b.level_correction && ledger::Equal(a.sibling, b.sibling);
}

// How many links two chains have in common at their upper end.
std::size_t CommonEnd(std::span<const AggregationLink> a, std::span<const AggregationLink> b) {
  const auto differ = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend(), SameLink);
  return static_cast<std::size_t>(differ.first - a.rbegin());
}

// What the internal policy asks of a chain alone: INT-11, INT-15, INT-10.
bool ChainHolds(const AggregationHashChain& chain) {
  const auto shape = ledger::ShapeOf(chain.links);
  return shape.ok() && *shape == chain.index.back() &&
         !AlgorithmPolicy::Default().DeprecatedAt(chain.algorithm, chain.aggregation_time) &&
         std::ranges::all_of(chain.links, [](const AggregationLink& link) {
           return link.kind != ledger::SiblingKind::kMetadata ||
                  ledger::MetadataIsTrusted(link.sibling);
         });
}

// INT-12 between a chain and the one above it.
bool IndexContinues(const ledger::ChainIndex& lower, const ledger::ChainIndex& upper) {
  return lower.size() == upper.size() + 1 && std::equal(upper.begin(), upper.end(), lower.begin());
}

absl::Status Wrong(const ledger::VerificationResult& result) {
  return absl::FailedPreconditionError(
      absl::StrCat(ledger::ToAbsl(ledger::ErrorCodeName(result.code)), " ",
                   ledger::ToAbsl(result.rule), " ", result.cause));
}

}  // namespace

std::unique_ptr<SharedTail> SharedTail::Create(const ledger::Signature& verified, Bytes part,
                                               Bytes tail) {
  const auto upper_chains = ReadChains(tail, false);
  if (!upper_chains.has_value() || !verified.calendar_chain().has_value()) return nullptr;
  if (verified.rfc3161_record().has_value()) return nullptr;
  std::unique_ptr<SharedTail> shared(new SharedTail);
  shared->time_ = verified.calendar_chain()->AggregationTime();
  std::optional<ledger::Imprint> above;
  for (const AggregationHashChain& chain : *upper_chains) {
    if (chain.index.size() <= shared->upper_index_.size()) continue;
    shared->upper_index_ = chain.index;
    above = chain.input_hash;
  }
  if (!shared->Read(part, shared->spare_)) return nullptr;
  const auto node = shared->Fold(shared->spare_);
  if (!node.has_value()) return nullptr;
  if (!(node->imprint == above.value_or(verified.calendar_chain()->input_hash))) return nullptr;
  shared->meeting_ = node;
  // The way in which parts are looked at must hold for the one that is known to be right.
  if (!shared->Accepts(verified.input_hash(), part)) return nullptr;
  return shared;
}

bool SharedTail::Accepts(const ledger::Imprint& hash, Bytes part) {
  if (!Read(part, spare_) || !ChainsHold(hash, spare_)) return false;
  if (Fold(spare_) != meeting_) return false;
  std::swap(accepted_, spare_);
  return true;
}

// Reads from a copy: the path outlives the caller's bytes.
bool SharedTail::Read(Bytes part, Path& path) const {
  path.bytes.assign(part.begin(), part.end());
  auto chains = ReadChains(path.bytes, true);
  if (!chains.has_value() || chains->empty()) return false;
  path.chains = *std::move(chains);
  return true;
}

bool SharedTail::ChainsHold(const ledger::Imprint& hash, const Path& path) const {
  // GEN-01, GEN-04, INT-13.
  if (!(path.chains.front().input_hash == hash)) return false;
  if (AlgorithmPolicy::Default().DeprecatedAt(hash.algorithm(), time_)) return false;
  for (std::size_t i = 0; i < path.chains.size(); ++i) {
    const AggregationHashChain& chain = path.chains[i];
    const ledger::ChainIndex& above =
        i + 1 < path.chains.size() ? path.chains[i + 1].index : upper_index_;
    // INT-02 and INT-04; without a chain above there is nothing for an index to continue, and
    // IndexContinues() then demands what every writer gives: one value.
    if (chain.aggregation_time != time_ || !IndexContinues(chain.index, above)) return false;
    if (!ChainHolds(chain)) return false;
  }
  return true;
}

// INT-01, INT-03: each chain leads to the input hash of the next.
std::optional<LeveledImprint> SharedTail::Fold(Path& path) const {
  LeveledImprint node{path.chains.front().input_hash, 0};
  for (std::size_t i = 0; i + 1 < path.chains.size(); ++i) {
    const AggregationHashChain& chain = path.chains[i];
    const auto output =
        ledger::FoldAggregationLinks(chain.algorithm, chain.links, node.imprint, node.level);
    if (!output.ok() || !(output->imprint == path.chains[i + 1].input_hash)) return std::nullopt;
    node = *output;
  }
  if (!FoldLastChain(node, path)) return std::nullopt;
  return path.nodes.back();
}

bool SharedTail::FoldLastChain(LeveledImprint node, Path& path) const {
  const AggregationHashChain& chain = path.chains.back();
  const std::span<const AggregationLink> links = chain.links;
  std::size_t known = 0;  // So many links at the end are those of the accepted path.
  if (!accepted_.chains.empty() && accepted_.chains.back().algorithm == chain.algorithm) {
    known = CommonEnd(links, accepted_.chains.back().links);
  }
  path.nodes.assign(1, node);
  for (std::size_t i = 0; i < links.size(); ++i) {
    const std::size_t left = links.size() - i;
    if (left <= known && accepted_.nodes[accepted_.nodes.size() - 1 - left] == node) {
      path.nodes.insert(path.nodes.end(), accepted_.nodes.end() - static_cast<std::ptrdiff_t>(left),
                        accepted_.nodes.end());
      return true;
    }
    const auto next = ledger::FoldAggregationLinks(chain.algorithm, links.subspan(i, 1),
                                                   node.imprint, node.level);
    if (!next.ok()) return false;
    node = *next;
    path.nodes.push_back(node);
  }
  return true;
}

void SignatureChecker::Counts::Add(const Counts& other) {
  right += other.right;
  wrong += other.wrong;
  in_full += other.in_full;
  tails += other.tails;
  complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
}

bool SignatureChecker::Check(std::uint64_t number, const ledger::Imprint& hash, const Tail& tail,
                             Bytes part) {
  if (last_round_ == nullptr || tail.bytes != last_tail_) {
    last_tail_ = tail.bytes;
    last_round_ = &rounds_[tail.bytes];
  }
  Round& round = *last_round_;
  const bool quickly = round.shared != nullptr && !tail.whole &&
                       part.size() + tail.bytes.size() <= ledger::kMaxSignatureSize - 4 &&
                       tail.told_time == round.shared->time() && round.shared->Accepts(hash, part);
  const bool sampled = IsSampled();
  absl::Status status;
  if (!quickly || sampled) {
    status = CheckInFull(hash, tail, part, round);
    if (!status.ok() && quickly) {
      status = ledger::Annotate(status, "the quick check said yes, which is our bug");
    }
  }
  if (status.ok()) {
    ++counts_.right;
    return true;
  }
  ++counts_.wrong;
  if (counts_.complaints.size() < options_.max_complaints) {
    counts_.complaints.push_back(absl::StrCat("request ", number, ": ", status.message()));
  }
  return false;
}

// The n-th sample is number n * (n + 1) / 2: how many signatures will come is not known.
bool SignatureChecker::IsSampled() {
  const std::uint64_t place = counts_.right + counts_.wrong;
  if (place != next_sample_ || sampled_ == options_.max_in_full) return false;
  ++sampled_;
  next_sample_ = place + sampled_;
  return true;
}

absl::Status SignatureChecker::CheckInFull(const ledger::Imprint& hash, const Tail& tail,
                                           Bytes part, Round& round) {
  ++counts_.in_full;
  ledger::ByteVector bytes;
  if (tail.whole) {
    bytes = ledger::ToVector(part);
  } else {
    const std::array<Bytes, 2> elements = {part, ledger::AsBytes(tail.bytes)};
    PITSER_ASSIGN_OR_RETURN(bytes, ledger::AssembleSignature(elements));
  }
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature signature,
                          ledger::Signature::Parse(std::move(bytes)));
  const ledger::Policy policy =
      options_.publications == nullptr ? ledger::Policy::kInternal : ledger::Policy::kKeyBased;
  PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult result,
                          ledger::Verify(policy, {.signature = signature,
                                                  .document_hash = hash,
                                                  .publications_file = options_.publications}));
  if (result.outcome != ledger::Outcome::kOk) return Wrong(result);
  if (signature.signing_time() != tail.told_time) {
    return absl::FailedPreconditionError(absl::StrCat("it is of second ", signature.signing_time(),
                                                      ", the answer said ", tail.told_time));
  }
  if (round.shared == nullptr && !tail.whole) {
    round.shared = SharedTail::Create(signature, part, ledger::AsBytes(tail.bytes));
    if (round.shared != nullptr) ++counts_.tails;
  }
  return absl::OkStatus();
}

}  // namespace pitser::bench
