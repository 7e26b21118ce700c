#include "ledger/format/signature.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/children.h"
#include "ledger/format/records.h"

namespace pitser::ledger {
namespace {

using internal::CountChildren;
using internal::Require;
using internal::SetOnce;

constexpr std::uint16_t kAggregationAuthenticationRecordTag = 0x804;

constexpr std::string_view kSignature = "signature";

// The 0x800 element that fills `bytes`.
absl::StatusOr<Element> ReadOuter(Bytes bytes) {
  if (bytes.empty()) return MalformedAt(0, kSignature, "the input is empty");
  TlvReader reader(bytes, 0, kSignature);
  PITSER_ASSIGN_OR_RETURN(const Element element, reader.Next());
  if (element.type != kSignatureTag) {
    return MalformedAt(0, kSignature,
                       absl::StrFormat("element 0x800 expected, got 0x%02x", element.type));
  }
  if (!reader.done()) {
    return MalformedAt(element.raw.size(), kSignature,
                       absl::StrFormat("%d bytes follow the end of the signature",
                                       bytes.size() - element.raw.size()));
  }
  return element;
}

bool HasMoreIndexValues(const AggregationHashChain& a, const AggregationHashChain& b) {
  return a.index.size() > b.index.size();
}

absl::Status DoesNotBelong(std::string_view what) {
  return absl::FailedPreconditionError(absl::StrFormat("cannot extend the signature: %s", what));
}

// The steps 1 to 3 of spec 8.6.
absl::Status CheckExtension(const Signature& signature, const CalendarHashChain& calendar,
                            const PublicationRecord* publication) {
  PITSER_ASSIGN_OR_RETURN(const LeveledImprint root, signature.AggregationRoot());
  if (!(calendar.input_hash == root.imprint)) {
    return DoesNotBelong("the calendar hash chain starts from another aggregation root");
  }
  if (calendar.AggregationTime() != signature.signing_time()) {
    return DoesNotBelong(absl::StrFormat("it was signed at %d, the calendar hash chain is of %d",
                                         signature.signing_time(), calendar.AggregationTime()));
  }
  const absl::StatusOr<std::uint64_t> proven =
      CalendarTimeFromShape(calendar.publication_time, calendar.links);
  if (!proven.ok() || *proven != calendar.AggregationTime()) {
    return DoesNotBelong("the shape of the calendar hash chain is not that of its time");
  }
  if (signature.calendar_chain().has_value() &&
      !RightLinksEqual(signature.calendar_chain()->links, calendar.links)) {
    return DoesNotBelong(
        "the right links of the calendar hash chain differ from those in the signature: the two "
        "are of different calendars");
  }
  if (publication == nullptr) return absl::OkStatus();
  if (publication->data.time != calendar.publication_time) {
    return DoesNotBelong(
        absl::StrFormat("the publication is of %d, the calendar hash chain leads to %d",
                        publication->data.time, calendar.publication_time));
  }
  PITSER_ASSIGN_OR_RETURN(const Imprint calendar_root,
                          FoldCalendarLinks(calendar.input_hash, calendar.links));
  if (!(calendar_root == publication->data.hash)) {
    return DoesNotBelong("the calendar hash chain does not lead to the published hash");
  }
  return absl::OkStatus();
}

bool IsReplacedByExtending(std::uint16_t type) {
  return type == kCalendarHashChainTag || type == kPublicationRecordTag ||
         type == kCalendarAuthenticationRecordTag;
}

}  // namespace

absl::StatusOr<Signature> Signature::Parse(ByteVector bytes) {
  absl::StatusOr<Signature> signature{Signature()};  // Where it is to stay: it has a kilobyte.
  signature->bytes_ = std::move(bytes);
  PITSER_RETURN_IF_ERROR(signature->ReadBytes());
  return signature;
}

absl::Status Signature::ReadBytes() {
  PITSER_ASSIGN_OR_RETURN(const Element outer, ReadOuter(bytes_));
  chains_.reserve(std::min(
      CountChildren(outer, [](std::uint16_t type) { return type == kAggregationHashChainTag; }),
      internal::kMaxAggregationChains));
  bool has_aggregation_authentication = false;
  std::size_t links = 0;
  TlvReader reader(outer, kSignature);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == kAggregationAuthenticationRecordTag) {
      // Parsed and ignored: no real signature has one (spec 3.11).
      PITSER_RETURN_IF_ERROR(internal::CheckAggregationAuthenticationRecord(child));
      if (has_aggregation_authentication) {
        return MalformedAt(child.offset, "signature / aggregation authentication record",
                           "occurs a second time");
      }
      has_aggregation_authentication = true;
    } else {
      PITSER_RETURN_IF_ERROR(ParseChild(child, links));
    }
  }
  PITSER_RETURN_IF_ERROR(Require(!chains_.empty(), outer, "signature / aggregation hash chain"));
  PITSER_RETURN_IF_ERROR(CheckCombination());
  if (!std::is_sorted(chains_.begin(), chains_.end(), HasMoreIndexValues)) {
    std::stable_sort(chains_.begin(), chains_.end(), HasMoreIndexValues);
  }
  return absl::OkStatus();
}

