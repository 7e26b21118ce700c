#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/crypto/imprint.h"

namespace pitser::ledger {

// One element of the format, seen in place: views into bytes that the caller keeps alive.
// Source: spec/ksi-signature.md 2.1.
struct Element {
  std::uint16_t type = 0;     // 0..0x1FFF; below 0x100 its meaning depends on the parent.
  bool non_critical = false;  // The N flag: a reader that does not know the type skips it.
  bool forward = false;       // The F flag.
  bool long_header = false;   // TLV16.
  Bytes raw;                  // Header and value, as encoded.
  Bytes value;
  std::size_t offset = 0;  // Of the header, from the start of the outermost input: for messages.

  std::size_t value_offset() const { return offset + (raw.size() - value.size()); }
};

// Walks the elements that fill some bytes exactly.
//   TlvReader reader(bytes, offset);
//   Element element;
//   while (!reader.done()) { PITSER_RETURN_IF_ERROR(reader.Next(element)); ... }
class TlvReader {
 public:
  // `offset` is where `bytes` begins in the outermost input. `name` is that of what is walked, for
  // messages; it outlives the reader.
  explicit TlvReader(Bytes bytes, std::size_t offset = 0, std::string_view name = "input")
      : rest_(bytes), offset_(offset), name_(name) {}
  // The children of `parent`.
  explicit TlvReader(const Element& parent, std::string_view name = "element")
      : TlvReader(parent.value, parent.value_offset(), name) {}

  bool done() const { return rest_.empty(); }

  // Errors: kInvalidArgument, naming the offset, when nothing is left or a header or a value
  // runs past the end; `element` then means nothing. It is written in place, because an element
  // that is returned is copied before its bytes have settled, which took half of the time that
  // parsing took.
  absl::Status Next(Element& element) { return Take(element) ? absl::OkStatus() : WhatIsWrong(); }
  absl::StatusOr<Element> Next();

 private:
  // Moves past the next element; false, with nothing moved, where Next() has an error.
  bool Take(Element& element);
  absl::Status WhatIsWrong() const;

