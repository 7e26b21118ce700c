#include "ledger/format/records.h"

#include <optional>

#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/children.h"
#include "ledger/format/signature.h"

namespace pitser::ledger {
namespace {

using internal::Require;
using internal::SetBytesOnce;
using internal::SetOnce;

constexpr std::uint16_t kSignatureDataTag = 0x0B;

// 0x0B inside 0x804 and 0x805.
struct SignatureData {
  std::string_view type;
  Bytes value;
  Bytes certificate_id;
  std::string_view repository_uri;
};

absl::StatusOr<SignatureData> ParseSignatureData(const Element& element) {
  constexpr std::string_view kType = "signature data / signature type";
  constexpr std::string_view kValue = "signature data / signature value";
  constexpr std::string_view kCertificateId = "signature data / certificate id";
  constexpr std::string_view kUri = "signature data / certificate repository URI";
  std::optional<std::string_view> type, uri;
  std::optional<Bytes> value, certificate_id;
  TlvReader reader(element, "signature data");
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case 0x01:
        PITSER_RETURN_IF_ERROR(SetOnce(type, ReadText(child, kType, true), child, kType));
        break;
      case 0x02:
        PITSER_RETURN_IF_ERROR(SetBytesOnce(value, child, kValue));
        break;
      case 0x03:
        PITSER_RETURN_IF_ERROR(SetBytesOnce(certificate_id, child, kCertificateId));
        break;
      case 0x04:
        PITSER_RETURN_IF_ERROR(SetOnce(uri, ReadText(child, kUri, false), child, kUri));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, "signature data"));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(type.has_value(), element, kType));
  PITSER_RETURN_IF_ERROR(Require(value.has_value(), element, kValue));
  PITSER_RETURN_IF_ERROR(Require(certificate_id.has_value(), element, kCertificateId));
  return SignatureData{*type, *value, *certificate_id, uri.value_or(std::string_view())};
}

// What has been read of a RFC3161 record so far.
struct Rfc3161Fields {
  std::optional<std::uint64_t> aggregation_time;
  ChainIndex index;
  std::optional<Imprint> input_hash;
  std::optional<Bytes> tst_info_prefix, tst_info_suffix;
  std::optional<HashAlgorithm> tst_info_algorithm;
  std::optional<Bytes> signed_attributes_prefix, signed_attributes_suffix;
  std::optional<HashAlgorithm> signed_attributes_algorithm;
};

constexpr std::string_view kRecord = "RFC3161 record";
constexpr std::string_view kTime = "RFC3161 record / aggregation time";
constexpr std::string_view kIndex = "RFC3161 record / chain index";
constexpr std::string_view kInputHash = "RFC3161 record / input hash";
constexpr std::string_view kTstPrefix = "RFC3161 record / TSTInfo prefix";
constexpr std::string_view kTstSuffix = "RFC3161 record / TSTInfo suffix";
constexpr std::string_view kTstAlgorithm = "RFC3161 record / TSTInfo hash algorithm";
constexpr std::string_view kSignedPrefix = "RFC3161 record / signed attributes prefix";
constexpr std::string_view kSignedSuffix = "RFC3161 record / signed attributes suffix";
constexpr std::string_view kSignedAlgorithm = "RFC3161 record / signed attributes hash algorithm";

