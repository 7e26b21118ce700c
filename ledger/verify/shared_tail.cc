#include "ledger/verify/shared_tail.h"

#include <algorithm>
#include <array>

#include "ledger/base/status.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/engine.h"
#include "ledger/verify/rules.h"

namespace pitser::ledger {
namespace {

// A part on its own, if it is nothing but aggregation hash chains.
absl::StatusOr<Signature> ParsePart(Bytes part) {
  PITSER_ASSIGN_OR_RETURN(ByteVector bytes, AssembleSignature({&part, 1}));
  PITSER_ASSIGN_OR_RETURN(Signature signature, Signature::Parse(std::move(bytes)));
  std::size_t size = 0;
  for (const AggregationHashChain& chain : signature.aggregation_chains()) size += chain.raw.size();
  if (size != part.size()) {
    return absl::InvalidArgumentError("a part has other elements than aggregation hash chains");
  }
  return signature;
}

absl::StatusOr<VerificationResult> RunInternalRules(internal::Evidence& evidence) {
  const std::string_view policy = PolicyName(Policy::kInternal);
  const internal::RuleList tries[] = {{policy, nullptr, {}}};
  return internal::RunRules(internal::InternalRules(), tries, evidence);
}

// Whether `lower` is the index list of a chain right below one whose list is `upper`.
bool ContinuesBelow(const ChainIndex& lower, const std::vector<std::uint64_t>& upper) {
  return lower.size() == upper.size() + 1 && std::equal(upper.begin(), upper.end(), lower.begin());
}

// Whether these elements say nothing but what is above the node where a part meets them. A list of
// those that are known to: a RFC 3161 record speaks of the document itself, and what else a later
// format may have is not known here.
bool SaysOnlyWhatIsAbove(Bytes elements) {
  TlvReader reader(elements);
  while (!reader.done()) {
    const absl::StatusOr<Element> element = reader.Next();
    if (!element.ok()) return false;
    switch (element->type) {
      case kAggregationHashChainTag:
      case kCalendarHashChainTag:
      case kPublicationRecordTag:
      case kCalendarAuthenticationRecordTag:
        break;
      default:
        return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<ByteVector> SharedTail::Assemble(Bytes part) const {
  const std::array<Bytes, 2> elements = {part, tail_};
  return AssembleSignature(elements);
}

absl::StatusOr<VerificationResult> SharedTail::Verify(Bytes part, const Imprint& document_hash,
                                                      Level input_level) {
  auto result = VerifyPart(part, document_hash, input_level);
  if (result.has_value()) return *std::move(result);
  return VerifyWhole(part, document_hash, input_level);
}

absl::StatusOr<VerificationResult> SharedTail::VerifyWhole(Bytes part, const Imprint& document_hash,
                                                           Level input_level) {
  PITSER_ASSIGN_OR_RETURN(ByteVector bytes, Assemble(part));
  PITSER_ASSIGN_OR_RETURN(const Signature whole, Signature::Parse(std::move(bytes)));
  PITSER_ASSIGN_OR_RETURN(VerificationResult result,
                          ledger::Verify(Policy::kInternal, {.signature = whole,
                                                             .document_hash = document_hash,
                                                             .input_level = input_level}));
  if (result.outcome == Outcome::kOk && border_ == nullptr) RememberBorder(whole, part);
  return result;
}

void SharedTail::RememberBorder(const Signature& whole, Bytes part) {
  if (!SaysOnlyWhatIsAbove(tail_)) return;
  const absl::StatusOr<Signature> alone = ParsePart(part);
  if (!alone.ok()) return;
  const absl::StatusOr<LeveledImprint> node = alone->AggregationRoot();
  if (!node.ok()) return;
  // The chains of the part must be the lowest of the whole, whatever the order of the bytes.
  const auto below = alone->aggregation_chains();
  const auto all = whole.aggregation_chains();
  for (std::size_t i = 0; i < below.size(); ++i) {
    if (!Equal(below[i].raw, all[i].raw)) return;
  }
  std::vector<std::uint64_t> index_above;
  if (all.size() > below.size()) {
    const ChainIndex& index = all[below.size()].index;
    index_above.assign(index.begin(), index.end());
  }
  border_.reset(new Border{.node = *node,
                           .aggregation_time = below.back().aggregation_time,
                           .index_above = std::move(index_above)});
}

std::optional<VerificationResult> SharedTail::VerifyPart(Bytes part, const Imprint& document_hash,
                                                         Level input_level) {
  if (border_ == nullptr) return std::nullopt;
  if (part.size() + tail_.size() > kMaxSignatureSize - 4) return std::nullopt;
  absl::StatusOr<Signature> alone = ParsePart(part);
  if (!alone.ok()) return std::nullopt;
  const AggregationHashChain& top = alone->aggregation_chains().back();
  const bool meets =
      top.aggregation_time == border_->aggregation_time &&
      (border_->index_above.empty() || ContinuesBelow(top.index, border_->index_above));
  if (!meets) return std::nullopt;

  const VerificationContext context{
      .signature = *alone, .document_hash = document_hash, .input_level = input_level};
  internal::Evidence evidence(context);
  const bool one_chain = alone->aggregation_chains().size() == 1;
  if (one_chain) {
    const auto output = path_.Fold(top);
    if (!output) return std::nullopt;
    evidence.GiveChainOutputs({*output});
  }
  absl::StatusOr<VerificationResult> result = RunInternalRules(evidence);
  if (!result.ok() || result->outcome != Outcome::kOk) return std::nullopt;
  // The level goes into the hashes of the tail's chains.
  const LeveledImprint& node = evidence.chain_outputs()->back();
  if (!(node == border_->node)) return std::nullopt;
  if (one_chain) path_.Keep(*std::move(alone));
  return *std::move(result);
}

}  // namespace pitser::ledger
