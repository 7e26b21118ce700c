#include "server/gateway/grpc/tree_parts.h"

#include <bit>

#include "ledger/base/check.h"
#include "ledger/format/tlv.h"
#include "ledger/tree/leaf_chain.h"

namespace pitser::server {
namespace {

// Header, sibling's header and imprint, level correction. The first sibling may be a longer
// imprint: that is in kChainBytes.
constexpr std::size_t kLinkBytes = 2 + 2 + 33 + 3;
// Header, time, index values (its own, the round's, some of parents), input hash, algorithm.
constexpr std::size_t kChainBytes = 4 + 10 + 8 * 10 + 67 + 3 + 32;

}  // namespace

ledger::ChainIndex LowestChainIndex(ledger::Bytes own) {
  ledger::TlvReader reader(own);
  const absl::StatusOr<ledger::Element> element = reader.Next();
  PITSER_CHECK(element.ok());
  const auto chain = ledger::ParseAggregationHashChain(*element);
  PITSER_CHECK(chain.ok());
  return chain->index;
}

void AppendLeafPart(ledger::ByteVector& out, const ledger::HashTree& tree, std::size_t index,
                    std::uint64_t aggregation_time, const ledger::ChainIndex& above) {
  const auto chain = ledger::LeafChain(tree, index, aggregation_time, above);
  PITSER_CHECK(chain.ok());
  ledger::WriteAggregationHashChain(out, *chain);
}

std::size_t PartBound(std::size_t leaves) {
  return kChainBytes + static_cast<std::size_t>(std::bit_width(leaves - 1)) * kLinkBytes;
}

}  // namespace pitser::server