absl::Status Signature::ParseChild(const Element& child, std::size_t& links) {
  switch (child.type) {
    case kAggregationHashChainTag: {
      constexpr std::string_view kChain = "signature / aggregation hash chain";
      PITSER_RETURN_IF_ERROR(
          internal::CheckRoom(chains_.size(), internal::kMaxAggregationChains, child, kChain));
      // Default-initialised, for its kilobyte of room needs no clearing.
      chains_.emplace_back(internal::InPlace([] {
        AggregationHashChain chain;
        return chain;
      }));
      PITSER_RETURN_IF_ERROR(internal::ReadAggregationHashChain(child, chains_.back()));
      links += chains_.back().links.size();
      if (links > internal::kMaxAggregationLinks) {
        return MalformedAt(child.offset, kChain, "its links lead beyond level 255, the highest");
      }
      return absl::OkStatus();
    }
    case kCalendarHashChainTag:
      return SetOnce(calendar_chain_, ParseCalendarHashChain(child), child,
                     "signature / calendar hash chain");
    case kPublicationRecordTag:
      return SetOnce(publication_, ParsePublicationRecord(child), child,
                     "signature / publication record");
    case kCalendarAuthenticationRecordTag:
      return SetOnce(authentication_, ParseCalendarAuthenticationRecord(child), child,
                     "signature / calendar authentication record");
    case kRfc3161RecordTag:
      return SetOnce(rfc3161_, ParseRfc3161Record(child), child, "signature / RFC3161 record");
    default:
      return SkipUnknown(child, kSignature);
  }
}

absl::Status Signature::CheckCombination() const {
  if (publication_.has_value() && authentication_.has_value()) {
    return MalformedAt(0, kSignature,
                       "has both a publication record and a calendar authentication record");
  }
  if ((publication_.has_value() || authentication_.has_value()) && !calendar_chain_.has_value()) {
    return MalformedAt(
        0, kSignature,
        absl::StrFormat(
            "has a %s, but no calendar hash chain",
            publication_.has_value() ? "publication record" : "calendar authentication record"));
  }
  return absl::OkStatus();
}

const Imprint& Signature::input_hash() const {
  return rfc3161_.has_value() ? rfc3161_->input_hash : chains_.front().input_hash;
}

Level Signature::allowed_level() const {
  return rfc3161_.has_value() ? Level{0} : chains_.front().links.front().level_correction;
}

std::uint64_t Signature::signing_time() const {
  return calendar_chain_.has_value() ? calendar_chain_->AggregationTime()
                                     : chains_.front().aggregation_time;
}

absl::StatusOr<LeveledImprint> Signature::AggregationRoot() const {
  LeveledImprint node{chains_.front().input_hash, 0};
  for (const AggregationHashChain& chain : chains_) {
    if (!(chain.input_hash == node.imprint)) {
      return absl::FailedPreconditionError(
          "aggregation hash chains: the output of one is not the input hash of the next (INT-01)");
    }
    PITSER_ASSIGN_OR_RETURN(
        node, FoldAggregationLinks(chain.algorithm, chain.links, node.imprint, node.level));
  }
  return node;
}

std::vector<Identity> Signature::Identities() const {
  std::vector<Identity> identities;
  for (auto chain = chains_.rbegin(); chain != chains_.rend(); ++chain) {
    for (auto link = chain->links.rbegin(); link != chain->links.rend(); ++link) {
      if (link->kind == SiblingKind::kImprint) continue;
      Identity identity;
      identity.legacy = link->kind == SiblingKind::kLegacyId;
      // Both were checked when the chain was parsed.
      if (identity.legacy) {
        identity.metadata.client_id = std::string(ParseLegacyId(link->sibling).value());
      } else {
        Element element;
        element.raw = element.value = link->sibling;
        identity.metadata = ParseMetadata(element).value();
      }
      identities.push_back(std::move(identity));
    }
  }
  return identities;
}

absl::StatusOr<ByteVector> AssembleSignature(std::span<const Bytes> elements) {
  std::size_t size = 0;
  for (Bytes element : elements) size += element.size();
  if (size > kMaxSignatureSize - 4) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a signature has at most 65535 bytes of elements, got %d", size));
  }
  ByteVector bytes;
  bytes.reserve(4 + size);
  WriteHeader(bytes, kSignatureTag, size);
  for (Bytes element : elements) Append(bytes, element);
  return bytes;
}

absl::StatusOr<Signature> ExtendSignature(const Signature& signature,
                                          const CalendarHashChain& calendar,
                                          const PublicationRecord* publication) {
  PITSER_RETURN_IF_ERROR(CheckExtension(signature, calendar, publication));
  ByteVector replacement;
  WriteCalendarHashChain(replacement, calendar);
  if (publication != nullptr) {
    WritePublicationRecord(replacement, *publication, PublicationDataPlace::kSignature);
  }

  PITSER_ASSIGN_OR_RETURN(const Element outer, ReadOuter(signature.bytes()));
  std::vector<Bytes> kept;
  std::size_t place = 0;  // Of the calendar chain, or behind the last aggregation chain.
  TlvReader reader(outer);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    if (child.type == kCalendarHashChainTag) place = kept.size();
    if (IsReplacedByExtending(child.type)) continue;
    kept.push_back(child.raw);
    if (child.type == kAggregationHashChainTag) place = kept.size();
  }
  kept.insert(kept.begin() + static_cast<std::ptrdiff_t>(place), Bytes(replacement));
  PITSER_ASSIGN_OR_RETURN(ByteVector bytes, AssembleSignature(kept));
  return Signature::Parse(std::move(bytes));
}

}  // namespace pitser::ledger
