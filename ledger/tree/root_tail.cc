#include "ledger/tree/root_tail.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {
namespace {

constexpr std::uint16_t kLeftLinkTag = 0x07;
constexpr std::uint16_t kRightLinkTag = 0x08;
constexpr std::uint16_t kLevelCorrectionTag = 0x01;

TlvFlags FlagsOf(const Element& element) {
  return {.non_critical = element.non_critical, .forward = element.forward};
}

// The link with this level correction in the place of its own.
absl::Status WriteLowered(ByteVector& out, const Element& link, Level correction) {
  ByteVector value;
  TlvReader reader(link);
  while (!reader.done()) {
    PITSER_ASSIGN_OR_RETURN(const Element child, reader.Next());
    if (child.type != kLevelCorrectionTag) {
      Append(value, child.raw);
    } else if (correction != 0) {
      WriteInt(value, kLevelCorrectionTag, correction, FlagsOf(child));
    }
  }
  WriteElement(out, link.type, value, FlagsOf(link));
  return absl::OkStatus();
}

absl::Status WriteLoweredChain(ByteVector& out, const Element& chain, Level correction) {
  const std::size_t begun = BeginNested(out, chain.type, FlagsOf(chain));
  bool lowered = false;
  TlvReader reader(chain);
  while (!reader.done()) {
    PITSER_ASSIGN_OR_RETURN(const Element child, reader.Next());
    const bool is_link = child.type == kLeftLinkTag || child.type == kRightLinkTag;
    if (is_link && !lowered) {
      PITSER_RETURN_IF_ERROR(WriteLowered(out, child, correction));
      lowered = true;
    } else {
      Append(out, child.raw);
    }
  }
  EndNested(out, begun);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RootTail> TailOfRoot(const Signature& root, Level level) {
  if (root.rfc3161_record().has_value()) {
    return absl::FailedPreconditionError(
        "nothing can stand below a signature that was converted from RFC 3161");
  }
  const AggregationHashChain& lowest = root.aggregation_chains().front();
  const Level correction = lowest.links.front().level_correction;
  if (correction < level) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the signature is of a hash of level %d at most, not of level %d", correction, level));
  }
  RootTail tail{.bytes = {}, .above = lowest.index, .aggregation_time = lowest.aggregation_time};
  TlvReader outer(root.bytes());
  PITSER_ASSIGN_OR_RETURN(const Element whole, outer.Next());
  tail.bytes.reserve(whole.value.size());
  TlvReader reader(whole);
  while (!reader.done()) {
    PITSER_ASSIGN_OR_RETURN(const Element child, reader.Next());
    if (level != 0 && child.raw.data() == lowest.raw.data()) {
      PITSER_RETURN_IF_ERROR(
          WriteLoweredChain(tail.bytes, child, static_cast<Level>(correction - level)));
    } else {
      Append(tail.bytes, child.raw);
    }
  }
  return tail;
}

}  // namespace pitser::ledger
