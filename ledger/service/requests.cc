#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/format/children.h"
#include "ledger/service/payloads.h"
#include "ledger/service/tags.h"

namespace pitser::ledger::service {
namespace {

using ledger::internal::Require;
using ledger::internal::SetOnce;

constexpr std::string_view kAggregation = "aggregation request";
constexpr std::string_view kExtension = "extension request";
constexpr std::string_view kConfiguration = "configuration request";
constexpr std::string_view kAcknowledgement = "acknowledgement request";

// The request id of a request payload; nothing when it is missing, malformed or there twice.
std::optional<std::uint64_t> FindRequestId(const Element& payload) {
  std::optional<std::uint64_t> id;
  TlvReader reader(payload, "request");
  Element child;
  while (!reader.done()) {
    if (!reader.Next(child).ok()) return id;
    if (child.type != internal::kRequestIdTag) continue;
    if (!SetOnce(id, ReadInt(child, "request id"), child, "request id").ok()) return std::nullopt;
  }
  return id;
}

absl::StatusOr<AggregationRequest> ParseAggregationRequest(const Element& payload) {
  std::optional<std::uint64_t> id, level;
  std::optional<Imprint> hash;
  TlvReader reader(payload, kAggregation);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case internal::kRequestIdTag:
        PITSER_RETURN_IF_ERROR(SetOnce(id, ReadInt(child, "request id"), child, "request id"));
        break;
      case internal::kRequestHashTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(hash, ReadImprint(child, "request hash"), child, "request hash"));
        break;
      case internal::kRequestLevelTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(level, ReadInt(child, "request level"), child, "request level"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kAggregation));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(id.has_value(), payload, "aggregation request / request id"));
  PITSER_RETURN_IF_ERROR(Require(hash.has_value(), payload, "aggregation request / request hash"));
  return AggregationRequest{*id, *hash, level.value_or(0)};
}

absl::StatusOr<ExtensionRequest> ParseExtensionRequest(const Element& payload) {
  std::optional<std::uint64_t> id, aggregation_time, publication_time;
  TlvReader reader(payload, kExtension);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case internal::kRequestIdTag:
        PITSER_RETURN_IF_ERROR(SetOnce(id, ReadInt(child, "request id"), child, "request id"));
        break;
      case internal::kAggregationTimeTag:
        PITSER_RETURN_IF_ERROR(SetOnce(aggregation_time, ReadInt(child, "aggregation time"), child,
                                       "aggregation time"));
        break;
      case internal::kPublicationTimeTag:
        PITSER_RETURN_IF_ERROR(SetOnce(publication_time, ReadInt(child, "publication time"), child,
                                       "publication time"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kExtension));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(id.has_value(), payload, "extension request / request id"));
  PITSER_RETURN_IF_ERROR(
      Require(aggregation_time.has_value(), payload, "extension request / aggregation time"));
  return ExtensionRequest{*id, *aggregation_time, publication_time};
}

absl::StatusOr<AcknowledgementRequest> ParseAcknowledgementRequest(const Element& payload) {
  AcknowledgementRequest request;
  TlvReader reader(payload, kAcknowledgement);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == internal::kRequestTimeTag) {
      PITSER_RETURN_IF_ERROR(
          SetOnce(request.request_time_us, ReadInt(child, "request time"), child, "request time"));
    } else {
      PITSER_RETURN_IF_ERROR(SkipUnknown(child, kAcknowledgement));
    }
  }
  return request;
}

// A configuration request has nothing inside but what may be skipped.
absl::Status CheckConfigurationRequest(const Element& payload) {
  TlvReader reader(payload, kConfiguration);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    PITSER_RETURN_IF_ERROR(SkipUnknown(child, kConfiguration));
  }
  return absl::OkStatus();
}

// The payloads of a request PDU, by kind. Whatever is wrong with any of them, the others are found:
// a configuration is answered beside a refusal.
struct Sorted {
  const Element* request = nullptr;
  const Element* acknowledgement = nullptr;
  bool configuration = false;
  absl::Status wrong;  // The first thing that is.

