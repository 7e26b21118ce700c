#include <optional>

#include "ledger/base/check.h"
#include "ledger/service/payloads.h"
#include "ledger/service/pdu.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

namespace service = ledger::service;
using ledger::Bytes;
using ledger::ByteVector;
using service::Pdu;

// What was read of requests is either a request or an error, and written again is read the same.
void CheckRequests(const Pdu& pdu) {
  const auto signing = service::ReadAggregationRequests(pdu);
  PITSER_CHECK(!(signing.request && signing.error));
  PITSER_CHECK(signing.request || signing.error || signing.configuration ||
               signing.acknowledgement || !pdu.payloads.empty());
  if (signing.request) {
    ByteVector written;
    service::WriteAggregationRequest(written, *signing.request);
    Pdu again = pdu;
    ledger::TlvReader reader(written);
    again.payloads = {*reader.Next()};
    PITSER_CHECK(reader.done());
    const auto same = service::ReadAggregationRequests(again);
    PITSER_CHECK(same.request && same.request->request_id == signing.request->request_id &&
                 same.request->hash == signing.request->hash &&
                 same.request->level == signing.request->level);
  }
  const auto extending = service::ReadExtensionRequests(pdu);
  PITSER_CHECK(!(extending.request && extending.error));
}

// A configuration that was read is written and read the same.
void CheckResponses(const Pdu& pdu) {
  const auto signing = service::ReadAggregationResponses(pdu);
  PITSER_CHECK(signing.ok() || signing.status().code() == absl::StatusCode::kInvalidArgument);
  if (signing.ok() && signing->configuration) {
    ByteVector written;
    service::WriteAggregatorConfiguration(written, *signing->configuration);
    Pdu again = pdu;
    ledger::TlvReader reader(written);
    again.payloads = {*reader.Next()};
    PITSER_CHECK(service::ReadAggregationResponses(again)->configuration == signing->configuration);
  }
  const auto extending = service::ReadExtensionResponses(pdu);
  PITSER_CHECK(extending.ok() || extending.status().code() == absl::StatusCode::kInvalidArgument);
}

// The same payloads sealed anew: authentic under this key and no other.
void CheckSealing(const Pdu& pdu) {
  ByteVector payloads;
  for (const ledger::Element& payload : pdu.payloads) ledger::Append(payloads, payload.raw);
  const auto sealed = service::SealPdu(pdu.tag, {pdu.header, ledger::AsBytes("key")}, payloads);
  if (!sealed.ok()) return;  // Longer than it came: its HMAC was a short one.
  const auto again = service::ParsePdu(*sealed);
  PITSER_CHECK(again.ok());
  PITSER_CHECK(again->header == pdu.header && again->payloads.size() == pdu.payloads.size());
  PITSER_CHECK(service::Authentic(*again, ledger::AsBytes("key")));
  PITSER_CHECK(!service::Authentic(*again, ledger::AsBytes("kez")));
}

}  // namespace

PITSER_FUZZ_TARGET(service_pdu) {
  const auto size = service::PduSize(input);
  for (const auto tag : {service::kAggregationResponseTag, service::kExtensionResponseTag}) {
    if (const auto error = service::FindBareError(input, tag)) {
      const std::string text = service::PrintableMessage(error->message);
      const auto again =
          service::FindBareError(service::BareErrorPdu(tag, error->status, text), tag);
      PITSER_CHECK(again && again->status == error->status && again->message == text);
    }
  }
  const auto pdu = service::ParsePdu(input);
  if (!pdu.ok()) {
    PITSER_CHECK(pdu.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  PITSER_CHECK(!size || *size == input.size());
  PITSER_CHECK(ledger::Equal(pdu->raw, input));
  CheckRequests(*pdu);
  CheckResponses(*pdu);
  CheckSealing(*pdu);
}

}  // namespace pitser::fuzz
