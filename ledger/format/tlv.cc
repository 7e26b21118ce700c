#include "ledger/format/tlv.h"

#include <bit>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"

namespace pitser::ledger {

using internal::kLongHeader;
using internal::kMaxLength;
using internal::kMaxShortType;

absl::Status MalformedAt(std::size_t offset, std::string_view name, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("offset %d, %s: %s", offset, name, what));
}

absl::StatusOr<Element> TlvReader::Next() {
  Element element;
  PITSER_RETURN_IF_ERROR(Next(element));
  return element;
}

absl::Status TlvReader::WhatIsWrong() const {
  if (rest_.empty()) return MalformedAt(offset_, name_, "expected an element, nothing is left");
  const bool long_header = (rest_[0] & kLongHeader) != 0;
  const std::size_t header_size = long_header ? 4 : 2;
  if (rest_.size() < header_size) {
    return MalformedAt(offset_, name_,
                       absl::StrFormat("%d bytes are left, but an element's header has %d",
                                       rest_.size(), header_size));
  }
  const unsigned type_bits = rest_[0] & kMaxShortType;
  const unsigned type = long_header ? type_bits << 8 | rest_[1] : type_bits;
  const std::size_t length =
      long_header ? std::size_t{rest_[2]} << 8 | rest_[3] : std::size_t{rest_[1]};
  return MalformedAt(offset_, name_,
                     absl::StrFormat("element 0x%02x says it has %d bytes, but %d are left", type,
                                     length, rest_.size() - header_size));
}

absl::StatusOr<std::uint64_t> ReadInt(const Element& element, std::string_view name) {
  if (element.value.size() > 8) {
    return MalformedAt(
        element.offset, name,
        absl::StrFormat("an integer has at most 8 bytes, got %d", element.value.size()));
  }
  if (!element.value.empty() && element.value[0] == 0) {
    return MalformedAt(element.offset, name, "an integer must not start with a zero byte");
  }
  std::uint64_t value = 0;
  for (std::uint8_t byte : element.value) value = value << 8 | byte;
  return value;
}

absl::StatusOr<std::string_view> ReadText(const Element& element, std::string_view name,
                                          bool allow_empty) {
  if (element.value.empty() || element.value.back() != 0) {
    return MalformedAt(element.offset, name, "a text must end with a zero byte");
  }
  const Bytes text = element.value.first(element.value.size() - 1);
  if (text.empty() && !allow_empty) {
    return MalformedAt(element.offset, name, "the text must not be empty");
  }
  if (AsText(text).find('\0') != std::string_view::npos) {
    return MalformedAt(element.offset, name, "a text must not have a zero byte inside");
  }
  if (!IsUtf8(text)) return MalformedAt(element.offset, name, "the text is not UTF-8");
  return AsText(text);
}

absl::Status NotAnImprint(const Element& element, std::string_view name) {
  return MalformedAt(element.offset, name, ToStd(Imprint::Check(element.value).message()));
}

absl::StatusOr<Imprint> ReadImprint(const Element& element, std::string_view name) {
  PITSER_RETURN_IF_ERROR(CheckImprint(element, name));
  return Imprint::Of(element.value);
}

absl::StatusOr<HashAlgorithm> ReadAlgorithm(const Element& element, std::string_view name) {
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t id, ReadInt(element, name));
  const auto algorithm = HashAlgorithmFromId(id);
  if (!algorithm) {
    return MalformedAt(element.offset, name,
                       absl::StrFormat("hash algorithm id 0x%02x is not registered", id));
  }
  return *algorithm;
}

absl::Status SkipUnknown(const Element& element, std::string_view parent) {
  if (element.non_critical) return absl::OkStatus();
  return MalformedAt(element.offset, parent,
                     absl::StrFormat("critical element 0x%02x is unknown here", element.type));
}

void WriteHeader(ByteVector& out, std::uint16_t type, std::size_t length, TlvFlags flags) {
  const Header header = EncodeHeader(type, length, flags);
  Append(out, Bytes(header.bytes).first(header.size));
}

void WriteElement(ByteVector& out, std::uint16_t type, Bytes value, TlvFlags flags) {
  WriteHeader(out, type, value.size(), flags);
  Append(out, value);
}

void WriteInt(ByteVector& out, std::uint16_t type, std::uint64_t value, TlvFlags flags) {
  const std::size_t size = IntSize(value);
  WriteHeader(out, type, size, flags);
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void WriteText(ByteVector& out, std::uint16_t type, std::string_view text, TlvFlags flags) {
  PITSER_CHECK(text.find('\0') == std::string_view::npos);
  WriteHeader(out, type, text.size() + 1, flags);
  Append(out, AsBytes(text));
  out.push_back(0);
}

void WriteImprint(ByteVector& out, std::uint16_t type, const Imprint& imprint, TlvFlags flags) {
  WriteElement(out, type, imprint.bytes(), flags);
}

std::size_t BeginNested(ByteVector& out, std::uint16_t type, TlvFlags flags) {
  PITSER_CHECK(type > kMaxShortType);
  WriteHeader(out, type, 0, flags);
  return out.size();
}

void EndNested(ByteVector& out, std::size_t begun) {
  const std::size_t length = out.size() - begun;
  PITSER_CHECK(length <= kMaxLength);
  out[begun - 2] = static_cast<std::uint8_t>(length >> 8);
  out[begun - 1] = static_cast<std::uint8_t>(length);
}

std::size_t IntSize(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value)) + 7) / 8;
}

}  // namespace pitser::ledger