  Bytes rest_;
  std::size_t offset_;
  std::string_view name_;
};

// A refusal of malformed bytes: kInvalidArgument, "offset 123, aggregation hash chain: <what>".
// `name` is the element's name in the words of the spec.
absl::Status MalformedAt(std::size_t offset, std::string_view name, std::string_view what);

// Values (spec 2.2, in its strictest form). Each refuses with MalformedAt(offset, name, ...).
absl::StatusOr<std::uint64_t> ReadInt(const Element& element, std::string_view name);
// Text without its terminator; a view into the element. `allow_empty` is `str`, else `str1`.
absl::StatusOr<std::string_view> ReadText(const Element& element, std::string_view name,
                                          bool allow_empty);
absl::StatusOr<Imprint> ReadImprint(const Element& element, std::string_view name);
// The same for those who only keep the bytes.
absl::Status NotAnImprint(const Element& element, std::string_view name);
inline absl::Status CheckImprint(const Element& element, std::string_view name) {
  if (Imprint::IsImprint(element.value)) return absl::OkStatus();
  return NotAnImprint(element, name);
}
absl::StatusOr<HashAlgorithm> ReadAlgorithm(const Element& element, std::string_view name);

// What to do with a child whose type the parent's table does not list (spec 2.3.1): OK to skip it
// when its N flag is set, an error otherwise.
absl::Status SkipUnknown(const Element& element, std::string_view parent);

struct TlvFlags {
  bool non_critical = false;
  bool forward = false;
};

// Writers append a complete element, with the shortest header that fits (spec 2.1).
// Precondition: value of at most 65535 bytes.
void WriteElement(ByteVector& out, std::uint16_t type, Bytes value, TlvFlags flags = {});
void WriteInt(ByteVector& out, std::uint16_t type, std::uint64_t value, TlvFlags flags = {});
// Adds the terminating zero. Precondition: no zero byte inside.
void WriteText(ByteVector& out, std::uint16_t type, std::string_view text, TlvFlags flags = {});
void WriteImprint(ByteVector& out, std::uint16_t type, const Imprint& imprint, TlvFlags flags = {});

// The header alone, for those who put the `length` bytes of value behind it.
struct Header {
  std::array<std::uint8_t, 4> bytes;
  std::size_t size;  // The short form has 2 bytes, the long one 4.
};
Header EncodeHeader(std::uint16_t type, std::size_t length, TlvFlags flags = {});
void WriteHeader(ByteVector& out, std::uint16_t type, std::size_t length, TlvFlags flags = {});

// Opens an element whose header is long in any case (`type` above 0x1F) and whose children are
// appended next; EndNested(), with what this returned, sets its length.
std::size_t BeginNested(ByteVector& out, std::uint16_t type, TlvFlags flags = {});
void EndNested(ByteVector& out, std::size_t begun);

// Bytes that WriteElement() would append, and those of the value that WriteInt() would write.
std::size_t EncodedSize(std::uint16_t type, std::size_t value_size);
std::size_t IntSize(std::uint64_t value);

// What is done for every few bytes that are read or written, where the compiler sees it.
namespace internal {
inline constexpr std::uint8_t kLongHeader = 0x80;
inline constexpr std::uint8_t kNonCritical = 0x40;
inline constexpr std::uint8_t kForward = 0x20;
inline constexpr std::uint16_t kMaxShortType = 0x1F;
inline constexpr std::uint16_t kMaxType = 0x1FFF;
inline constexpr std::size_t kMaxShortLength = 0xFF;
inline constexpr std::size_t kMaxLength = 0xFFFF;

inline bool FitsShortHeader(std::uint16_t type, std::size_t length) {
  return type <= kMaxShortType && length <= kMaxShortLength;
}
}  // namespace internal

inline bool TlvReader::Take(Element& element) {
  if (rest_.size() < 2) return false;
  const std::uint8_t first = rest_[0];
  element.offset = offset_;
  element.long_header = (first & internal::kLongHeader) != 0;
  element.non_critical = (first & internal::kNonCritical) != 0;
  element.forward = (first & internal::kForward) != 0;
  std::size_t header_size = 2;
  std::size_t length = rest_[1];
  element.type = first & internal::kMaxShortType;
  if (element.long_header) {
    header_size = 4;
    if (rest_.size() < header_size) return false;
    element.type = static_cast<std::uint16_t>(element.type << 8 | rest_[1]);
    length = std::size_t{rest_[2]} << 8 | rest_[3];
  }
  if (rest_.size() - header_size < length) return false;
  element.raw = rest_.first(header_size + length);
  element.value = element.raw.subspan(header_size);
  rest_ = rest_.subspan(element.raw.size());
  offset_ += element.raw.size();
  return true;
}

inline Header EncodeHeader(std::uint16_t type, std::size_t length, TlvFlags flags) {
  PITSER_CHECK(type <= internal::kMaxType && length <= internal::kMaxLength);
  const unsigned bits = (flags.non_critical ? internal::kNonCritical : 0u) |
                        (flags.forward ? internal::kForward : 0u);
  const auto byte = [](std::size_t value) { return static_cast<std::uint8_t>(value); };
  if (internal::FitsShortHeader(type, length)) {
    return {{byte(bits | type), byte(length), 0, 0}, 2};
  }
  const unsigned first = internal::kLongHeader | bits | unsigned{type} >> 8;
  return {{byte(first), byte(type), byte(length >> 8), byte(length)}, 4};
}

inline std::size_t EncodedSize(std::uint16_t type, std::size_t value_size) {
  return (internal::FitsShortHeader(type, value_size) ? 2 : 4) + value_size;
}

}  // namespace pitser::ledger
