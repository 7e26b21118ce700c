#include "ledger/format/publications_file.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/crypto/crc32.h"
#include "ledger/format/children.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {
namespace {

using internal::CountChildren;
using internal::Require;
using internal::SetBytesOnce;
using internal::SetOnce;

constexpr std::string_view kMagic = "KSIPUBLF";
constexpr std::uint64_t kVersion = 1;

constexpr std::uint16_t kHeaderTag = 0x701;
constexpr std::uint16_t kCertificateTag = 0x702;
constexpr std::uint16_t kPublicationTag = 0x703;
constexpr std::uint16_t kCmsTag = 0x704;

constexpr std::uint16_t kVersionTag = 0x01;
constexpr std::uint16_t kCreationTimeTag = 0x02;
constexpr std::uint16_t kRepositoryUriTag = 0x03;
constexpr std::uint16_t kCertificateIdTag = 0x01;
constexpr std::uint16_t kX509Tag = 0x02;
constexpr std::uint16_t kReferenceTag = 0x09;       // Of a publication record: for its size.
constexpr std::uint16_t kPublicationUriTag = 0x0A;  // The same.

constexpr std::string_view kFile = "publications file";
constexpr std::string_view kHeader = "publications file header";
constexpr std::string_view kCertificate = "certificate record";
constexpr std::string_view kCms = "CMS signature";

constexpr std::size_t kMaxElement = 65535;
// Publication data with the longest time and imprint takes less than this.
constexpr std::size_t kMaxPublicationData = 100;

absl::Status ParseHeader(const Element& element, PublicationsFileContent& content) {
  constexpr std::string_view kVersionName = "publications file header / version";
  constexpr std::string_view kTimeName = "publications file header / creation time";
  constexpr std::string_view kUriName = "publications file header / repository URI";
  std::optional<std::uint64_t> version;
  std::optional<std::uint64_t> time;
  std::optional<std::string> uri;
  TlvReader reader(element, kHeader);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == kVersionTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(version, ReadInt(child, kVersionName), child, kVersionName));
    } else if (child.type == kCreationTimeTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(time, ReadInt(child, kTimeName), child, kTimeName));
    } else if (child.type == kRepositoryUriTag) {
      PITSER_RETURN_IF_ERROR(SetOnce(uri, ReadText(child, kUriName, false), child, kUriName));
    } else {
      PITSER_RETURN_IF_ERROR(SkipUnknown(child, kHeader));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(version.has_value(), element, kVersionName));
  PITSER_RETURN_IF_ERROR(Require(time.has_value(), element, kTimeName));
  if (*version != kVersion) {
    return MalformedAt(element.offset, kVersionName,
                       absl::StrFormat("%d is expected, %d found", kVersion, *version));
  }
  content.creation_time = *time;
  content.repository_uri = uri.value_or("");
  return absl::OkStatus();
}

absl::StatusOr<CertificateRecord> ParseCertificateRecord(const Element& element) {
  constexpr std::string_view kId = "certificate record / certificate id";
  constexpr std::string_view kX509 = "certificate record / X.509 certificate";
  std::optional<Bytes> id;
  std::optional<Bytes> der;
  TlvReader reader(element, kCertificate);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == kCertificateIdTag) {
      PITSER_RETURN_IF_ERROR(SetBytesOnce(id, child, kId));
    } else if (child.type == kX509Tag) {
      PITSER_RETURN_IF_ERROR(SetBytesOnce(der, child, kX509));
    } else {
      PITSER_RETURN_IF_ERROR(SkipUnknown(child, kCertificate));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(id.has_value(), element, kId));
  PITSER_RETURN_IF_ERROR(Require(der.has_value(), element, kX509));
  return CertificateRecord{ToVector(*id), ToVector(*der)};
}

bool IsKnown(std::uint16_t type) { return type >= kHeaderTag && type <= kCmsTag; }