absl::Status ParseRfc3161Field(const Element& child, Rfc3161Fields& fields) {
  switch (child.type) {
    case 0x02:
      return SetOnce(fields.aggregation_time, ReadInt(child, kTime), child, kTime);
    case 0x03: {
      PITSER_ASSIGN_OR_RETURN(const std::uint64_t value, ReadInt(child, kIndex));
      PITSER_RETURN_IF_ERROR(
          internal::CheckRoom(fields.index.size(), internal::kMaxAggregationChains, child, kIndex));
      fields.index.push_back(value);
      return absl::OkStatus();
    }
    case 0x05:
      return SetOnce(fields.input_hash, ReadImprint(child, kInputHash), child, kInputHash);
    case 0x10:
      return SetBytesOnce(fields.tst_info_prefix, child, kTstPrefix);
    case 0x11:
      return SetBytesOnce(fields.tst_info_suffix, child, kTstSuffix);
    case 0x12:
      return SetOnce(fields.tst_info_algorithm, ReadAlgorithm(child, kTstAlgorithm), child,
                     kTstAlgorithm);
    case 0x13:
      return SetBytesOnce(fields.signed_attributes_prefix, child, kSignedPrefix);
    case 0x14:
      return SetBytesOnce(fields.signed_attributes_suffix, child, kSignedSuffix);
    case 0x15:
      return SetOnce(fields.signed_attributes_algorithm, ReadAlgorithm(child, kSignedAlgorithm),
                     child, kSignedAlgorithm);
    default:
      return SkipUnknown(child, kRecord);
  }
}

absl::Status RequireAll(const Rfc3161Fields& fields, const Element& element) {
  PITSER_RETURN_IF_ERROR(Require(fields.aggregation_time.has_value(), element, kTime));
  PITSER_RETURN_IF_ERROR(Require(!fields.index.empty(), element, kIndex));
  PITSER_RETURN_IF_ERROR(Require(fields.input_hash.has_value(), element, kInputHash));
  PITSER_RETURN_IF_ERROR(Require(fields.tst_info_prefix.has_value(), element, kTstPrefix));
  PITSER_RETURN_IF_ERROR(Require(fields.tst_info_suffix.has_value(), element, kTstSuffix));
  PITSER_RETURN_IF_ERROR(Require(fields.tst_info_algorithm.has_value(), element, kTstAlgorithm));
  PITSER_RETURN_IF_ERROR(
      Require(fields.signed_attributes_prefix.has_value(), element, kSignedPrefix));
  PITSER_RETURN_IF_ERROR(
      Require(fields.signed_attributes_suffix.has_value(), element, kSignedSuffix));
  return Require(fields.signed_attributes_algorithm.has_value(), element, kSignedAlgorithm);
}

}  // namespace

absl::StatusOr<CalendarAuthenticationRecord> ParseCalendarAuthenticationRecord(
    const Element& element) {
  constexpr std::string_view kData = "calendar authentication record / publication data";
  constexpr std::string_view kSigned = "calendar authentication record / signature data";
  std::optional<PublicationData> data;
  Bytes signed_bytes;
  std::optional<SignatureData> signature;
  TlvReader reader(element, "calendar authentication record");
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == kPublicationDataTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(data, ParsePublicationData(child), child, kData));
      signed_bytes = child.raw;
    } else if (child.type == kSignatureDataTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(signature, ParseSignatureData(child), child, kSigned));
    } else {
      PITSER_RETURN_IF_ERROR(SkipUnknown(child, "calendar authentication record"));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(data.has_value(), element, kData));
  PITSER_RETURN_IF_ERROR(Require(signature.has_value(), element, kSigned));
  return CalendarAuthenticationRecord{.data = *data,
                                      .signed_bytes = signed_bytes,
                                      .signature_type = signature->type,
                                      .signature_value = signature->value,
                                      .certificate_id = signature->certificate_id,
                                      .certificate_repository_uri = signature->repository_uri};
}

void WriteCalendarAuthenticationRecord(ByteVector& out, Bytes signed_bytes,
                                       std::string_view signature_type, Bytes signature_value,
                                       Bytes certificate_id) {
  ByteVector signature_data;
  WriteText(signature_data, 0x01, signature_type);
  WriteElement(signature_data, 0x02, signature_value);
  WriteElement(signature_data, 0x03, certificate_id);
  const std::size_t begun = BeginNested(out, kCalendarAuthenticationRecordTag);
  Append(out, signed_bytes);
  WriteElement(out, kSignatureDataTag, signature_data);
  EndNested(out, begun);
}

