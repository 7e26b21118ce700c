#include "ledger/format/publication.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/strings/str_format.h"
#include "ledger/base/base32.h"
#include "ledger/base/status.h"
#include "ledger/crypto/crc32.h"
#include "ledger/format/children.h"

namespace pitser::ledger {
namespace {

using internal::Require;
using internal::SetOnce;

constexpr std::uint16_t kPublicationTimeTag = 0x02;
constexpr std::uint16_t kPublishedHashTag = 0x04;
constexpr std::uint16_t kReferenceTag = 0x09;
constexpr std::uint16_t kRepositoryUriTag = 0x0A;

constexpr std::uint16_t kSignatureRecordTag = 0x803;
constexpr std::uint16_t kPublicationsFileRecordTag = 0x703;

constexpr std::string_view kData = "publication data";
constexpr std::string_view kRecord = "publication record";

constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kGroupSize = 6;

void AppendBe32(ByteVector& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

// A person's view of the bytes of a code: which part of it must be wrong.
absl::Status BadCode(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("publication code: %s", what));
}

// What stands between groups where a code was typed or copied: spaces, line ends, and the dashes
// and spaces that text programs make of them.
constexpr std::string_view kBetweenGroups[] = {
    "-",      " ",      "\t",     "\n",     "\r",     "\u00A0", "\u00AD", "\u2002", "\u2003",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u200B", "\u2010", "\u2011", "\u2012", "\u2013",
    "\u2014", "\u2015", "\u202F", "\u2060", "\u2212", "\u3000", "\uFEFF"};

// The characters of a code, with the letters that a person reads as digits which it cannot have.
// The checksum finds what was meant otherwise.
std::string WithoutGroups(std::string_view code) {
  std::string text;
  while (!code.empty()) {
    const auto* const between = std::ranges::find_if(
        kBetweenGroups, [&](std::string_view mark) { return code.starts_with(mark); });
    if (between != std::end(kBetweenGroups)) {
      code.remove_prefix(between->size());
      continue;
    }
    const char c = code.front();
    text.push_back(c == '0' ? 'O' : c == '1' ? 'I' : c == '8' ? 'B' : c);
    code.remove_prefix(1);
  }
  return text;
}

// A publication is printed in a handful of places. Each text becomes an object of 32 bytes.
constexpr std::size_t kMaxTexts = 512;

absl::Status AddText(const Element& child, std::string_view name, std::vector<std::string>& texts) {
  PITSER_ASSIGN_OR_RETURN(const std::string_view text, ReadText(child, name, false));
  PITSER_RETURN_IF_ERROR(internal::CheckRoom(texts.size(), kMaxTexts, child, name));
  texts.emplace_back(text);
  return absl::OkStatus();
}

absl::Status ParseRecordChild(const Element& child, std::optional<PublicationData>& data,
                              PublicationRecord& record) {
  switch (child.type) {
    case kPublicationDataTag:
      return SetOnce(data, ParsePublicationData(child), child,
                     "publication record / publication data");
    case kReferenceTag:
      return AddText(child, "publication record / publication reference", record.references);
    case kRepositoryUriTag:
      return AddText(child, "publication record / publication repository URI",
                     record.repository_uris);
    default:
      return SkipUnknown(child, kRecord);
  }
}

}  // namespace

absl::StatusOr<PublicationData> ParsePublicationData(const Element& element) {
  constexpr std::string_view kTime = "publication data / publication time";
  constexpr std::string_view kHash = "publication data / published hash";
  std::optional<std::uint64_t> time;
  std::optional<Imprint> hash;
  TlvReader reader(element, kData);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == kPublicationTimeTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(time, ReadInt(child, kTime), child, kTime));
    } else if (child.type == kPublishedHashTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(hash, ReadImprint(child, kHash), child, kHash));
    } else {
      PITSER_RETURN_IF_ERROR(SkipUnknown(child, kData));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(time.has_value(), element, kTime));
  PITSER_RETURN_IF_ERROR(Require(hash.has_value(), element, kHash));
  return PublicationData{*time, *hash};
}

