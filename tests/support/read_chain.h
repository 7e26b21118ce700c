#pragma once

#include "ledger/base/bytes.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/tlv.h"
#include "tests/support/value_of.h"

namespace pitser::testing {

// A written 0x801 element as it is read, with its bytes, which the chain views into.
struct ReadChain {
  explicit ReadChain(ledger::Bytes element)
      : bytes(ledger::ToVector(element)),
        chain(
            ValueOf(ledger::ParseAggregationHashChain(ValueOf(ledger::TlvReader(bytes).Next())))) {}
  ReadChain(const ReadChain&) = delete;
  ReadChain& operator=(const ReadChain&) = delete;

  const ledger::AggregationHashChain* operator->() const { return &chain; }

  const ledger::ByteVector bytes;
  const ledger::AggregationHashChain chain;
};

}  // namespace pitser::testing