// Refuses an element at a place where its kind may not stand; `previous` is the type of the known
// element before it, 0 at the beginning.
absl::Status CheckPlace(const Element& element, std::uint16_t previous) {
  if (previous == 0 && element.type != kHeaderTag) {
    return MalformedAt(element.offset, kFile, "the header does not come first");
  }
  if (previous == kCmsTag) {
    return MalformedAt(element.offset, kFile, "something follows the CMS signature");
  }
  if (!IsKnown(element.type)) return SkipUnknown(element, kFile);
  if (element.type == kHeaderTag && previous != 0) {
    return MalformedAt(element.offset, kHeader, "occurs a second time");
  }
  if (element.type < previous) {
    return MalformedAt(
        element.offset, kFile,
        absl::StrFormat("element 0x%x stands after element 0x%x", element.type, previous));
  }
  return absl::OkStatus();
}

absl::Status ParseKnown(const Element& element, PublicationsFileContent& content) {
  switch (element.type) {
    case kHeaderTag:
      return ParseHeader(element, content);
    case kCertificateTag: {
      PITSER_ASSIGN_OR_RETURN(CertificateRecord record, ParseCertificateRecord(element));
      content.certificates.push_back(std::move(record));
      return absl::OkStatus();
    }
    case kPublicationTag: {
      PITSER_ASSIGN_OR_RETURN(PublicationRecord record, ParsePublicationRecord(element));
      content.publications.push_back(std::move(record));
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();  // The CMS signature: any bytes.
  }
}

absl::Status CheckText(std::string_view text, std::string_view what) {
  if (text.empty() || text.size() >= kMaxElement || text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("publications file: the %s of %d bytes is empty, too long or has a zero "
                        "byte inside",
                        what, text.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckSize(std::size_t size, std::string_view what) {
  if (size <= kMaxElement) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("publications file: a %s of %d bytes does not fit an element", what, size));
}

absl::Status CheckTime(std::uint64_t time, std::string_view what) {
  if (time <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("publications file: the %s %d is beyond 2^63-1", what, time));
}

// What the writers below take for granted; everything else is refused by parsing the result.
absl::Status CheckContent(const PublicationsFileContent& content) {
  PITSER_RETURN_IF_ERROR(CheckTime(content.creation_time, "creation time"));
  if (!content.repository_uri.empty()) {
    PITSER_RETURN_IF_ERROR(CheckText(content.repository_uri, "repository URI"));
    PITSER_RETURN_IF_ERROR(CheckSize(content.repository_uri.size() + 64, "header"));
  }
  for (const CertificateRecord& record : content.certificates) {
    PITSER_RETURN_IF_ERROR(CheckSize(
        EncodedSize(kCertificateIdTag, record.id.size()) + EncodedSize(kX509Tag, record.der.size()),
        kCertificate));
  }
  for (const PublicationRecord& record : content.publications) {
    PITSER_RETURN_IF_ERROR(CheckTime(record.data.time, "publication time"));
    std::size_t size = kMaxPublicationData;
    for (const std::string& text : record.references) {
      PITSER_RETURN_IF_ERROR(CheckText(text, "publication reference"));
      size += EncodedSize(kReferenceTag, text.size() + 1);
    }
    for (const std::string& text : record.repository_uris) {
      PITSER_RETURN_IF_ERROR(CheckText(text, "publication repository URI"));
      size += EncodedSize(kPublicationUriTag, text.size() + 1);
    }
    PITSER_RETURN_IF_ERROR(CheckSize(size, "publication record"));
  }
  return absl::OkStatus();
}

void WriteFileHeader(ByteVector& out, const PublicationsFileContent& content) {
  const std::size_t begun = BeginNested(out, kHeaderTag);
  WriteInt(out, kVersionTag, kVersion);
  WriteInt(out, kCreationTimeTag, content.creation_time);
  if (!content.repository_uri.empty()) WriteText(out, kRepositoryUriTag, content.repository_uri);
  EndNested(out, begun);
}

void WriteCertificateRecord(ByteVector& out, const CertificateRecord& record) {
  const std::size_t begun = BeginNested(out, kCertificateTag);
  WriteElement(out, kCertificateIdTag, record.id);
  WriteElement(out, kX509Tag, record.der);
  EndNested(out, begun);
}

// Indexes of the records by ascending time; those of one time stay in their order.
std::vector<std::size_t> ByTime(const std::vector<PublicationRecord>& records) {
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Not stable_sort, which takes memory of its own.
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(records[i].data.time, i); });
  return order;
}

// How many things a file holds that become objects of their own in memory.
struct Counts {
  std::size_t certificates = 0, publications = 0, texts = 0;
};

Counts CountThings(Bytes elements) {
  Counts counts;
  TlvReader reader(elements);
  Element element;
  while (!reader.done() && reader.Next(element).ok()) {
    if (element.type == kCertificateTag) ++counts.certificates;
    if (element.type != kPublicationTag) continue;
    ++counts.publications;
    counts.texts += CountChildren(element, [](std::uint16_t type) {
      return type == kReferenceTag || type == kPublicationUriTag;
    });
  }
  return counts;
}

// Makes room for the records, so that no list grows piece by piece.
// Errors: kInvalidArgument for a file that is made of next to nothing but headers, so that memory
// stays in proportion to it: the least publication that anybody can make has 35 bytes, one of ours
// 47, a certificate hundreds, and a text for people is longer than its header.
absl::Status MakeRoom(Bytes file, PublicationsFileContent& content) {
  constexpr std::size_t kBytesForEach = 32;
  constexpr std::size_t kFree = 512;
  const Counts counts = CountThings(file.subspan(kMagic.size()));
  if (counts.certificates + counts.publications + counts.texts >
      file.size() / kBytesForEach + kFree) {
    return MalformedAt(kMagic.size(), kFile, "is made of too many too small elements");
  }
  content.certificates.reserve(counts.certificates);
  content.publications.reserve(counts.publications);
  return absl::OkStatus();
}

absl::Status CheckSubject(const Certificate& signer,
                          std::span<const SubjectConstraint> constraints) {
  for (const SubjectConstraint& constraint : constraints) {
    const std::optional<std::string> value = signer.SubjectAttribute(constraint.oid);
    if (value == constraint.value) continue;
    return absl::PermissionDeniedError(absl::StrFormat(
        "publications file: its signer '%s' was expected to have '%s' as %s, and has %s",
        signer.Subject(), constraint.value, constraint.oid, value ? "'" + *value + "'" : "none"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PublicationsFile> PublicationsFile::Parse(ByteVector bytes) {
  if (bytes.size() > kMaxPublicationsFileSize) {
    return MalformedAt(0, kFile, absl::StrFormat("%d bytes are too many", bytes.size()));
  }
  if (!AsText(bytes).starts_with(kMagic)) {
    return MalformedAt(0, kFile, "does not start with KSIPUBLF");
  }
  PublicationsFile file;
  PITSER_RETURN_IF_ERROR(MakeRoom(bytes, file.content_));
  std::uint16_t previous = 0;
  TlvReader reader(Bytes(bytes).subspan(kMagic.size()), kMagic.size(), kFile);
  Element element;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(element));
    PITSER_RETURN_IF_ERROR(CheckPlace(element, previous));
    if (!IsKnown(element.type)) continue;
    PITSER_RETURN_IF_ERROR(ParseKnown(element, file.content_));
    if (element.type == kCmsTag) {
      file.signed_size_ = element.offset;
      file.cms_offset_ = element.value_offset();
    }
    previous = element.type;
  }
  if (previous == 0) return MalformedAt(kMagic.size(), kHeader, "is missing");
  if (previous != kCmsTag) return MalformedAt(bytes.size(), kCms, "is missing");
  file.by_time_ = ByTime(file.content_.publications);
  file.bytes_ = std::move(bytes);
  return file;
}

const CertificateRecord* PublicationsFile::FindCertificate(Bytes id) const {
  for (const CertificateRecord& record : content_.certificates) {
    if (Equal(record.id, id)) return &record;
  }
  return nullptr;
}

const PublicationRecord* PublicationsFile::NearestPublication(std::uint64_t time) const {
  const auto found = std::ranges::lower_bound(
      by_time_, time, {}, [&](std::size_t i) { return content_.publications[i].data.time; });
  return found == by_time_.end() ? nullptr : &content_.publications[*found];
}

const PublicationRecord* PublicationsFile::LatestPublication() const {
  return by_time_.empty() ? nullptr : &content_.publications[by_time_.back()];
}

bool PublicationsFile::HasPublicationAt(std::uint64_t time) const {
  const PublicationRecord* nearest = NearestPublication(time);
  return nearest != nullptr && nearest->data.time == time;
}

const PublicationRecord* PublicationsFile::FindPublication(const PublicationData& data) const {
  auto found = std::ranges::lower_bound(
      by_time_, data.time, {}, [&](std::size_t i) { return content_.publications[i].data.time; });
  for (; found != by_time_.end(); ++found) {
    const PublicationRecord& record = content_.publications[*found];
    if (record.data.time != data.time) return nullptr;
    if (record.data == data) return &record;
  }
  return nullptr;
}

ByteVector CertificateIdOf(Bytes der) {
  const std::uint32_t crc = Crc32(der);
  ByteVector id;
  for (int shift = 24; shift >= 0; shift -= 8) {
    id.push_back(static_cast<std::uint8_t>(crc >> shift));
  }
  return id;
}

absl::StatusOr<PublicationsFile> BuildPublicationsFile(const PublicationsFileContent& content,
                                                       const Certificate& signer,
                                                       const PrivateKey& signer_key,
                                                       std::uint64_t signing_time) {
  PITSER_RETURN_IF_ERROR(CheckContent(content));
  ByteVector bytes = ToVector(AsBytes(kMagic));
  WriteFileHeader(bytes, content);
  for (const CertificateRecord& record : content.certificates) {
    WriteCertificateRecord(bytes, record);
  }
  for (std::size_t i : ByTime(content.publications)) {
    WritePublicationRecord(bytes, content.publications[i], PublicationDataPlace::kPublicationsFile);
  }
  PITSER_ASSIGN_OR_RETURN(const ByteVector cms, SignCms(bytes, signer, signer_key, signing_time));
  PITSER_RETURN_IF_ERROR(CheckSize(cms.size(), kCms));
  WriteElement(bytes, kCmsTag, cms);
  return PublicationsFile::Parse(std::move(bytes));
}

absl::Status VerifyPublicationsFile(const PublicationsFile& file,
                                    std::span<const Certificate> trust_anchors,
                                    std::span<const SubjectConstraint> constraints,
                                    std::uint64_t at_time, bool accept_sha1) {
  if (constraints.empty()) {
    return absl::FailedPreconditionError(
        "no constraint says who may sign publications files: configure at least one, for "
        "instance the signer's e-mail address");
  }
  absl::StatusOr<Certificate> signer =
      VerifyCms(file.signed_bytes(), file.cms(), trust_anchors, at_time, accept_sha1);
  const absl::Status dates = absl::IsOutOfRange(signer.status()) ? signer.status() : absl::Status();
  // Whether it is the publisher's at all comes before when.
  if (!dates.ok()) {
    signer = VerifyCms(file.signed_bytes(), file.cms(), trust_anchors, std::nullopt, accept_sha1);
  }
  if (!signer.ok()) return Annotate(signer.status(), kFile);
  PITSER_RETURN_IF_ERROR(CheckSubject(*signer, constraints));
  return Annotate(dates, kFile);
}

}  // namespace pitser::ledger
