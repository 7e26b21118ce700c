#include "ledger/service/pdu.h"

#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/crypto/hmac.h"
#include "ledger/format/children.h"

namespace pitser::ledger::service {
namespace {

using ledger::internal::Require;
using ledger::internal::SetOnce;

constexpr std::uint16_t kHeaderTag = 0x01;
constexpr std::uint16_t kErrorTag = 0x03;
constexpr std::uint16_t kHmacTag = 0x1F;

constexpr std::uint16_t kLoginIdTag = 0x01;
constexpr std::uint16_t kInstanceIdTag = 0x02;
constexpr std::uint16_t kMessageIdTag = 0x03;

constexpr std::uint16_t kStatusTag = 0x04;
constexpr std::uint16_t kMessageTag = 0x05;

constexpr std::uint16_t kAggregationV1Tag = 0x200;
constexpr std::uint16_t kExtensionV1Tag = 0x300;

constexpr std::size_t kMaxMessageSize = 1024;

absl::StatusOr<PduHeader> ParseHeader(const Element& element) {
  constexpr std::string_view kName = "PDU header";
  std::optional<std::string> login;
  PduHeader header;
  TlvReader reader(element, kName);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case kLoginIdTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(login, ReadText(child, "login id", /*allow_empty=*/true), child, "login id"));
        break;
      case kInstanceIdTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(header.instance_id, ReadInt(child, "instance id"), child, "instance id"));
        break;
      case kMessageIdTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(header.message_id, ReadInt(child, "message id"), child, "message id"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kName));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(login.has_value(), element, "PDU header / login id"));
  header.login_id = *std::move(login);
  return header;
}

void WriteHeaderElement(ByteVector& out, const PduHeader& header) {
  ByteVector value;
  WriteText(value, kLoginIdTag, header.login_id);
  if (header.instance_id) WriteInt(value, kInstanceIdTag, *header.instance_id);
  if (header.message_id) WriteInt(value, kMessageIdTag, *header.message_id);
  WriteElement(out, kHeaderTag, value);
}

// The one element that fills `bytes`.
absl::StatusOr<Element> Whole(Bytes bytes) {
  if (bytes.empty()) return MalformedAt(0, "PDU", "there is nothing");
  TlvReader reader(bytes, 0, "PDU");
  PITSER_ASSIGN_OR_RETURN(const Element element, reader.Next());
  if (!reader.done()) {
    return MalformedAt(element.raw.size(), "PDU", "something follows the PDU");
  }
  return element;
}

absl::StatusOr<ServiceError> ParseError(const Element& element) {
  constexpr std::string_view kName = "error payload";
  std::optional<std::uint64_t> status;
  std::optional<std::string> message;
  TlvReader reader(element, kName);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case kStatusTag:
        PITSER_RETURN_IF_ERROR(SetOnce(status, ReadInt(child, "status"), child, "status"));
        break;
      case kMessageTag:
        PITSER_RETURN_IF_ERROR(
            SetOnce(message, ReadText(child, "error message", true), child, "error message"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kName));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(status.has_value(), element, "error payload / status"));
  return ServiceError{*status, message.value_or("")};
}

}  // namespace

std::optional<std::size_t> PduSize(Bytes header) {
  // Bit 0x80 is the long form, in which the length takes the last two bytes.
  if (header.size() < kPduHeaderSize || (header[0] & 0x80) == 0) return std::nullopt;
  return kPduHeaderSize + (std::size_t{header[2]} << 8 | header[3]);
}

std::optional<HashAlgorithm> Pdu::HmacAlgorithm() const {
  if (!Imprint::Check(hmac).ok()) return std::nullopt;
  return HashAlgorithmFromId(hmac[0]);
}

