#include "ledger/verify/evidence.h"

#include <algorithm>

#include "ledger/base/status.h"
#include "ledger/verify/key_memory.h"

namespace pitser::ledger::internal {
namespace {

absl::StatusOr<ChainOutputs> FoldChains(const Signature& signature) {
  ChainOutputs outputs;
  Level level = 0;
  for (const AggregationHashChain& chain : signature.aggregation_chains()) {
    PITSER_ASSIGN_OR_RETURN(
        const LeveledImprint output,
        FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, level));
    level = output.level;
    outputs.push_back(output);
  }
  return outputs;
}

absl::StatusOr<ExtendedCalendar> AskExtender(const VerificationContext& context,
                                             std::optional<std::uint64_t> publication_time) {
  PITSER_ASSIGN_OR_RETURN(CalendarHashChain chain,
                          context.extend(context.signature.signing_time(), publication_time));
  absl::StatusOr<Imprint> root = FoldCalendarLinks(chain.input_hash, chain.links);
  return ExtendedCalendar{std::move(chain), std::move(root)};
}

// What this thread knows of keys. Signatures that are verified one after the other are often of one
// round, or name one certificate at least.
KeyMemory& Keys() {
  thread_local KeyMemory keys;
  return keys;
}

}  // namespace

const absl::StatusOr<ChainOutputs>& Evidence::chain_outputs() {
  return chain_outputs_.Get([this]() -> absl::StatusOr<ChainOutputs> {
    // Who asks for these asks for the calendar root next. An error is told by who asks for it.
    if (signature().calendar_chain().has_value()) {
      auto both = FoldSideBySide(signature().aggregation_chains(), *signature().calendar_chain());
      if (both.has_value()) {
        calendar_root_.Set(both->calendar_root);
        return std::move(both->outputs);
      }
    }
    return FoldChains(signature());
  });
}

absl::StatusOr<Imprint> Evidence::AggregationRoot() {
  const absl::StatusOr<ChainOutputs>& outputs = chain_outputs();
  if (!outputs.ok()) return outputs.status();
  return outputs->back().imprint;
}

const absl::StatusOr<Imprint>& Evidence::calendar_root() {
  return calendar_root_.Get([this] {
    const CalendarHashChain& chain = *signature().calendar_chain();
    return FoldCalendarLinks(chain.input_hash, chain.links);
  });
}

const CertificateRecord* Evidence::certificate_record() const {
  if (context_.publications_file == nullptr) return nullptr;
  if (!signature().authentication_record().has_value()) return nullptr;
  return context_.publications_file->FindCertificate(
      signature().authentication_record()->certificate_id);
}

const std::optional<Certificate>& Evidence::certificate() {
  return certificate_.Get([this] { return Keys().Decode(certificate_record()->der); });
}

bool Evidence::AuthenticationSignatureVerifies() const {
  return Keys().Verifies(certificate_record()->der, *signature().authentication_record());
}

const absl::StatusOr<ExtendedCalendar>& Evidence::Extended(
    std::optional<std::uint64_t> publication_time) {
  if (!extended_.has_value() || extended_->publication_time != publication_time) {
    extended_ = Answer{publication_time, AskExtender(context_, publication_time)};
  }
  return extended_->calendar;
}

bool CalendarDeprecated(const CalendarHashChain& chain, const AlgorithmPolicy& algorithms) {
  return std::ranges::any_of(chain.links, [&](const CalendarLink& link) {
    return link.direction == LinkDirection::kLeft &&
           algorithms.DeprecatedAt(link.sibling.algorithm(), chain.publication_time);
  });
}

bool CalendarObsolete(const CalendarHashChain& chain, const AlgorithmPolicy& algorithms) {
  return std::ranges::any_of(chain.links, [&](const CalendarLink& link) {
    return link.direction == LinkDirection::kLeft &&
           algorithms.ObsoleteAt(link.sibling.algorithm(), chain.publication_time);
  });
}

}  // namespace pitser::ledger::internal