absl::StatusOr<Rfc3161Record> ParseRfc3161Record(const Element& element) {
  Rfc3161Fields fields;
  TlvReader reader(element, kRecord);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    PITSER_RETURN_IF_ERROR(ParseRfc3161Field(child, fields));
  }
  PITSER_RETURN_IF_ERROR(RequireAll(fields, element));
  return Rfc3161Record{.aggregation_time = *fields.aggregation_time,
                       .index = std::move(fields.index),
                       .input_hash = *fields.input_hash,
                       .tst_info_prefix = *fields.tst_info_prefix,
                       .tst_info_suffix = *fields.tst_info_suffix,
                       .tst_info_algorithm = *fields.tst_info_algorithm,
                       .signed_attributes_prefix = *fields.signed_attributes_prefix,
                       .signed_attributes_suffix = *fields.signed_attributes_suffix,
                       .signed_attributes_algorithm = *fields.signed_attributes_algorithm};
}

void WriteRfc3161Record(ByteVector& out, const Rfc3161Record& record) {
  const std::size_t begun = BeginNested(out, kRfc3161RecordTag);
  WriteInt(out, 0x02, record.aggregation_time);
  for (std::uint64_t value : record.index) WriteInt(out, 0x03, value);
  WriteImprint(out, 0x05, record.input_hash);
  WriteElement(out, 0x10, record.tst_info_prefix);
  WriteElement(out, 0x11, record.tst_info_suffix);
  WriteInt(out, 0x12, static_cast<std::uint64_t>(record.tst_info_algorithm));
  WriteElement(out, 0x13, record.signed_attributes_prefix);
  WriteElement(out, 0x14, record.signed_attributes_suffix);
  WriteInt(out, 0x15, static_cast<std::uint64_t>(record.signed_attributes_algorithm));
  EndNested(out, begun);
}

absl::StatusOr<Imprint> Rfc3161Output(const Rfc3161Record& record, HashAlgorithm output_algorithm) {
  PITSER_ASSIGN_OR_RETURN(
      const Imprint tst_info,
      Hash(record.tst_info_algorithm,
           {record.tst_info_prefix, record.input_hash.digest(), record.tst_info_suffix}));
  PITSER_ASSIGN_OR_RETURN(
      const Imprint signed_attributes,
      Hash(record.signed_attributes_algorithm,
           {record.signed_attributes_prefix, tst_info.digest(), record.signed_attributes_suffix}));
  return Hash(output_algorithm, {signed_attributes.bytes()});
}

namespace internal {

absl::Status CheckAggregationAuthenticationRecord(const Element& element) {
  constexpr std::string_view kName = "aggregation authentication record";
  constexpr std::string_view kRecordTime = "aggregation authentication record / aggregation time";
  constexpr std::string_view kRecordIndex = "aggregation authentication record / chain index";
  constexpr std::string_view kRecordHash = "aggregation authentication record / input hash";
  constexpr std::string_view kSigned = "aggregation authentication record / signature data";
  std::optional<std::uint64_t> time;
  bool has_index = false;
  std::optional<Imprint> input_hash;
  std::optional<SignatureData> signature;
  TlvReader reader(element, kName);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case 0x02:
        PITSER_RETURN_IF_ERROR(SetOnce(time, ReadInt(child, kRecordTime), child, kRecordTime));
        break;
      case 0x03:
        PITSER_RETURN_IF_ERROR(ReadInt(child, kRecordIndex));
        has_index = true;
        break;
      case 0x05:
        PITSER_RETURN_IF_ERROR(
            SetOnce(input_hash, ReadImprint(child, kRecordHash), child, kRecordHash));
        break;
      case kSignatureDataTag:
        PITSER_RETURN_IF_ERROR(SetOnce(signature, ParseSignatureData(child), child, kSigned));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kName));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(time.has_value(), element, kRecordTime));
  PITSER_RETURN_IF_ERROR(Require(has_index, element, kRecordIndex));
  PITSER_RETURN_IF_ERROR(Require(input_hash.has_value(), element, kRecordHash));
  return Require(signature.has_value(), element, kSigned);
}

}  // namespace internal
}  // namespace pitser::ledger
