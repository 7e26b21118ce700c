#include "server/publisher/publication_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/tlv.h"

namespace pitser::server {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::PublicationRecord;

constexpr std::string_view kMagic = "PTSRPUBL";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHeaderSize = 8 + 8;
constexpr std::size_t kSizesSize = 2 * 4;
constexpr std::size_t kImprintSize = 33;
constexpr unsigned kMode = 0600;
// As many publications as a file of theirs holds, each in a frame of its own.
constexpr std::size_t kMaxSize = 2 * ledger::kMaxPublicationsFileSize;

constexpr std::uint16_t kCertificateTag = 0x01;
constexpr std::uint16_t kPublicationTag = 0x703;

ByteVector Header() {
  ByteVector header = ledger::ToVector(ledger::AsBytes(kMagic));
  ledger::AppendBe64(header, kVersion);
  return header;
}

absl::StatusOr<ByteVector> ImprintOf(Bytes before, Bytes payload) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint imprint,
                          ledger::Hash(ledger::HashAlgorithm::kSha256, {before, payload}));
  return ledger::ToVector(imprint.bytes());
}

std::uint32_t ReadBe32(Bytes bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

void AppendBe32(ByteVector& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

absl::Status OtherRoot(std::uint64_t time) {
  return absl::DataLossError(absl::StrFormat(
      "second %d has another root in the store of publications: store and publications file are "
      "not of the same ledger, or one of them is damaged; restore both from one backup",
      time));
}

absl::Status Damaged(std::size_t at) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "is damaged at byte %d: restore it from a backup; if the publications file is whole, move "
      "this one away and start: it is made anew from that",
      at));
}

bool AllZero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

void WriteCertificate(ByteVector& out, const ledger::CertificateRecord& record) {
  ledger::WriteElement(out, kCertificateTag, record.der);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PublicationStore>> PublicationStore::Open(const std::string& path) {
  std::unique_ptr<PublicationStore> store(new PublicationStore(path));
  if (!base::Exists(path)) return store;
  PITSER_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, kMaxSize));
  PITSER_RETURN_IF_ERROR(ledger::Annotate(store->Load(ledger::AsBytes(text)), path));
  if (store->size_ < text.size()) {
    base::LogWarning("publications_store_torn",
                     {{"file", path}, {"bytes", text.size() - store->size_}});
  }
  return store;
}

std::optional<std::uint64_t> PublicationStore::newest() const {
  if (publications_.empty()) return std::nullopt;
  return publications_.rbegin()->first;
}

absl::Status PublicationStore::Load(Bytes bytes) {
  // It is put in place whole, with a first frame (Append()), so it is never shorter.
  if (bytes.size() < kHeaderSize || ledger::AsText(bytes.first(8)) != kMagic) return Damaged(0);
  if (const std::uint64_t version = ledger::ReadBe64(bytes.subspan(8)); version > kVersion) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "is of version %d, and this program knows versions up to %d: use a newer pitserd", version,
        kVersion));
  }
  chain_ = ledger::ToVector(bytes.first(kHeaderSize));
  size_ = kHeaderSize;
  while (size_ < bytes.size()) {
    const Bytes rest = bytes.subspan(size_);
    // Torn: it ends in the sizes, or nothing behind them was written.
    if (rest.size() < kSizesSize || AllZero(rest.subspan(kSizesSize))) break;
    const std::uint32_t payload_size = ReadBe32(rest);
    if (ReadBe32(rest.subspan(4)) != static_cast<std::uint32_t>(~payload_size)) {
      return Damaged(size_);
    }
    const std::size_t frame_size = kSizesSize + payload_size + kImprintSize;
    if (rest.size() < frame_size) break;  // Torn.
    const Bytes payload = rest.subspan(kSizesSize, payload_size);
    PITSER_ASSIGN_OR_RETURN(ByteVector imprint, ImprintOf(chain_, payload));
    if (!ledger::Equal(imprint, rest.subspan(kSizesSize + payload_size, kImprintSize))) {
      if (rest.size() == frame_size) break;  // The last one: torn.
      return Damaged(size_);
    }
    PITSER_RETURN_IF_ERROR(TakeFrame(payload));
    chain_ = std::move(imprint);
    size_ += frame_size;
  }
  return absl::OkStatus();
}

