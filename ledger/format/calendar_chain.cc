#include "ledger/format/calendar_chain.h"

#include <bit>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/format/children.h"
#include "ledger/format/steps.h"

namespace pitser::ledger {
namespace {

using internal::Require;
using internal::SetOnce;

constexpr std::uint16_t kPublicationTimeTag = 0x01;
constexpr std::uint16_t kAggregationTimeTag = 0x02;
constexpr std::uint16_t kInputHashTag = 0x05;
constexpr std::uint16_t kLeftLinkTag = 0x07;
constexpr std::uint16_t kRightLinkTag = 0x08;

constexpr std::string_view kChain = "calendar hash chain";

struct Fields {
  std::optional<std::uint64_t> publication_time;
  std::optional<std::uint64_t> aggregation_time;
  std::optional<Imprint> input_hash;
  CalendarLinks links;
};

absl::Status ParseField(const Element& child, Fields& fields) {
  constexpr std::string_view kPublicationTime = "calendar hash chain / publication time";
  constexpr std::string_view kAggregationTime = "calendar hash chain / aggregation time";
  constexpr std::string_view kInputHash = "calendar hash chain / input hash";
  switch (child.type) {
    case kPublicationTimeTag:
      return SetOnce(fields.publication_time, ReadInt(child, kPublicationTime), child,
                     kPublicationTime);
    case kAggregationTimeTag:
      return SetOnce(fields.aggregation_time, ReadInt(child, kAggregationTime), child,
                     kAggregationTime);
    case kInputHashTag:
      return SetOnce(fields.input_hash, ReadImprint(child, kInputHash), child, kInputHash);
    case kLeftLinkTag:
    case kRightLinkTag: {
      PITSER_RETURN_IF_ERROR(CheckImprint(child, "calendar hash chain / link"));
      fields.links.emplace_back(internal::InPlace([&] {
        return CalendarLink{
            child.type == kLeftLinkTag ? LinkDirection::kLeft : LinkDirection::kRight,
            Imprint::Of(child.value)};
      }));
      return absl::OkStatus();
    }
    default:
      return SkipUnknown(child, kChain);
  }
}

absl::Status ShapeError(std::uint64_t publication_time) {
  return absl::InvalidArgumentError(
      absl::StrFormat("calendar hash chain: no leaf of the calendar of publication time %d has "
                      "links in these directions",
                      publication_time));
}

}  // namespace

absl::StatusOr<CalendarHashChain> ParseCalendarHashChain(const Element& element) {
  Fields fields;
  fields.links.reserve(internal::CountChildren(
      element, [](std::uint16_t type) { return type == kLeftLinkTag || type == kRightLinkTag; }));
  TlvReader reader(element, kChain);
  Element child;
  while (!reader.done()) {
    PITSER_RETURN_IF_ERROR(reader.Next(child));
    PITSER_RETURN_IF_ERROR(ParseField(child, fields));
  }
  PITSER_RETURN_IF_ERROR(Require(fields.publication_time.has_value(), element,
                                 "calendar hash chain / publication time"));
  PITSER_RETURN_IF_ERROR(
      Require(fields.input_hash.has_value(), element, "calendar hash chain / input hash"));
  PITSER_RETURN_IF_ERROR(Require(!fields.links.empty(), element, "calendar hash chain / link"));
  return CalendarHashChain{.publication_time = *fields.publication_time,
                           .aggregation_time = fields.aggregation_time,
                           .input_hash = *fields.input_hash,
                           .links = std::move(fields.links)};
}

void WriteCalendarHashChain(ByteVector& out, const CalendarHashChain& chain) {
  PITSER_CHECK(!chain.links.empty());
  const std::size_t begun = BeginNested(out, kCalendarHashChainTag);
  WriteInt(out, kPublicationTimeTag, chain.publication_time);
  if (chain.aggregation_time) WriteInt(out, kAggregationTimeTag, *chain.aggregation_time);
  WriteImprint(out, kInputHashTag, chain.input_hash);
  for (const CalendarLink& link : chain.links) {
    WriteImprint(out, link.direction == LinkDirection::kLeft ? kLeftLinkTag : kRightLinkTag,
                 link.sibling);
  }
  EndNested(out, begun);
}

absl::StatusOr<Imprint> FoldCalendarLinks(const Imprint& input,
                                          std::span<const CalendarLink> links) {
  Imprint node = input;
  for (const CalendarLink& link : links) {
    PITSER_RETURN_IF_ERROR(HashOne(internal::CalendarStep(link, node), node));
  }
  return node;
}

bool RightLinksEqual(const CalendarLinks& a, const CalendarLinks& b) {
  const auto next_right = [](const CalendarLinks& links, std::size_t i) {
    while (i < links.size() && links[i].direction != LinkDirection::kRight) ++i;
    return i;
  };
  std::size_t i = next_right(a, 0);
  std::size_t j = next_right(b, 0);
  while (i < a.size() && j < b.size()) {
    if (!(a[i].sibling == b[j].sibling)) return false;
    i = next_right(a, i + 1);
    j = next_right(b, j + 1);
  }
  return i == a.size() && j == b.size();
}

absl::StatusOr<std::uint64_t> CalendarTimeFromShape(std::uint64_t publication_time,
                                                    std::span<const CalendarLink> links) {
  // Walks from the root down: the current subtree has `rest` + 1 leaves, the first of them `time`.
  std::uint64_t rest = publication_time;
  std::uint64_t time = 0;
  for (auto link = links.rbegin(); link != links.rend(); ++link) {
    if (rest == 0) return ShapeError(publication_time);  // More links than the tree has levels.
    const std::uint64_t left_leaves = std::bit_floor(rest);
    if (link->direction == LinkDirection::kLeft) {
      rest = left_leaves - 1;
    } else {
      time += left_leaves;
      rest -= left_leaves;
    }
  }
  if (rest != 0) return ShapeError(publication_time);  // Too few links.
  return time;
}

}  // namespace pitser::ledger
