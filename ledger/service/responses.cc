#include <utility>

#include "ledger/base/status.h"
#include "ledger/format/children.h"
#include "ledger/format/signature.h"
#include "ledger/service/payloads.h"
#include "ledger/service/tags.h"

namespace pitser::ledger::service {
namespace {

using ledger::internal::CheckRoom;
using ledger::internal::Require;
using ledger::internal::SetOnce;

constexpr std::string_view kResponse = "response";
constexpr std::string_view kConfiguration = "configuration";

// What a server may name at most.
constexpr std::size_t kMaxParents = 64;
// Of a signature: 64 aggregation hash chains, a calendar chain and what vouches for it.
constexpr std::size_t kMaxParts = ledger::internal::kMaxAggregationChains + 2;

void WriteOptional(ByteVector& out, std::uint16_t tag, const std::optional<std::uint64_t>& value) {
  if (value) WriteInt(out, tag, *value);
}

// Reads the children that all responses have. `other` gets the rest.
template <typename Other>
absl::Status ReadResponse(const Element& payload, std::uint64_t& request_id, ServiceError& result,
                          Other other) {
  std::optional<std::uint64_t> id, status;
  std::optional<std::string> message;
  TlvReader reader(payload, kResponse);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case internal::kRequestIdTag:
        PITSER_RETURN_IF_ERROR(SetOnce(id, ReadInt(child, "request id"), child, "request id"));
        break;
      case internal::kStatusTag:
        PITSER_RETURN_IF_ERROR(SetOnce(status, ReadInt(child, "status"), child, "status"));
        break;
      case internal::kMessageTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(message, ReadText(child, "error message", true), child, "error message"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(other(child));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(id.has_value(), payload, "response / request id"));
  PITSER_RETURN_IF_ERROR(Require(status.has_value(), payload, "response / status"));
  request_id = *id;
  result = {*status, message.value_or("")};
  return absl::OkStatus();
}

bool IsSignaturePart(std::uint16_t type) {
  return type == kAggregationHashChainTag || type == kCalendarHashChainTag ||
         type == kCalendarAuthenticationRecordTag;
}

absl::StatusOr<AggregationResponses::Response> ParseAggregationResponse(const Element& payload) {
  AggregationResponses::Response response;
  PITSER_RETURN_IF_ERROR(
      ReadResponse(payload, response.request_id, response.result, [&](const Element& child) {
        if (!IsSignaturePart(child.type)) return SkipUnknown(child, kResponse);
        response.parts.push_back(child.raw);
        return CheckRoom(response.parts.size(), kMaxParts + 1, child, "response / signature");
      }));
  return response;
}

absl::StatusOr<ExtensionResponses::Response> ParseExtensionResponse(const Element& payload) {
  ExtensionResponses::Response response;
  PITSER_RETURN_IF_ERROR(
      ReadResponse(payload, response.request_id, response.result, [&](const Element& child) {
        switch (child.type) {
          case internal::kLastTimeTag:
            return SetOnce(response.calendar_last_time, ReadInt(child, "calendar last time"), child,
                           "calendar last time");
          case kCalendarHashChainTag:
            return SetOnce(response.chain, ParseCalendarHashChain(child), child,
                           "calendar hash chain");
          default:
            return SkipUnknown(child, kResponse);
        }
      }));
  if (response.result.status == 0) {
    PITSER_RETURN_IF_ERROR(
        Require(response.chain.has_value(), payload, "response / calendar hash chain"));
  }
  return response;
}

absl::Status AddParent(std::vector<std::string>& parents, const Element& child) {
  PITSER_RETURN_IF_ERROR(CheckRoom(parents.size(), kMaxParents, child, "parent URI"));
  PITSER_ASSIGN_OR_RETURN(const std::string_view uri, ReadText(child, "parent URI", true));
  parents.emplace_back(uri);
  return absl::OkStatus();
}

absl::StatusOr<AggregatorConfiguration> ParseAggregatorConfiguration(const Element& payload) {
  AggregatorConfiguration configuration;
  TlvReader reader(payload, kConfiguration);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    const auto set = [&](std::optional<std::uint64_t>& slot, std::string_view name) {
      return SetOnce(slot, ReadInt(child, name), child, name);
    };
    switch (child.type) {
      case internal::kMaxLevelTag:
        PITSER_RETURN_IF_ERROR(set(configuration.max_level, "maximum level"));
        break;
      case internal::kAlgorithmTag:
        PITSER_RETURN_IF_ERROR(set(configuration.algorithm, "hash algorithm"));
        break;
      case internal::kPeriodTag:
        PITSER_RETURN_IF_ERROR(set(configuration.period_ms, "aggregation period"));
        break;
      case internal::kMaxRequestsTag:
        PITSER_RETURN_IF_ERROR(set(configuration.max_requests, "maximum requests"));
        break;
      case internal::kParentTag:
        PITSER_RETURN_IF_ERROR(AddParent(configuration.parents, child));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kConfiguration));
    }
  }
  return configuration;
}

absl::StatusOr<ExtenderConfiguration> ParseExtenderConfiguration(const Element& payload) {
  ExtenderConfiguration configuration;
  TlvReader reader(payload, kConfiguration);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    const auto set = [&](std::optional<std::uint64_t>& slot, std::string_view name) {
      return SetOnce(slot, ReadInt(child, name), child, name);
    };
    switch (child.type) {
      case internal::kMaxRequestsTag:
        PITSER_RETURN_IF_ERROR(set(configuration.max_requests, "maximum requests"));
        break;
      case internal::kParentTag:
        PITSER_RETURN_IF_ERROR(AddParent(configuration.parents, child));
        break;
      case internal::kFirstTimeTag:
        PITSER_RETURN_IF_ERROR(set(configuration.first_time, "calendar first time"));
        break;
      case internal::kLastTimeTag:
        PITSER_RETURN_IF_ERROR(set(configuration.last_time, "calendar last time"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kConfiguration));
    }
  }
  return configuration;
}

}  // namespace

