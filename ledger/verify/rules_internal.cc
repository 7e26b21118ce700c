#include <algorithm>
#include <cstddef>

#include "ledger/base/status.h"
#include "ledger/verify/rules.h"

// Internal verification: whether a signature is consistent in itself. Source: spec 9.5.
namespace pitser::ledger::internal {
namespace {

using Result = absl::StatusOr<Finding>;

const AggregationHashChain& FirstChain(const Evidence& evidence) {
  return evidence.signature().aggregation_chains().front();
}
const Rfc3161Record& Rfc3161(const Evidence& evidence) {
  return *evidence.signature().rfc3161_record();
}
const CalendarHashChain& Calendar(const Evidence& evidence) {
  return *evidence.signature().calendar_chain();
}

// --- When a rule applies ---

bool HasDocumentHash(const Evidence& evidence) {
  return evidence.context().document_hash.has_value();
}
bool HasRfc3161(const Evidence& evidence) {
  return evidence.signature().rfc3161_record().has_value();
}
bool HasPublication(const Evidence& evidence) {
  return evidence.signature().publication_record().has_value();
}
bool HasAuthentication(const Evidence& evidence) {
  return evidence.signature().authentication_record().has_value();
}

// --- The document ---

Result CheckDocumentHashAlgorithm(Evidence& evidence) {
  return Finding::If(evidence.context().document_hash->algorithm() ==
                     evidence.signature().input_hash().algorithm());
}

Result CheckDocumentHash(Evidence& evidence) {
  return Finding::If(*evidence.context().document_hash == evidence.signature().input_hash());
}

Result CheckInputLevel(Evidence& evidence) {
  return Finding::If(evidence.context().input_level <= evidence.signature().allowed_level());
}

Result CheckInputHashAlgorithm(Evidence& evidence) {
  const Signature& signature = evidence.signature();
  return Finding::If(!evidence.algorithms().DeprecatedAt(signature.input_hash().algorithm(),
                                                         signature.signing_time()));
}

// --- The RFC 3161 record ---

Result CheckRfc3161Algorithms(Evidence& evidence) {
  const Rfc3161Record& record = Rfc3161(evidence);
  const AlgorithmPolicy& algorithms = evidence.algorithms();
  return Finding::If(
      !algorithms.DeprecatedAt(record.tst_info_algorithm, record.aggregation_time) &&
      !algorithms.DeprecatedAt(record.signed_attributes_algorithm, record.aggregation_time));
}

Result CheckRfc3161OutputAlgorithm(Evidence& evidence) {
  return Finding::If(!evidence.algorithms().DeprecatedAt(
      FirstChain(evidence).input_hash.algorithm(), Rfc3161(evidence).aggregation_time));
}

Result CheckRfc3161Output(Evidence& evidence) {
  const Imprint& expected = FirstChain(evidence).input_hash;
  PITSER_ASSIGN_OR_RETURN(const Imprint output,
                          Rfc3161Output(Rfc3161(evidence), expected.algorithm()));
  return Finding::If(output == expected);
}

Result CheckRfc3161Index(Evidence& evidence) {
  return Finding::If(Rfc3161(evidence).index == FirstChain(evidence).index);
}

Result CheckRfc3161Time(Evidence& evidence) {
  return Finding::If(Rfc3161(evidence).aggregation_time == FirstChain(evidence).aggregation_time);
}

// --- The aggregation hash chains ---

bool MetadataTrusted(const AggregationLink& link) {
  return link.kind != SiblingKind::kMetadata || MetadataIsTrusted(link.sibling);
}

Result CheckMetadata(Evidence& evidence) {
  return Finding::If(std::ranges::all_of(evidence.signature().aggregation_chains(),
                                         [](const AggregationHashChain& chain) {
                                           return std::ranges::all_of(chain.links, MetadataTrusted);
                                         }));
}

Result CheckAggregationAlgorithms(Evidence& evidence) {
  const AlgorithmPolicy& algorithms = evidence.algorithms();
  return Finding::If(std::ranges::none_of(
      evidence.signature().aggregation_chains(), [&](const AggregationHashChain& chain) {
        return algorithms.DeprecatedAt(chain.algorithm, chain.aggregation_time);
      }));
}

// Whether `holds(i)` for each chain i that has one above it.
template <typename Predicate>
bool ForNeighbours(const Evidence& evidence, Predicate holds) {
  const std::size_t count = evidence.signature().aggregation_chains().size();
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (!holds(i)) return false;
  }
  return true;
}

// A chain's index list is that of the chain above, with one value of its own at the end.
Result CheckIndexesContinue(Evidence& evidence) {
  const auto chains = evidence.signature().aggregation_chains();
  return Finding::If(ForNeighbours(evidence, [&](std::size_t i) {
    const ChainIndex& lower = chains[i].index;
    const ChainIndex& upper = chains[i + 1].index;
    return lower.size() == upper.size() + 1 &&
           std::equal(upper.begin(), upper.end(), lower.begin());
  }));
}

Result CheckAggregationTimes(Evidence& evidence) {
  const auto chains = evidence.signature().aggregation_chains();
  return Finding::If(ForNeighbours(evidence, [&](std::size_t i) {
    return chains[i].aggregation_time == chains[i + 1].aggregation_time;
  }));
}

// Folds all chains, so a level beyond 255 anywhere shows here.
Result CheckChainsConnect(Evidence& evidence) {
  const auto& outputs = evidence.chain_outputs();
  if (!outputs.ok()) return outputs.status();
  const auto chains = evidence.signature().aggregation_chains();
  return Finding::If(ForNeighbours(
      evidence, [&](std::size_t i) { return (*outputs)[i].imprint == chains[i + 1].input_hash; }));
}

Result CheckIndexShape(Evidence& evidence) {
  return Finding::If(std::ranges::all_of(
      evidence.signature().aggregation_chains(), [](const AggregationHashChain& chain) {
        // More links than an index has bits: no index value is their shape.
        const absl::StatusOr<std::uint64_t> shape = ShapeOf(chain.links);
        return shape.ok() && *shape == chain.index.back();
      }));
}

// --- The calendar hash chain ---

Result CheckCalendarInput(Evidence& evidence) {
  PITSER_ASSIGN_OR_RETURN(const Imprint root, evidence.AggregationRoot());
  return Finding::If(root == Calendar(evidence).input_hash);
}

Result CheckCalendarTime(Evidence& evidence) {
  return Finding::If(Calendar(evidence).AggregationTime() == FirstChain(evidence).aggregation_time);
}

Result CheckCalendarShape(Evidence& evidence) {
  const CalendarHashChain& chain = Calendar(evidence);
  // A shape that no leaf has proves no time at all.
  const absl::StatusOr<std::uint64_t> time =
      CalendarTimeFromShape(chain.publication_time, chain.links);
  return Finding::If(time.ok() && *time == chain.AggregationTime());
}

Result CheckCalendarNotObsolete(Evidence& evidence) {
  return Finding::If(!CalendarObsolete(Calendar(evidence), evidence.algorithms()));
}

// --- What the calendar root rests on ---

Result CheckRootIs(Evidence& evidence, const Imprint& expected) {
  const absl::StatusOr<Imprint>& root = evidence.calendar_root();
  if (!root.ok()) return root.status();
  return Finding::If(*root == expected);
}

Result CheckPublicationHash(Evidence& evidence) {
  return CheckRootIs(evidence, evidence.signature().publication_record()->data.hash);
}

Result CheckPublicationTime(Evidence& evidence) {
  return Finding::If(Calendar(evidence).publication_time ==
                     evidence.signature().publication_record()->data.time);
}

Result CheckAuthenticationHash(Evidence& evidence) {
  return CheckRootIs(evidence, evidence.signature().authentication_record()->data.hash);
}

Result CheckAuthenticationTime(Evidence& evidence) {
  return Finding::If(Calendar(evidence).publication_time ==
                     evidence.signature().authentication_record()->data.time);
}

// A signature with a publication or authentication record has a calendar hash chain: the parser
// sees to it.
constexpr Rule kInternalRules[] = {
    {"document-hash-algorithm-matches", ErrorCode::kGen04, HasDocumentHash,
     CheckDocumentHashAlgorithm},
    {"document-hash-matches", ErrorCode::kGen01, HasDocumentHash, CheckDocumentHash},
    {"input-level-is-allowed", ErrorCode::kGen03, nullptr, CheckInputLevel},
    {"input-hash-algorithm-is-trusted", ErrorCode::kInt13, nullptr, CheckInputHashAlgorithm},
    {"rfc3161-algorithms-are-trusted", ErrorCode::kInt14, HasRfc3161, CheckRfc3161Algorithms},
    {"rfc3161-output-algorithm-is-trusted", ErrorCode::kInt17, HasRfc3161,
     CheckRfc3161OutputAlgorithm},
    {"rfc3161-output-matches", ErrorCode::kInt01, HasRfc3161, CheckRfc3161Output},
    {"metadata-is-trusted", ErrorCode::kInt11, nullptr, CheckMetadata},
    {"aggregation-algorithms-are-trusted", ErrorCode::kInt15, nullptr, CheckAggregationAlgorithms},
    {"rfc3161-index-matches", ErrorCode::kInt12, HasRfc3161, CheckRfc3161Index},
    {"chain-indexes-continue", ErrorCode::kInt12, nullptr, CheckIndexesContinue},
    {"rfc3161-time-matches", ErrorCode::kInt02, HasRfc3161, CheckRfc3161Time},
    {"aggregation-times-agree", ErrorCode::kInt02, nullptr, CheckAggregationTimes},
    {"aggregation-chains-connect", ErrorCode::kInt01, nullptr, CheckChainsConnect},
    {"chain-index-matches-shape", ErrorCode::kInt10, nullptr, CheckIndexShape},
    {"calendar-input-matches-aggregation-root", ErrorCode::kInt03, HasCalendarChain,
     CheckCalendarInput},
    {"calendar-time-matches-aggregation-time", ErrorCode::kInt04, HasCalendarChain,
     CheckCalendarTime},
    {"calendar-shape-matches-time", ErrorCode::kInt05, HasCalendarChain, CheckCalendarShape},
    {"calendar-algorithms-are-not-obsolete", ErrorCode::kInt16, HasCalendarChain,
     CheckCalendarNotObsolete},
    {"publication-record-hash-matches", ErrorCode::kInt09, HasPublication, CheckPublicationHash},
    {"publication-record-time-matches", ErrorCode::kInt07, HasPublication, CheckPublicationTime},
    {"authentication-record-hash-matches", ErrorCode::kInt08, HasAuthentication,
     CheckAuthenticationHash},
    {"authentication-record-time-matches", ErrorCode::kInt06, HasAuthentication,
     CheckAuthenticationTime},
};

}  // namespace

std::span<const Rule> InternalRules() { return kInternalRules; }

}  // namespace pitser::ledger::internal
