#include "storage/internal/rocks.h"

#include "absl/strings/str_format.h"

namespace pitser::storage::internal {

std::string NodeKey(unsigned level, std::uint64_t index) {
  std::string key(1, static_cast<char>(level));
  for (int shift = 32; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift));
  return key;
}

std::optional<std::uint64_t> IndexOfKey(unsigned level, const rocksdb::Slice& key) {
  if (key.size() != kNodeKeySize || key[0] != static_cast<char>(level)) return std::nullopt;
  std::uint64_t index = 0;
  for (std::uint8_t byte : ToBytes(key).subspan(1)) index = index << 8 | byte;
  return index;
}

std::string EncodeHead(const HeadRecord& record) {
  ledger::ByteVector bytes;
  ledger::AppendBe64(bytes, record.head);
  ledger::AppendBe64(bytes, record.newest_leaf ? *record.newest_leaf + 1 : 0);
  return ledger::ToString(bytes);
}

absl::StatusOr<HeadRecord> DecodeHead(const rocksdb::Slice& value) {
  const ledger::Bytes bytes = ToBytes(value);
  if (bytes.size() != 16) {
    return absl::DataLossError(
        absl::StrFormat("the calendar's head record has %d bytes instead of 16", bytes.size()));
  }
  HeadRecord record{.head = ledger::ReadBe64(bytes), .newest_leaf = std::nullopt};
  const std::uint64_t after_leaf = ledger::ReadBe64(bytes.subspan(8));
  if (after_leaf > 0) record.newest_leaf = after_leaf - 1;
  if (record.newest_leaf && *record.newest_leaf > record.head) {
    return absl::DataLossError("the calendar's head record names a leaf after the head");
  }
  return record;
}

absl::Status FromRocks(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    return absl::FailedPreconditionError(text);
  }
  return absl::UnavailableError(text);
}

}  // namespace pitser::storage::internal