absl::StatusOr<AggregationResponses> ReadAggregationResponses(const Pdu& pdu) {
  AggregationResponses responses;
  for (const Element& payload : pdu.payloads) {
    if (payload.type == internal::kRequestTag) {
      PITSER_RETURN_IF_ERROR(
          SetOnce(responses.response, ParseAggregationResponse(payload), payload, kResponse));
    } else if (payload.type == internal::kConfigurationTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(responses.configuration, ParseAggregatorConfiguration(payload),
                                     payload, kConfiguration));
    } else if (payload.type != internal::kAcknowledgementTag) {
      PITSER_RETURN_IF_ERROR(SkipUnknown(payload, "PDU"));
    }
  }
  return responses;
}

absl::StatusOr<ExtensionResponses> ReadExtensionResponses(const Pdu& pdu) {
  ExtensionResponses responses;
  for (const Element& payload : pdu.payloads) {
    if (payload.type == internal::kRequestTag) {
      PITSER_RETURN_IF_ERROR(
          SetOnce(responses.response, ParseExtensionResponse(payload), payload, kResponse));
    } else if (payload.type == internal::kConfigurationTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(responses.configuration, ParseExtenderConfiguration(payload),
                                     payload, kConfiguration));
    } else {
      PITSER_RETURN_IF_ERROR(SkipUnknown(payload, "PDU"));
    }
  }
  return responses;
}

void WriteRefusal(ByteVector& out, std::uint64_t request_id, const ServiceError& error,
                  std::optional<std::uint64_t> calendar_last_time) {
  ByteVector value;
  WriteInt(value, internal::kRequestIdTag, request_id);
  WriteInt(value, internal::kStatusTag, error.status);
  WriteText(value, internal::kMessageTag, PrintableMessage(error.message));
  WriteOptional(value, internal::kLastTimeTag, calendar_last_time);
  WriteElement(out, internal::kRequestTag, value);
}

absl::Status WriteAggregationResponse(ByteVector& out, std::uint64_t request_id,
                                      std::span<const Bytes> parts) {
  std::size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  if (size > kMaxPduSize / 2) {
    return absl::InvalidArgumentError("a signature is too long for the service protocol");
  }
  ByteVector value;
  value.reserve(size + 16);
  WriteInt(value, internal::kRequestIdTag, request_id);
  WriteInt(value, internal::kStatusTag, 0);
  for (const Bytes part : parts) Append(value, part);
  WriteElement(out, internal::kRequestTag, value);
  return absl::OkStatus();
}

void WriteExtensionResponse(ByteVector& out, std::uint64_t request_id,
                            std::optional<std::uint64_t> calendar_last_time,
                            const CalendarHashChain& chain) {
  ByteVector value;
  WriteInt(value, internal::kRequestIdTag, request_id);
  WriteInt(value, internal::kStatusTag, 0);
  WriteOptional(value, internal::kLastTimeTag, calendar_last_time);
  CalendarHashChain told = chain;
  told.aggregation_time = chain.AggregationTime();  // MUST be there. (4.2)
  WriteCalendarHashChain(value, told);
  WriteElement(out, internal::kRequestTag, value);
}

void WriteAggregatorConfiguration(ByteVector& out, const AggregatorConfiguration& configuration) {
  ByteVector value;
  WriteOptional(value, internal::kMaxLevelTag, configuration.max_level);
  WriteOptional(value, internal::kAlgorithmTag, configuration.algorithm);
  WriteOptional(value, internal::kPeriodTag, configuration.period_ms);
  WriteOptional(value, internal::kMaxRequestsTag, configuration.max_requests);
  for (const std::string& uri : configuration.parents) {
    WriteText(value, internal::kParentTag, uri);
  }
  WriteElement(out, internal::kConfigurationTag, value);
}

void WriteExtenderConfiguration(ByteVector& out, const ExtenderConfiguration& configuration) {
  ByteVector value;
  WriteOptional(value, internal::kMaxRequestsTag, configuration.max_requests);
  for (const std::string& uri : configuration.parents) {
    WriteText(value, internal::kParentTag, uri);
  }
  WriteOptional(value, internal::kFirstTimeTag, configuration.first_time);
  WriteOptional(value, internal::kLastTimeTag, configuration.last_time);
  WriteElement(out, internal::kConfigurationTag, value);
}

void WriteAcknowledgement(ByteVector& out, const Acknowledgement& acknowledgement) {
  ByteVector value;
  WriteOptional(value, internal::kRequestTimeTag, acknowledgement.request_time_us);
  WriteOptional(value, internal::kReceiptTimeTag, acknowledgement.receipt_time_us);
  WriteOptional(value, internal::kAcknowledgementTimeTag, acknowledgement.acknowledgement_time_us);
  WriteOptional(value, internal::kDelayTag, acknowledgement.delay_ms);
  WriteOptional(value, internal::kAcknowledgedPeriodTag, acknowledgement.period_ms);
  WriteOptional(value, internal::kDriftTag, acknowledgement.drift_ms);
  WriteElement(out, internal::kAcknowledgementTag, value);
}

}  // namespace pitser::ledger::service