absl::StatusOr<Pdu> ParsePdu(Bytes bytes) {
  PITSER_ASSIGN_OR_RETURN(const Element whole, Whole(bytes));
  Pdu pdu;
  pdu.tag = whole.type;
  pdu.raw = whole.raw;
  std::vector<Element> children;
  TlvReader reader(whole, "PDU");
  while (!reader.done()) {
    PITSER_ASSIGN_OR_RETURN(const Element child, reader.Next());
    children.push_back(child);
    // The first and the last are what they are; in between neither may occur.
    if (children.size() > 1 && child.type == kHeaderTag) {
      return MalformedAt(child.offset, "PDU header", "is not the first element, or not the only");
    }
    if (child.type == kHmacTag && !reader.done()) {
      return MalformedAt(child.offset, "HMAC", "is not the last element");
    }
    if (children.size() > kMaxPduChildren) {
      return MalformedAt(child.offset, "PDU", "has too many elements");
    }
  }
  PITSER_RETURN_IF_ERROR(
      Require(!children.empty() && children.front().type == kHeaderTag, whole, "PDU / header"));
  PITSER_RETURN_IF_ERROR(Require(children.back().type == kHmacTag, whole, "PDU / HMAC"));
  PITSER_ASSIGN_OR_RETURN(pdu.header, ParseHeader(children.front()));
  pdu.hmac = children.back().value;
  pdu.payloads.assign(children.begin() + 1, children.end() - 1);
  return pdu;
}

bool Authentic(const Pdu& pdu, Bytes key) {
  const auto algorithm = pdu.HmacAlgorithm();
  if (!algorithm) return false;
  const std::size_t digest_size = DigestSize(*algorithm);
  const auto code = Hmac(*algorithm, key, {pdu.raw.first(pdu.raw.size() - digest_size)});
  return code.ok() && EqualInConstantTime(code->bytes(), pdu.hmac);
}

absl::StatusOr<ByteVector> SealPdu(std::uint16_t tag, const SealWith& with, Bytes payloads) {
  const std::size_t digest_size = DigestSize(with.algorithm);
  ByteVector header;
  WriteHeaderElement(header, with.header);
  const std::size_t size = header.size() + payloads.size() + EncodedSize(kHmacTag, 1 + digest_size);
  if (size > kMaxPduSize - kPduHeaderSize) {
    return absl::InvalidArgumentError("a PDU would be longer than the protocol allows");
  }
  ByteVector pdu;
  pdu.reserve(kPduHeaderSize + size);
  WriteHeader(pdu, tag, size);
  Append(pdu, header);
  Append(pdu, payloads);
  WriteHeader(pdu, kHmacTag, 1 + digest_size);
  pdu.push_back(static_cast<std::uint8_t>(with.algorithm));
  PITSER_ASSIGN_OR_RETURN(const Imprint code, Hmac(with.algorithm, with.key, {pdu}));
  Append(pdu, code.digest());
  return pdu;
}

ByteVector BareErrorPdu(std::uint16_t response_tag, std::uint64_t status,
                        std::string_view message) {
  ByteVector error;
  WriteInt(error, kStatusTag, status);
  WriteText(error, kMessageTag, PrintableMessage(message));
  ByteVector payload, pdu;
  WriteElement(payload, kErrorTag, error);
  WriteElement(pdu, response_tag, payload);
  return pdu;
}

std::optional<ServiceError> FindBareError(Bytes bytes, std::uint16_t response_tag) {
  const auto whole = Whole(bytes);
  if (!whole.ok() || whole->type != response_tag) return std::nullopt;
  TlvReader reader(*whole);
  Element child;
  while (!reader.done()) {
    if (!reader.Next(child).ok()) return std::nullopt;
    if (child.type != kErrorTag) continue;
    const auto error = ParseError(child);
    if (!error.ok()) return std::nullopt;
    return *error;
  }
  return std::nullopt;
}

std::string PrintableMessage(std::string_view message) {
  std::string text;
  for (const char c : message.substr(0, kMaxMessageSize)) {
    text.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
  }
  // A character may have been cut.
  while (!text.empty() && !IsUtf8(AsBytes(text))) text.pop_back();
  return text;
}

bool IsVersion1(std::uint16_t tag) { return tag == kAggregationV1Tag || tag == kExtensionV1Tag; }

}  // namespace pitser::ledger::service
