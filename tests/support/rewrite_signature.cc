#include "tests/support/rewrite_signature.h"

#include "tests/support/value_of.h"

namespace pitser::testing {

using namespace ledger;  // Its readers and writers are all there is here.

ByteVector RewriteSignature(const Signature& signature) {
  ByteVector out;
  for (const AggregationHashChain& chain : signature.aggregation_chains()) {
    WriteAggregationHashChain(out, chain);
  }
  if (signature.calendar_chain()) WriteCalendarHashChain(out, *signature.calendar_chain());
  if (signature.publication_record()) {
    WritePublicationRecord(out, *signature.publication_record(), PublicationDataPlace::kSignature);
  }
  if (signature.authentication_record()) {
    const CalendarAuthenticationRecord& record = *signature.authentication_record();
    WriteCalendarAuthenticationRecord(out, record.signed_bytes, record.signature_type,
                                      record.signature_value, record.certificate_id);
  }
  if (signature.rfc3161_record()) WriteRfc3161Record(out, *signature.rfc3161_record());
  const Bytes parts[] = {out};
  return ValueOf(AssembleSignature(parts));
}

ByteVector RewriteElement(const Element& element) {
  ByteVector out;
  switch (element.type) {
    case kAggregationHashChainTag:
      WriteAggregationHashChain(out, ValueOf(ParseAggregationHashChain(element)));
      break;
    case kCalendarHashChainTag:
      WriteCalendarHashChain(out, ValueOf(ParseCalendarHashChain(element)));
      break;
    case kPublicationRecordTag:
      WritePublicationRecord(out, ValueOf(ParsePublicationRecord(element)),
                             PublicationDataPlace::kSignature);
      break;
    case kCalendarAuthenticationRecordTag: {
      const auto record = ValueOf(ParseCalendarAuthenticationRecord(element));
      WriteCalendarAuthenticationRecord(out, record.signed_bytes, record.signature_type,
                                        record.signature_value, record.certificate_id);
      break;
    }
    case kRfc3161RecordTag:
      WriteRfc3161Record(out, ValueOf(ParseRfc3161Record(element)));
      break;
    default:
      break;  // Unknown: nothing is written.
  }
  return out;
}

}  // namespace pitser::testing
