#include "server/gateway/grpc/tree_parts.h"

#include <bit>

#include "ledger/base/check.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/tlv.h"

namespace pitser::server {
namespace {

// Header, sibling's header and imprint, level correction. The first sibling may be a longer
// imprint: that is in kChainBytes.
constexpr std::size_t kLinkBytes = 2 + 2 + 33 + 3;
// Header, time, index values (its own, the round's, some of parents), input hash, algorithm.
constexpr std::size_t kChainBytes = 4 + 10 + 8 * 10 + 67 + 3 + 32;

}  // namespace

ledger::ChainWriter ChainsBelow(const SignAnswer& answer, const ledger::HashTree& tree) {
  ledger::TlvReader reader(answer.own);
  const absl::StatusOr<ledger::Element> lowest = reader.Next();
  PITSER_CHECK(lowest.ok());
  const auto chain = ledger::ParseAggregationHashChain(*lowest);
  PITSER_CHECK(chain.ok());
  return ledger::ChainWriter(tree, answer.seal->aggregation_time, chain->index);
}

std::size_t PartBound(std::size_t leaves) {
  return kChainBytes + static_cast<std::size_t>(std::bit_width(leaves - 1)) * kLinkBytes;
}

}  // namespace pitser::server
