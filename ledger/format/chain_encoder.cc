#include "ledger/format/chain_encoder.h"

#include <cstring>
#include <utility>

#include "ledger/base/check.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_tags.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {
namespace {

using internal::kAggregationTimeTag;
using internal::kAlgorithmTag;
using internal::kChainIndexTag;
using internal::kInputHashTag;
using internal::kLeftLinkTag;
using internal::kLegacyIdTag;
using internal::kLevelCorrectionTag;
using internal::kMetadataTag;
using internal::kRightLinkTag;
using internal::kSiblingHashTag;

// A chain of 17 links of SHA-256 and metadata takes some 800 bytes.
constexpr std::size_t kUsualSize = 1024;

constexpr std::size_t kMaxHeader = 4;
constexpr std::size_t kMaxInt = 2 + 8;  // An integer as an element.

// Puts elements in front of `begin`: their values first, so that a length is known when its header
// is written. Whoever makes one has seen to the room.
class Front {
 public:
  explicit Front(std::uint8_t* begin) : begin_(begin) {}

  std::uint8_t* begin() const { return begin_; }

  void Put(Bytes bytes) {
    begin_ -= bytes.size();
    CopyImprint(begin_, bytes);
  }
  void PutHeader(std::uint16_t type, std::size_t length) {
    const Header header = EncodeHeader(type, length);
    Put(Bytes(header.bytes).first(header.size));
  }
  void PutElement(std::uint16_t type, Bytes value) {
    Put(value);
    PutHeader(type, value.size());
  }
  void PutInt(std::uint16_t type, std::uint64_t value) {
    const std::size_t size = IntSize(value);
    for (std::size_t i = 0; i < size; ++i) *--begin_ = static_cast<std::uint8_t>(value >> (8 * i));
    PutHeader(type, size);
  }

 private:
  std::uint8_t* begin_;
};

std::uint16_t SiblingTag(SiblingKind kind) {
  switch (kind) {
    case SiblingKind::kImprint:
      return kSiblingHashTag;
    case SiblingKind::kLegacyId:
      return kLegacyIdTag;
    case SiblingKind::kMetadata:
      return kMetadataTag;
  }
  return kSiblingHashTag;
}

}  // namespace

AggregationChainEncoder::AggregationChainEncoder(std::uint64_t aggregation_time,
                                                 std::span<const std::uint64_t> above,
                                                 HashAlgorithm algorithm)
    : buffer_(kUsualSize), links_begin_(kUsualSize) {
  WriteInt(head_, kAggregationTimeTag, aggregation_time);
  for (const std::uint64_t value : above) WriteInt(head_, kChainIndexTag, value);
  WriteInt(algorithm_, kAlgorithmTag, static_cast<std::uint64_t>(algorithm));
}

void AggregationChainEncoder::PushLink(const AggregationLink& link) {
  MakeRoom(kMaxHeader + kMaxInt + kMaxHeader + link.sibling.size());
  std::uint8_t* const end = buffer_.data() + links_begin_;
  Front front(end);
  front.PutElement(SiblingTag(link.kind), link.sibling);
  if (link.level_correction != 0) front.PutInt(kLevelCorrectionTag, link.level_correction);
  front.PutHeader(link.direction == LinkDirection::kLeft ? kLeftLinkTag : kRightLinkTag,
                  static_cast<std::size_t>(end - front.begin()));
  links_begin_ = static_cast<std::size_t>(front.begin() - buffer_.data());
}

Bytes AggregationChainEncoder::Finish(std::uint64_t own_index, Bytes input) {
  PITSER_CHECK(links_size() > 0);
  MakeRoom(kMaxHeader + head_.size() + kMaxInt + kMaxHeader + input.size() + algorithm_.size());
  const std::uint8_t* const end = buffer_.data() + buffer_.size();
  Front front(buffer_.data() + links_begin_);
  front.Put(algorithm_);
  front.PutElement(kInputHashTag, input);
  front.PutInt(kChainIndexTag, own_index);
  front.Put(head_);
  front.PutHeader(kAggregationHashChainTag, static_cast<std::size_t>(end - front.begin()));
  return {front.begin(), end};
}

void AggregationChainEncoder::MakeRoom(std::size_t size) {
  if (size <= links_begin_) return;
  ByteVector larger(2 * buffer_.size() + size);
  const std::size_t begin = larger.size() - links_size();
  std::memcpy(larger.data() + begin, buffer_.data() + links_begin_, links_size());
  buffer_ = std::move(larger);
  links_begin_ = begin;
}

}  // namespace pitser::ledger
