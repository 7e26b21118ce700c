#include "ledger/service/answered_signature.h"

#include <utility>
#include <vector>

#include "ledger/base/status.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/signature.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger::service {
namespace {

bool IsAggregationChain(Bytes part) {
  const auto element = TlvReader(part).Next();
  return element.ok() && element->type == kAggregationHashChainTag;
}

absl::StatusOr<AggregationHashChain> ParseChain(Bytes part) {
  PITSER_ASSIGN_OR_RETURN(const Element element, TlvReader(part).Next());
  return ParseAggregationHashChain(element);
}

absl::StatusOr<ByteVector> WithLevel(Bytes part, Level level) {
  PITSER_ASSIGN_OR_RETURN(AggregationHashChain chain, ParseChain(part));
  const unsigned corrected = unsigned{chain.links.front().level_correction} + level;
  if (corrected > 255) return absl::InvalidArgumentError("a level correction would pass 255");
  chain.links.front().level_correction = static_cast<Level>(corrected);
  ByteVector written;
  WriteAggregationHashChain(written, chain);
  return written;
}

}  // namespace

absl::StatusOr<ByteVector> AnsweredSignature(std::span<const ByteVector> parts, Level level) {
  std::vector<Bytes> views(parts.begin(), parts.end());
  if (level == 0) return AssembleSignature(views);
  Bytes* lowest = nullptr;
  std::size_t longest = 0;
  for (Bytes& part : views) {
    if (!IsAggregationChain(part)) continue;
    PITSER_ASSIGN_OR_RETURN(const AggregationHashChain chain, ParseChain(part));
    if (chain.index.size() <= longest) continue;
    longest = chain.index.size();
    lowest = &part;
  }
  if (lowest == nullptr) return absl::InvalidArgumentError("there is no aggregation hash chain");
  PITSER_ASSIGN_OR_RETURN(const ByteVector raised, WithLevel(*lowest, level));
  *lowest = raised;
  return AssembleSignature(views);
}

}  // namespace pitser::ledger::service