absl::Status PublicationStore::TakeFrame(Bytes payload) {
  ledger::TlvReader reader(payload);
  while (!reader.done()) {
    PITSER_ASSIGN_OR_RETURN(const ledger::Element element, reader.Next());
    if (element.type == kCertificateTag) {
      ByteVector der = ledger::ToVector(element.value);
      if (!known_.insert(ledger::ToString(der)).second) continue;
      ByteVector id = ledger::CertificateIdOf(der);
      certificates_.push_back({std::move(id), std::move(der)});
    } else if (element.type == kPublicationTag) {
      PITSER_ASSIGN_OR_RETURN(const PublicationRecord record,
                              ledger::ParsePublicationRecord(element));
      const std::uint64_t time = record.data.time;
      const auto [it, added] = publications_.try_emplace(time, record);
      if (!added && it->second.data.hash != record.data.hash) return OtherRoot(time);
    } else {
      return absl::FailedPreconditionError(
          absl::StrCat("holds an element of type ", element.type,
                       ", which this program does not know: use a newer pitserd"));
    }
  }
  return absl::OkStatus();
}

absl::Status PublicationStore::CheckAgrees(const ledger::PublicationsFileContent& content) const {
  for (const PublicationRecord& record : content.publications) {
    const auto it = publications_.find(record.data.time);
    if (it != publications_.end() && it->second.data.hash != record.data.hash) {
      return OtherRoot(record.data.time);
    }
  }
  return absl::OkStatus();
}

absl::Status PublicationStore::Keep(const ledger::PublicationsFileContent& content) {
  PITSER_RETURN_IF_ERROR(CheckAgrees(content));
  ByteVector payload;
  for (const ledger::CertificateRecord& record : content.certificates) {
    if (!known_.contains(ledger::ToString(record.der))) WriteCertificate(payload, record);
  }
  for (const PublicationRecord& record : content.publications) {
    if (publications_.contains(record.data.time)) continue;
    ledger::WritePublicationRecord(payload, record,
                                   ledger::PublicationDataPlace::kPublicationsFile);
  }
  if (payload.empty()) return absl::OkStatus();
  return ledger::Annotate(Append(payload), path_);
}

absl::Status PublicationStore::Append(Bytes payload) {
  const ByteVector before = there() ? chain_ : Header();
  PITSER_ASSIGN_OR_RETURN(ByteVector imprint, ImprintOf(before, payload));
  ByteVector bytes = there() ? ByteVector() : before;
  const auto payload_size = static_cast<std::uint32_t>(payload.size());
  AppendBe32(bytes, payload_size);
  AppendBe32(bytes, ~payload_size);
  ledger::Append(bytes, payload);
  ledger::Append(bytes, imprint);
  if (size_ + bytes.size() > kMaxSize) {
    return absl::ResourceExhaustedError("is full");  // Its schedule fills the other file first.
  }
  PITSER_RETURN_IF_ERROR(there() ? base::WriteTailDurably(path_, size_, bytes)
                                 : base::WriteFileDurably(path_, bytes, kMode));
  size_ += bytes.size();
  chain_ = std::move(imprint);
  return TakeFrame(payload);
}

absl::StatusOr<std::size_t> PublicationStore::Complete(
    ledger::PublicationsFileContent& content) const {
  PITSER_RETURN_IF_ERROR(CheckAgrees(content));
  std::set<std::string> certificates;
  for (const auto& record : content.certificates) certificates.insert(ledger::ToString(record.der));
  std::set<std::uint64_t> times;
  for (const PublicationRecord& record : content.publications) times.insert(record.data.time);
  std::size_t added = 0;
  for (const ledger::CertificateRecord& record : certificates_) {
    if (certificates.contains(ledger::ToString(record.der))) continue;
    content.certificates.push_back(record);
    ++added;
  }
  for (const auto& [time, record] : publications_) {
    if (times.contains(time)) continue;
    content.publications.push_back(record);
    ++added;
  }
  std::ranges::sort(content.publications, {},
                    [](const PublicationRecord& record) { return record.data.time; });
  return added;
}

}  // namespace pitser::server
