#include "ledger/format/aggregation_chain.h"

#include <limits>
#include <optional>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/format/aggregation_tags.h"
#include "ledger/format/chain_encoder.h"
#include "ledger/format/children.h"
#include "ledger/format/metadata.h"
#include "ledger/format/records.h"
#include "ledger/format/steps.h"

namespace pitser::ledger {
namespace {

using internal::kAggregationTimeTag;
using internal::kAlgorithmTag;
using internal::kChainIndexTag;
using internal::kInputDataTag;
using internal::kInputHashTag;
using internal::kLeftLinkTag;
using internal::kLegacyIdTag;
using internal::kLevelCorrectionTag;
using internal::kMetadataTag;
using internal::kRightLinkTag;
using internal::kSiblingHashTag;
using internal::Require;
using internal::SetOnce;

constexpr unsigned kMaxLevel = std::numeric_limits<Level>::max();
constexpr std::size_t kMaxShapeLinks = 63;

constexpr std::string_view kChain = "aggregation hash chain";
constexpr std::string_view kLink = "aggregation hash chain / link";

absl::StatusOr<Level> ReadLevelCorrection(const Element& element) {
  constexpr std::string_view kName = "aggregation hash chain / link / level correction";
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t value, ReadInt(element, kName));
  if (value > kMaxLevel) {
    return MalformedAt(element.offset, kName, absl::StrFormat("is at most 255, got %d", value));
  }
  return static_cast<Level>(value);
}

absl::Status ReadSibling(const Element& element, AggregationLink& link) {
  link.sibling = Bytes(element.value.data(), element.value.size());  // Not copied from memory.
  switch (element.type) {
    case kSiblingHashTag:
      link.kind = SiblingKind::kImprint;
      return CheckImprint(element, "aggregation hash chain / link / sibling hash");
    case kLegacyIdTag: {
      link.kind = SiblingKind::kLegacyId;
      const absl::StatusOr<std::string_view> text = ParseLegacyId(element.value);
      if (text.ok()) return absl::OkStatus();
      return MalformedAt(element.offset, kLink, ToStd(text.status().message()));
    }
    default:
      link.kind = SiblingKind::kMetadata;
      return CheckMetadata(element);
  }
}

// Whether a link has nothing but a SHA-256 imprint, as nearly all have: known at a glance, such a
// link is read in half of the time.
bool IsPlainLink(Bytes value) {
  constexpr std::uint8_t kSha256ImprintSize = 1 + 32;
  return value.size() == 2 + kSha256ImprintSize && value[0] == kSiblingHashTag &&
         value[1] == kSha256ImprintSize &&
         value[2] == static_cast<std::uint8_t>(HashAlgorithm::kSha256);
}

absl::Status ParseLink(const Element& element, AggregationLink& link) {
  if (IsPlainLink(element.value)) {
    link = {element.type == kLeftLinkTag ? LinkDirection::kLeft : LinkDirection::kRight,
            SiblingKind::kImprint, 0, element.value.subspan(2)};
    return absl::OkStatus();
  }
  link.direction = element.type == kLeftLinkTag ? LinkDirection::kLeft : LinkDirection::kRight;
  std::optional<Level> correction;
  bool has_sibling = false;
  TlvReader reader(element, kLink);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    switch (child.type) {
      case kLevelCorrectionTag:
        PITSER_RETURN_IF_ERROR(SetOnce(correction, ReadLevelCorrection(child), child,
                                       "aggregation hash chain / link / level correction"));
        break;
      case kSiblingHashTag:
      case kLegacyIdTag:
      case kMetadataTag:
        PITSER_RETURN_IF_ERROR(ReadSibling(child, link));
        PITSER_RETURN_IF_ERROR(
            internal::SeeOnce(has_sibling, child, "aggregation hash chain / link / sibling"));
        break;
      default:
        PITSER_RETURN_IF_ERROR(SkipUnknown(child, kLink));
    }
  }
  link.level_correction = correction.value_or(0);
  return Require(has_sibling, element,
                 "aggregation hash chain / link / sibling (hash, legacy id or metadata)");
}

// A chain that is being read, where it is to stay, and what it has of what may occur only once.
struct Fields {
  AggregationHashChain& chain;
  bool has_aggregation_time = false;
  bool has_input_data = false;
  bool has_input_hash = false;
  bool has_algorithm = false;
};