void WritePublicationData(ByteVector& out, const PublicationData& data,
                          PublicationDataPlace place) {
  WriteHeader(out, kPublicationDataTag,
              EncodedSize(kPublicationTimeTag, IntSize(data.time)) +
                  EncodedSize(kPublishedHashTag, data.hash.bytes().size()),
              {.forward = place == PublicationDataPlace::kSignature});
  WriteInt(out, kPublicationTimeTag, data.time);
  WriteImprint(out, kPublishedHashTag, data.hash);
}

absl::StatusOr<PublicationRecord> ParsePublicationRecord(const Element& element) {
  std::optional<PublicationData> data;
  PublicationRecord record{
      .data = {0, Imprint::Zero(HashAlgorithm::kSha256)}, .references = {}, .repository_uris = {}};
  const auto room_for = [&](std::uint16_t tag) {
    return std::min(kMaxTexts, internal::CountChildren(
                                   element, [&](std::uint16_t type) { return type == tag; }));
  };
  record.references.reserve(room_for(kReferenceTag));
  record.repository_uris.reserve(room_for(kRepositoryUriTag));
  TlvReader reader(element, kRecord);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    PITSER_RETURN_IF_ERROR(ParseRecordChild(child, data, record));
  }
  PITSER_RETURN_IF_ERROR(
      Require(data.has_value(), element, "publication record / publication data"));
  record.data = *data;
  return record;
}

void WritePublicationRecord(ByteVector& out, const PublicationRecord& record,
                            PublicationDataPlace place) {
  const std::size_t begun =
      BeginNested(out, place == PublicationDataPlace::kSignature ? kSignatureRecordTag
                                                                 : kPublicationsFileRecordTag);
  // The data first, as in the spec's table and in all real files; the order is free to readers.
  WritePublicationData(out, record.data, place);
  for (const std::string& text : record.references) WriteText(out, kReferenceTag, text);
  for (const std::string& text : record.repository_uris) WriteText(out, kRepositoryUriTag, text);
  EndNested(out, begun);
}

std::string EncodePublicationCode(const PublicationData& data) {
  ByteVector bytes;
  AppendBe64(bytes, data.time);
  Append(bytes, data.hash.bytes());
  AppendBe32(bytes, Crc32(bytes));
  const std::string text = EncodeBase32(bytes);
  std::string code;
  for (std::size_t i = 0; i < text.size(); i += kGroupSize) {
    if (i > 0) code.push_back('-');
    code.append(text, i, kGroupSize);
  }
  return code;
}

absl::StatusOr<PublicationData> ParsePublicationCode(std::string_view code) {
  const std::string text = WithoutGroups(code);
  absl::StatusOr<ByteVector> decoded = DecodeBase32(text);
  if (!decoded.ok()) {
    return BadCode(
        absl::StrFormat("%s (dashes and spaces not counted)", decoded.status().message()));
  }
  const Bytes bytes = *decoded;
  if (bytes.size() < kTimeSize + 1 + kChecksumSize) {
    return BadCode(absl::StrFormat("%d characters are too few, some are missing", text.size()));
  }
  const Bytes body = bytes.first(bytes.size() - kChecksumSize);
  ByteVector checksum;
  AppendBe32(checksum, Crc32(body));
  if (!Equal(checksum, bytes.last(kChecksumSize))) {
    return BadCode("the checksum is wrong, so a character is mistyped, missing or too many");
  }
  const absl::StatusOr<Imprint> hash = Imprint::Parse(body.subspan(kTimeSize));
  if (!hash.ok()) return BadCode(ToStd(hash.status().message()));
  return PublicationData{ReadBe64(body), *hash};
}

}  // namespace pitser::ledger
