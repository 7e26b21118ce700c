#include "tests/property/content_dump.h"

#include <sstream>

#include "ledger/base/hex.h"

namespace pitser::testing {

using ledger::Signature;
using ledger::ToHex;

std::string DumpOf(const ledger::PublicationData& data) {
  return std::to_string(data.time) + " " + data.hash.ToText();
}

namespace {

void DumpChain(std::ostream& out, const ledger::AggregationHashChain& chain) {
  out << "aggregation " << chain.aggregation_time << " [";
  for (const std::uint64_t index : chain.index) out << index << ",";
  out << "] " << chain.input_hash.ToText() << " " << HashAlgorithmName(chain.algorithm) << "\n";
  for (const ledger::AggregationLink& link : chain.links) {
    out << static_cast<int>(link.direction) << static_cast<int>(link.kind) << " +"
        << static_cast<int>(link.level_correction) << " " << ToHex(link.sibling) << "\n";
  }
}

}  // namespace

std::string DumpOf(const Signature& signature, bool key_signature) {
  std::ostringstream out;
  for (const auto& chain : signature.aggregation_chains()) DumpChain(out, chain);
  if (const auto& chain = signature.calendar_chain()) {
    out << "calendar " << chain->publication_time << " " << chain->AggregationTime() << " "
        << chain->input_hash.ToText() << "\n";
    for (const ledger::CalendarLink& link : chain->links) {
      out << static_cast<int>(link.direction) << " " << link.sibling.ToText() << "\n";
    }
  }
  if (const auto& record = signature.publication_record()) {
    out << "publication " << DumpOf(record->data) << "\n";
  }
  if (const auto& record = signature.authentication_record()) {
    out << "authentication " << DumpOf(record->data);
    if (key_signature) {
      out << " " << ToHex(record->signed_bytes) << " " << record->signature_type << " "
          << ToHex(record->signature_value) << " " << ToHex(record->certificate_id);
    }
    out << "\n";
  }
  if (const auto& record = signature.rfc3161_record()) {
    out << "rfc3161 " << record->aggregation_time << " " << record->input_hash.ToText() << " "
        << ToHex(record->tst_info_prefix) << " " << ToHex(record->tst_info_suffix) << " "
        << ToHex(record->signed_attributes_prefix) << " " << ToHex(record->signed_attributes_suffix)
        << "\n";
  }
  for (const ledger::Identity& identity : signature.Identities()) {
    const ledger::Metadata& metadata = identity.metadata;
    out << identity.legacy << " " << metadata.client_id << " " << metadata.machine_id.value_or("-")
        << " " << metadata.sequence_number.value_or(0) << " "
        << metadata.request_time_us.value_or(0) << "\n";
  }
  return out.str();
}

}  // namespace pitser::testing