  void Note(const absl::Status& status) { wrong.Update(status); }
};

Sorted Sort(const Pdu& pdu, bool with_acknowledgement) {
  Sorted sorted;
  for (const Element& payload : pdu.payloads) {
    const Element** once = nullptr;
    if (payload.type == internal::kRequestTag) {
      once = &sorted.request;
    } else if (payload.type == internal::kAcknowledgementTag && with_acknowledgement) {
      once = &sorted.acknowledgement;
    } else if (payload.type == internal::kConfigurationTag) {
      if (sorted.configuration) {
        sorted.Note(MalformedAt(payload.offset, kConfiguration, "occurs a second time"));
      }
      sorted.configuration = true;
      sorted.Note(CheckConfigurationRequest(payload));
      continue;
    } else {
      sorted.Note(SkipUnknown(payload, "PDU"));
      continue;
    }
    if (*once != nullptr) {
      sorted.Note(MalformedAt(payload.offset, "payload", "occurs a second time"));
    } else {
      *once = &payload;
    }
  }
  if (sorted.request == nullptr && sorted.acknowledgement == nullptr && !sorted.configuration) {
    sorted.Note(absl::InvalidArgumentError("the PDU has no payload that is understood"));
  }
  return sorted;
}

PayloadError ErrorOf(const Sorted& sorted, const absl::Status& status) {
  const auto id = sorted.request == nullptr ? std::nullopt : FindRequestId(*sorted.request);
  return {id.value_or(0), std::string(ToStd(status.message()))};
}

}  // namespace

AggregationRequests ReadAggregationRequests(const Pdu& pdu) {
  const Sorted sorted = Sort(pdu, /*with_acknowledgement=*/true);
  AggregationRequests requests;
  requests.configuration = sorted.configuration;
  if (!sorted.wrong.ok()) {
    requests.error = ErrorOf(sorted, sorted.wrong);
    return requests;
  }
  if (sorted.request != nullptr) {
    auto request = ParseAggregationRequest(*sorted.request);
    if (request.ok()) {
      requests.request = *request;
    } else {
      requests.error = ErrorOf(sorted, request.status());
    }
  }
  if (sorted.acknowledgement != nullptr) {
    const auto acknowledgement = ParseAcknowledgementRequest(*sorted.acknowledgement);
    if (acknowledgement.ok()) requests.acknowledgement = *acknowledgement;  // MUST NOT fail on it.
  }
  return requests;
}

ExtensionRequests ReadExtensionRequests(const Pdu& pdu) {
  const Sorted sorted = Sort(pdu, /*with_acknowledgement=*/false);
  ExtensionRequests requests;
  requests.configuration = sorted.configuration;
  if (!sorted.wrong.ok()) {
    requests.error = ErrorOf(sorted, sorted.wrong);
    return requests;
  }
  if (sorted.request == nullptr) return requests;
  auto request = ParseExtensionRequest(*sorted.request);
  if (request.ok()) {
    requests.request = *request;
  } else {
    requests.error = ErrorOf(sorted, request.status());
  }
  return requests;
}

void WriteAggregationRequest(ByteVector& out, const AggregationRequest& request) {
  ByteVector value;
  WriteInt(value, internal::kRequestIdTag, request.request_id);
  WriteImprint(value, internal::kRequestHashTag, request.hash);
  if (request.level != 0) WriteInt(value, internal::kRequestLevelTag, request.level);
  WriteElement(out, internal::kRequestTag, value);
}

void WriteExtensionRequest(ByteVector& out, const ExtensionRequest& request) {
  ByteVector value;
  WriteInt(value, internal::kRequestIdTag, request.request_id);
  WriteInt(value, internal::kAggregationTimeTag, request.aggregation_time);
  if (request.publication_time) {
    WriteInt(value, internal::kPublicationTimeTag, *request.publication_time);
  }
  WriteElement(out, internal::kRequestTag, value);
}

void WriteConfigurationRequest(ByteVector& out) {
  WriteElement(out, internal::kConfigurationTag, {});
}

}  // namespace pitser::ledger::service