absl::Status ParseField(const Element& child, Fields& fields) {
  constexpr std::string_view kTime = "aggregation hash chain / aggregation time";
  constexpr std::string_view kIndex = "aggregation hash chain / chain index";
  constexpr std::string_view kInputData = "aggregation hash chain / input data";
  constexpr std::string_view kInputHash = "aggregation hash chain / input hash";
  constexpr std::string_view kAlgorithm = "aggregation hash chain / aggregation algorithm";
  AggregationHashChain& chain = fields.chain;
  switch (child.type) {
    case kAggregationTimeTag:
      return SetOnce(chain.aggregation_time, fields.has_aggregation_time, ReadInt(child, kTime),
                     child, kTime);
    case kChainIndexTag: {
      PITSER_ASSIGN_OR_RETURN(const std::uint64_t value, ReadInt(child, kIndex));
      PITSER_RETURN_IF_ERROR(
          internal::CheckRoom(chain.index.size(), internal::kMaxAggregationChains, child, kIndex));
      chain.index.push_back(value);
      return absl::OkStatus();
    }
    case kInputDataTag:  // Parsed and ignored: no verifier checks it (spec 3.2).
      return internal::SeeOnce(fields.has_input_data, child, kInputData);
    case kInputHashTag:
      return SetOnce(chain.input_hash, fields.has_input_hash, ReadImprint(child, kInputHash), child,
                     kInputHash);
    case kAlgorithmTag:
      return SetOnce(chain.algorithm, fields.has_algorithm, ReadAlgorithm(child, kAlgorithm), child,
                     kAlgorithm);
    case kLeftLinkTag:
    case kRightLinkTag: {
      PITSER_RETURN_IF_ERROR(ParseLink(child, chain.links.emplace_back()));
      return internal::CheckRoom(chain.links.size() - 1, internal::kMaxAggregationLinks, child,
                                 kLink);
    }
    default:
      return SkipUnknown(child, kChain);
  }
}

}  // namespace

namespace internal {

absl::Status ReadAggregationHashChain(const Element& element, AggregationHashChain& chain) {
  Fields fields{chain};
  TlvReader reader(element, kChain);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    PITSER_RETURN_IF_ERROR(ParseField(child, fields));
  }
  PITSER_RETURN_IF_ERROR(
      Require(fields.has_aggregation_time, element, "aggregation hash chain / aggregation time"));
  PITSER_RETURN_IF_ERROR(
      Require(!chain.index.empty(), element, "aggregation hash chain / chain index"));
  PITSER_RETURN_IF_ERROR(
      Require(fields.has_input_hash, element, "aggregation hash chain / input hash"));
  PITSER_RETURN_IF_ERROR(
      Require(fields.has_algorithm, element, "aggregation hash chain / aggregation algorithm"));
  PITSER_RETURN_IF_ERROR(Require(!chain.links.empty(), element, kLink));
  chain.raw = element.raw;
  return absl::OkStatus();
}

}  // namespace internal

absl::StatusOr<AggregationHashChain> ParseAggregationHashChain(const Element& element) {
  AggregationHashChain chain;
  PITSER_RETURN_IF_ERROR(internal::ReadAggregationHashChain(element, chain));
  return chain;
}

void WriteAggregationHashChain(ByteVector& out, const AggregationHashChain& chain) {
  PITSER_CHECK(!chain.index.empty());
  const std::span<const std::uint64_t> index = chain.index;
  AggregationChainEncoder encoder(chain.aggregation_time, index.first(index.size() - 1),
                                  chain.algorithm);
  for (auto link = chain.links.rbegin(); link != chain.links.rend(); ++link) {
    encoder.PushLink(*link);
  }
  Append(out, encoder.Finish(index.back(), chain.input_hash.bytes()));
}

absl::StatusOr<std::uint64_t> ShapeOf(std::span<const AggregationLink> links) {
  if (links.size() > kMaxShapeLinks) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a chain index has room for %d links, the chain has %d", kMaxShapeLinks, links.size()));
  }
  std::uint64_t shape = std::uint64_t{1} << links.size();
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i].direction == LinkDirection::kLeft) shape |= std::uint64_t{1} << i;
  }
  return shape;
}

absl::Status FoldAggregationLink(HashAlgorithm algorithm, const AggregationLink& link,
                                 LeveledImprint& node) {
  const std::optional<HashInput> step = internal::AggregationStep(algorithm, link, node);
  if (step) return HashOne(*step, node.imprint);
  return absl::InvalidArgumentError(
      absl::StrFormat("aggregation hash chain: level %d is beyond the highest, 255",
                      node.level + 1 + link.level_correction));
}

absl::StatusOr<LeveledImprint> FoldAggregationLinks(HashAlgorithm algorithm,
                                                    std::span<const AggregationLink> links,
                                                    const Imprint& input, Level level) {
  LeveledImprint node{input, level};
  for (const AggregationLink& link : links) {
    PITSER_RETURN_IF_ERROR(FoldAggregationLink(algorithm, link, node));
  }
  return node;
}

}  // namespace pitser::ledger
