#include "storage/last_signed.h"

#include <array>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "rocksdb/env.h"
#include "storage/internal/files.h"
#include "storage/internal/rocks.h"

namespace pitser::storage {
namespace {

using internal::FromRocks;
using ledger::Bytes;
using ledger::ByteVector;
using ledger::Imprint;

// A slot: magic (8) || be64 version || be64 sequence || be64 t || imprint length (1) || imprint,
// padded with zeros to kChecked bytes || SHA-256 imprint of those. Sequence 0 says "nothing yet".
constexpr std::string_view kSlotMagic = "PTSRLAST";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kSlotStride = 4096;  // A page each: a torn write spoils one slot.
constexpr std::size_t kChecked = 8 + 3 * 8 + 1 + ledger::kMaxImprintSize;
constexpr std::size_t kSlotSize = kChecked + 33;

struct Slot {
  std::uint64_t sequence = 0;
  std::optional<LastSigned::Entry> entry;
};

absl::StatusOr<ByteVector> Encode(const Slot& slot) {
  ByteVector bytes = ledger::ToVector(ledger::AsBytes(kSlotMagic));
  ledger::AppendBe64(bytes, kVersion);
  ledger::AppendBe64(bytes, slot.sequence);
  ledger::AppendBe64(bytes, slot.entry ? slot.entry->t : 0);
  const Bytes imprint = slot.entry ? slot.entry->root.bytes() : Bytes();
  bytes.push_back(static_cast<std::uint8_t>(imprint.size()));
  ledger::Append(bytes, imprint);
  bytes.resize(kChecked);
  PITSER_ASSIGN_OR_RETURN(const Imprint checksum,
                          ledger::Hash(ledger::HashAlgorithm::kSha256, {bytes}));
  ledger::Append(bytes, checksum.bytes());
  return bytes;
}

// Nothing if the slot was never written or is damaged.
// Errors: kFailedPrecondition for a whole slot of a newer version.
absl::StatusOr<std::optional<Slot>> Decode(Bytes bytes) {
  if (bytes.size() != kSlotSize) return std::optional<Slot>();
  const Bytes checked = bytes.first(kChecked);
  PITSER_ASSIGN_OR_RETURN(const Imprint checksum,
                          ledger::Hash(ledger::HashAlgorithm::kSha256, {checked}));
  if (!ledger::Equal(checksum.bytes(), bytes.subspan(kChecked)) ||
      ledger::AsText(checked.first(8)) != kSlotMagic) {
    return std::optional<Slot>();
  }
  if (ledger::ReadBe64(checked.subspan(8)) > kVersion) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "its format version is %d and this program knows versions up to %d: use a newer pitserd",
        ledger::ReadBe64(checked.subspan(8)), kVersion));
  }
  Slot slot{.sequence = ledger::ReadBe64(checked.subspan(16)), .entry = std::nullopt};
  const std::size_t length = checked[32];
  if (length > 0) {
    if (length > ledger::kMaxImprintSize) return std::optional<Slot>();
    auto root = Imprint::Parse(checked.subspan(33, length));
    if (!root.ok()) return std::optional<Slot>();
    slot.entry = LastSigned::Entry{ledger::ReadBe64(checked.subspan(24)), *root};
  }
  return std::optional<Slot>(slot);
}

class LastSignedFile : public LastSigned {
 public:
  LastSignedFile(std::string path, std::unique_ptr<rocksdb::RandomRWFile> file)
      : path_(std::move(path)), file_(std::move(file)) {}

  absl::Status Load() {
    bool found = false;
    for (std::size_t i = 0; i < 2; ++i) {
      std::array<char, kSlotSize> scratch;
      rocksdb::Slice read;
      PITSER_RETURN_IF_ERROR(
          FromRocks(file_->Read(i * kSlotStride, kSlotSize, &read, scratch.data())));
      PITSER_ASSIGN_OR_RETURN(const std::optional<Slot> slot, Decode(internal::ToBytes(read)));
      if (!slot || (found && slot->sequence < newest_.sequence)) continue;
      newest_ = *slot;
      found = true;
    }
    if (found) return absl::OkStatus();
    return absl::DataLossError(
        "neither of its two entries is whole; without it a calendar that lost its end cannot be "
        "told from a sound one");
  }

  const std::optional<Entry>& Read() const override { return newest_.entry; }

  absl::Status Record(std::uint64_t t, const Imprint& root) override {
    if (newest_.entry && t < newest_.entry->t) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s: second %d was signed already, and %d lies before it", path_, newest_.entry->t, t));
    }
    const Slot slot{newest_.sequence + 1, Entry{t, root}};
    PITSER_ASSIGN_OR_RETURN(const ByteVector bytes, Encode(slot));
    PITSER_RETURN_IF_ERROR(
        FromRocks(file_->Write(slot.sequence % 2 * kSlotStride, internal::ToSlice(Bytes(bytes)))));
    PITSER_RETURN_IF_ERROR(FromRocks(file_->Sync()));
    newest_ = slot;
    return absl::OkStatus();
  }

 private:
  const std::string path_;
  const std::unique_ptr<rocksdb::RandomRWFile> file_;
  Slot newest_;
};

absl::StatusOr<std::unique_ptr<LastSigned>> OpenFile(const std::string& path, rocksdb::Env& env) {
  const rocksdb::Status exists = env.FileExists(path);
  if (exists.IsNotFound()) {
    PITSER_ASSIGN_OR_RETURN(ByteVector content, Encode(Slot()));
    content.resize(2 * kSlotStride);  // Room for both slots: writing one never needs any.
    PITSER_RETURN_IF_ERROR(internal::WriteWholeFile(env, path, content));
  } else if (!exists.ok()) {
    return FromRocks(exists);
  }
  std::unique_ptr<rocksdb::RandomRWFile> file;
  PITSER_RETURN_IF_ERROR(FromRocks(env.NewRandomRWFile(path, &file, rocksdb::EnvOptions())));
  auto opened = std::make_unique<LastSignedFile>(path, std::move(file));
  PITSER_RETURN_IF_ERROR(opened->Load());
  return opened;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LastSigned>> LastSigned::Open(const std::string& path,
                                                             rocksdb::Env* env) {
  auto opened = OpenFile(path, env == nullptr ? *rocksdb::Env::Default() : *env);
  if (!opened.ok()) return ledger::Annotate(opened.status(), path);
  return opened;
}

}  // namespace pitser::storage
