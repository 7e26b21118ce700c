#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/service/pdu.h"

// What PDUs carry: requests, responses, configurations. Readers take what a peer may send, writers
// append complete elements in the order of spec/ksi-protocol.md 2.5, each in the smallest encoding.
namespace pitser::ledger::service {

// A payload that was not understood. The answer is a response with status kInvalidPayload and this
// request id, 0 where it is not known.   Source: 2.5, steps 5 to 8.
struct PayloadError {
  std::uint64_t request_id = 0;
  std::string why;
};

// Payload 0x02 of a request to the aggregator.   Source: 3.1.
struct AggregationRequest {
  std::uint64_t request_id = 0;
  Imprint hash;
  // Height of the sender's own tree below `hash`. Any number may come in; the receiver judges.
  std::uint64_t level = 0;
};

// Payload 0x05 of a request to the aggregator.   Source: 5.4.
struct AcknowledgementRequest {
  std::optional<std::uint64_t> request_time_us;
};

// What a PDU to the aggregator asks. At least one of them, or an error.
struct AggregationRequests {
  std::optional<AggregationRequest> request;
  std::optional<PayloadError> error;  // Instead of `request`.
  bool configuration = false;
  std::optional<AcknowledgementRequest> acknowledgement;
};
AggregationRequests ReadAggregationRequests(const Pdu& pdu);
void WriteAggregationRequest(ByteVector& out, const AggregationRequest& request);

// Payload 0x02 of a request to the extender.   Source: 4.1.
struct ExtensionRequest {
  std::uint64_t request_id = 0;
  std::uint64_t aggregation_time = 0;             // Unix seconds.
  std::optional<std::uint64_t> publication_time;  // Absent: the newest there is.
};
struct ExtensionRequests {
  std::optional<ExtensionRequest> request;
  std::optional<PayloadError> error;  // Instead of `request`.
  bool configuration = false;
};
ExtensionRequests ReadExtensionRequests(const Pdu& pdu);
void WriteExtensionRequest(ByteVector& out, const ExtensionRequest& request);

// Payload 0x04 of a request to either.   Source: 3.1, 4.1.
void WriteConfigurationRequest(ByteVector& out);

// Payload 0x02 of a response: a refusal.   Source: 3.2, 4.2.
// `calendar_last_time` is for the extender's.   Precondition: `error.message` has no zero byte.
void WriteRefusal(ByteVector& out, std::uint64_t request_id, const ServiceError& error,
                  std::optional<std::uint64_t> calendar_last_time = std::nullopt);

// Payload 0x02 of an aggregator's response: a signature, in `parts` that are put together as they
// are: 0x801 elements, lowest first, then 0x802 and 0x805.   Source: 3.2.
// Errors: kInvalidArgument when it does not fit a PDU.
absl::Status WriteAggregationResponse(ByteVector& out, std::uint64_t request_id,
                                      std::span<const Bytes> parts);

// Payload 0x02 of an extender's response.   Source: 4.2.
void WriteExtensionResponse(ByteVector& out, std::uint64_t request_id,
                            std::optional<std::uint64_t> calendar_last_time,
                            const CalendarHashChain& chain);

// Payload 0x04 of an aggregator's response.   Source: 5.1.
struct AggregatorConfiguration {
  std::optional<std::uint64_t> max_level;
  std::optional<std::uint64_t> algorithm;     // A hash algorithm's id; any number may come in.
  std::optional<std::uint64_t> period_ms;     // Length of a round.
  std::optional<std::uint64_t> max_requests;  // For each period.
  std::vector<std::string> parents;

  friend bool operator==(const AggregatorConfiguration&, const AggregatorConfiguration&) = default;
};
void WriteAggregatorConfiguration(ByteVector& out, const AggregatorConfiguration& configuration);

// Payload 0x04 of an extender's response.   Source: 5.2.
struct ExtenderConfiguration {
  std::optional<std::uint64_t> max_requests;
  std::vector<std::string> parents;
  std::optional<std::uint64_t> first_time, last_time;  // Of the calendar, Unix seconds.

  friend bool operator==(const ExtenderConfiguration&, const ExtenderConfiguration&) = default;
};
void WriteExtenderConfiguration(ByteVector& out, const ExtenderConfiguration& configuration);

// Payload 0x05 of an aggregator's response.   Source: 5.4. All of them may be absent.
struct Acknowledgement {
  std::optional<std::uint64_t> request_time_us, receipt_time_us, acknowledgement_time_us;
  std::optional<std::uint64_t> delay_ms, period_ms, drift_ms;
};
void WriteAcknowledgement(ByteVector& out, const Acknowledgement& acknowledgement);

// What a PDU of the aggregator answers. Views into the PDU.
struct AggregationResponses {
  struct Response {
    std::uint64_t request_id = 0;
    ServiceError result;       // Status 0: signed.
    std::vector<Bytes> parts;  // Of a signature, complete elements, as they came.
  };
  std::optional<Response> response;
  std::optional<AggregatorConfiguration> configuration;
};
// Errors: kInvalidArgument with offset and element name.
absl::StatusOr<AggregationResponses> ReadAggregationResponses(const Pdu& pdu);

// What a PDU of the extender answers.
struct ExtensionResponses {
  struct Response {
    std::uint64_t request_id = 0;
    ServiceError result;
    std::optional<std::uint64_t> calendar_last_time;
    std::optional<CalendarHashChain> chain;  // There when the status is 0.
  };
  std::optional<Response> response;
  std::optional<ExtenderConfiguration> configuration;
};
absl::StatusOr<ExtensionResponses> ReadExtensionResponses(const Pdu& pdu);

}  // namespace pitser::ledger::service
