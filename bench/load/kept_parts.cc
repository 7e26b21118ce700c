#include "bench/load/kept_parts.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "ledger/format/signature.h"
#include "ledger/format/tlv.h"

namespace pitser::bench {
namespace {

// What stands before a part's own bytes. Written and read by memcpy: records are not aligned.
struct Record {
  std::uint64_t number;
  std::uint32_t tail;    // Which of the chunk's tails.
  std::uint16_t own;     // Bytes that follow.
  std::uint16_t shared;  // Bytes at the end that are those of the part before.
};

// How many bytes two texts have in common at their ends; eight at a time, as this is done for every
// answer while the clock runs.
std::size_t CommonEnd(std::string_view a, std::string_view b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t common = 0;
  while (common + 8 <= limit &&
         std::memcmp(a.data() + a.size() - common - 8, b.data() + b.size() - common - 8, 8) == 0) {
    common += 8;
  }
  while (common < limit && a[a.size() - common - 1] == b[b.size() - common - 1]) ++common;
  return common;
}

// The pieces of a signature with the header that every writer of the format gives it.
struct Pieces {
  std::string_view part;  // The first child element.
  std::string_view tail;
};

std::optional<Pieces> SplitSignature(std::string_view signature) {
  constexpr std::size_t kHeader = 4;
  const ledger::Bytes bytes = ledger::AsBytes(signature);
  if (bytes.size() <= kHeader || bytes[0] != 0x88 || bytes[1] != 0x00) return std::nullopt;
  if (bytes.size() - kHeader != static_cast<std::size_t>(bytes[2] << 8 | bytes[3])) {
    return std::nullopt;
  }
  ledger::TlvReader reader(bytes.subspan(kHeader));
  const auto first = reader.Next();
  if (!first.ok() || first->type != ledger::kAggregationHashChainTag) return std::nullopt;
  signature.remove_prefix(kHeader);
  return Pieces{signature.substr(0, first->raw.size()), signature.substr(first->raw.size())};
}

}  // namespace

bool PartChunk::Add(std::uint64_t number, const std::shared_ptr<const Tail>& tail,
                    std::string_view part) {
  const std::size_t shared = CommonEnd(part, last_part_);
  const Record record{.number = number,
                      .tail = static_cast<std::uint32_t>(tails_.empty() || tails_.back() != tail
                                                             ? tails_.size()
                                                             : tails_.size() - 1),
                      .own = static_cast<std::uint16_t>(part.size() - shared),
                      .shared = static_cast<std::uint16_t>(shared)};
  if (kSize - bytes_.size() < sizeof(record) + record.own) return false;
  if (record.tail == tails_.size()) tails_.push_back(tail);
  const auto* const header = reinterpret_cast<const std::uint8_t*>(&record);
  bytes_.insert(bytes_.end(), header, header + sizeof(record));
  ledger::Append(bytes_, ledger::AsBytes(part.substr(0, record.own)));
  ++count_;
  last_part_.replace(0, last_part_.size() - shared, part.substr(0, record.own));
  return true;
}

void PartChunk::ForEach(const Visit& visit) const {
  ledger::ByteVector part;
  for (std::size_t at = 0; at < bytes_.size();) {
    Record record;
    std::memcpy(&record, &bytes_[at], sizeof(record));
    at += sizeof(record);
    part.erase(part.begin(), part.end() - record.shared);
    part.insert(part.begin(), &bytes_[at], &bytes_[at] + record.own);
    at += record.own;
    visit(record.number, *tails_[record.tail], part);
  }
}

bool KeptParts::Add(std::uint64_t number, std::string_view part, std::string_view tail,
                    std::uint64_t told_time) {
  if (part.size() + tail.size() > ledger::kMaxSignatureSize - 4) return false;
  UseTail(tail, told_time, false);
  Keep(number, part);
  return true;
}

bool KeptParts::AddWhole(std::uint64_t number, std::string_view signature,
                         std::uint64_t told_time) {
  if (const auto pieces = SplitSignature(signature)) {
    return Add(number, pieces->part, pieces->tail, told_time);
  }
  if (signature.size() > 65535) return false;  // No split, and no header that could be right.
  UseTail({}, told_time, true);
  Keep(number, signature);
  return true;
}

void KeptParts::UseTail(std::string_view bytes, std::uint64_t told_time, bool whole) {
  if (tail_ != nullptr && tail_->told_time == told_time && tail_->whole == whole &&
      tail_->bytes == bytes) {
    return;
  }
  tail_ = std::make_shared<Tail>(
      Tail{.bytes = std::string(bytes), .told_time = told_time, .whole = whole});
}

void KeptParts::Keep(std::uint64_t number, std::string_view part) {
  if (chunk_ != nullptr && chunk_->Add(number, tail_, part)) return;
  Flush();
  chunk_ = std::make_unique<PartChunk>();
  chunk_->Add(number, tail_, part);
}

void KeptParts::Flush() {
  if (chunk_ != nullptr) full_(std::exchange(chunk_, nullptr));
}

}  // namespace pitser::bench
