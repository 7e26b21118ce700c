#include "ledger/format/metadata.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/format/children.h"

namespace pitser::ledger {
namespace {

using internal::Require;
using internal::SetOnce;

constexpr std::uint16_t kClientIdTag = 0x01;
constexpr std::uint16_t kMachineIdTag = 0x02;
constexpr std::uint16_t kSequenceNumberTag = 0x03;
constexpr std::uint16_t kRequestTimeTag = 0x04;
constexpr std::uint16_t kPaddingTag = 0x1E;

constexpr std::size_t kLegacyIdSize = 29;
constexpr std::size_t kMaxLegacyTextSize = 25;

// The fields in place, so that checking a signature's metadata copies nothing.
struct MetadataView {
  std::optional<std::string_view> client_id;
  std::optional<std::string_view> machine_id;
  std::optional<std::uint64_t> sequence_number;
  std::optional<std::uint64_t> request_time_us;
};

absl::Status ParseField(const Element& child, MetadataView& view) {
  constexpr std::string_view kClientId = "metadata / client id";
  constexpr std::string_view kMachineId = "metadata / machine id";
  constexpr std::string_view kSequenceNumber = "metadata / sequence number";
  constexpr std::string_view kRequestTime = "metadata / request time";
  switch (child.type) {
    case kClientIdTag:
      return SetOnce(view.client_id, ReadText(child, kClientId, true), child, kClientId);
    case kMachineIdTag:
      return SetOnce(view.machine_id, ReadText(child, kMachineId, true), child, kMachineId);
    case kSequenceNumberTag:
      return SetOnce(view.sequence_number, ReadInt(child, kSequenceNumber), child, kSequenceNumber);
    case kRequestTimeTag:
      return SetOnce(view.request_time_us, ReadInt(child, kRequestTime), child, kRequestTime);
    case kPaddingTag:
      return absl::OkStatus();  // Judged by MetadataIsTrusted().
    default:
      return SkipUnknown(child, "metadata");
  }
}

absl::Status ParseView(const Element& element, MetadataView& view) {
  TlvReader reader(element, "metadata");
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    PITSER_RETURN_IF_ERROR(ParseField(child, view));
  }
  return Require(view.client_id.has_value(), element, "metadata / client id");
}

bool IsValidPadding(const Element& padding) {
  return !padding.long_header && padding.non_critical && padding.forward &&
         (padding.value.size() == 1 || padding.value.size() == 2) && padding.value.front() == 1 &&
         padding.value.back() == 1;
}

bool LooksLikeImprint(Bytes content) { return Imprint::Check(content).ok(); }

absl::Status BadLegacyId(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("legacy id: %s", what));
}

}  // namespace

ByteVector EncodeMetadata(const Metadata& metadata, MetadataStyle style) {
  ByteVector content;
  AppendMetadata(content, metadata, style);
  return content;
}

void AppendMetadata(ByteVector& out, const Metadata& metadata, MetadataStyle style) {
  TlvFlags flags;
  if (style == MetadataStyle::kService) flags = {.non_critical = true, .forward = true};
  constexpr TlvFlags kPaddingFlags = {.non_critical = true, .forward = true};
  constexpr std::uint8_t kOnes[] = {0x01, 0x01};
  const std::size_t begin = out.size();
  WriteElement(out, kPaddingTag, kOnes, kPaddingFlags);
  WriteText(out, kClientIdTag, metadata.client_id, flags);
  if (metadata.machine_id) WriteText(out, kMachineIdTag, *metadata.machine_id, flags);
  if (metadata.sequence_number) WriteInt(out, kSequenceNumberTag, *metadata.sequence_number, flags);
  if (metadata.request_time_us) WriteInt(out, kRequestTimeTag, *metadata.request_time_us, flags);
  if ((out.size() - begin) % 2 == 0) return;
  // One byte of padding makes it even.
  constexpr std::size_t kOneByteShorter = 2 + 1;
  --out[begin + 1];
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(begin + kOneByteShorter));
}

absl::StatusOr<Metadata> ParseMetadata(const Element& element) {
  MetadataView view;
  PITSER_RETURN_IF_ERROR(ParseView(element, view));
  Metadata metadata;
  metadata.client_id = std::string(*view.client_id);
  if (view.machine_id) metadata.machine_id = std::string(*view.machine_id);
  metadata.sequence_number = view.sequence_number;
  metadata.request_time_us = view.request_time_us;
  return metadata;
}

absl::Status CheckMetadata(const Element& element) {
  MetadataView view;
  return ParseView(element, view);
}

bool MetadataIsTrusted(Bytes content) {
  std::size_t paddings = 0;
  bool valid = true;
  TlvReader reader(content);
  Element child;
  while (!reader.done()) {
    if (!reader.Next(child).ok()) return false;
    if (child.type != kPaddingTag) continue;
    ++paddings;
    valid = valid && child.offset == 0 && IsValidPadding(child);
  }
  if (paddings == 0) return !LooksLikeImprint(content);
  return paddings == 1 && valid && content.size() % 2 == 0;
}

absl::StatusOr<std::string_view> ParseLegacyId(Bytes bytes) {
  if (bytes.size() != kLegacyIdSize) {
    return BadLegacyId(absl::StrFormat("has 29 bytes, got %d", bytes.size()));
  }
  if (bytes[0] != 0x03 || bytes[1] != 0x00) return BadLegacyId("must start with 03 00");
  const std::size_t text_size = bytes[2];
  if (text_size > kMaxLegacyTextSize) {
    return BadLegacyId(absl::StrFormat("the text has at most 25 bytes, got %d", text_size));
  }
  const Bytes text = bytes.subspan(3, text_size);
  for (std::uint8_t byte : bytes.subspan(3 + text_size)) {
    if (byte != 0) return BadLegacyId("what follows the text must be zero bytes");
  }
  if (!IsUtf8(text)) return BadLegacyId("the text is not UTF-8");
  return AsText(text);
}

}  // namespace pitser::ledger
