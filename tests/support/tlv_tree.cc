#include "tests/support/tlv_tree.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_format.h"
#include "ledger/format/tlv.h"
#include "tests/support/value_of.h"

namespace pitser::testing {
namespace {

using ledger::Bytes;
using ledger::ByteVector;

constexpr int kLinks = 1;
constexpr int kSiblings = 2;
constexpr int kMaxLongLength = 0xFFFF;

const ElementRule& MetadataRule() {
  static const auto* const kRule =
      new ElementRule{"metadata",
                      {{0x1E, "padding", ValueKind::kBytes, 0, kAny},
                       {0x01, "client id", ValueKind::kText, 1, 1},
                       {0x02, "machine id", ValueKind::kText, 0, 1},
                       {0x03, "sequence number", ValueKind::kInt, 0, 1},
                       {0x04, "request time", ValueKind::kInt, 0, 1}}};
  return *kRule;
}

const ElementRule& LinkRule() {
  static const auto* const kRule =
      new ElementRule{"aggregation hash chain / link",
                      {{0x01, "level correction", ValueKind::kLevel, 0, 1},
                       {0x02, "sibling hash", ValueKind::kImprint, 1, 1, kSiblings},
                       {0x03, "legacy id", ValueKind::kLegacyId, 1, 1, kSiblings},
                       {0x04, "metadata", ValueKind::kNested, 1, 1, kSiblings, &MetadataRule()}}};
  return *kRule;
}

const ElementRule& AggregationChainRule() {
  static const auto* const kRule =
      new ElementRule{"aggregation hash chain",
                      {{0x02, "aggregation time", ValueKind::kInt, 1, 1},
                       {0x03, "chain index", ValueKind::kInt, 1, kAny},
                       {0x04, "input data", ValueKind::kBytes, 0, 1},
                       {0x05, "input hash", ValueKind::kImprint, 1, 1},
                       {0x06, "aggregation algorithm", ValueKind::kAlgorithm, 1, 1},
                       {0x07, "left link", ValueKind::kNested, 1, kAny, kLinks, &LinkRule()},
                       {0x08, "right link", ValueKind::kNested, 1, kAny, kLinks, &LinkRule()}}};
  return *kRule;
}

const ElementRule& CalendarChainRule() {
  static const auto* const kRule =
      new ElementRule{"calendar hash chain",
                      {{0x01, "publication time", ValueKind::kInt, 1, 1},
                       {0x02, "aggregation time", ValueKind::kInt, 0, 1},
                       {0x05, "input hash", ValueKind::kImprint, 1, 1},
                       {0x07, "left link", ValueKind::kImprint, 1, kAny, kLinks},
                       {0x08, "right link", ValueKind::kImprint, 1, kAny, kLinks}}};
  return *kRule;
}

const ElementRule& PublicationDataRule() {
  static const auto* const kRule =
      new ElementRule{"publication data",
                      {{0x02, "publication time", ValueKind::kInt, 1, 1},
                       {0x04, "published hash", ValueKind::kImprint, 1, 1}}};
  return *kRule;
}

const ElementRule& PublicationRecordRule() {
  static const auto* const kRule = new ElementRule{
      "publication record",
      {{0x10, "publication data", ValueKind::kNested, 1, 1, 0, &PublicationDataRule()},
       {0x09, "publication reference", ValueKind::kText1, 0, kAny},
       {0x0A, "publication repository URI", ValueKind::kText1, 0, kAny}}};
  return *kRule;
}

const ElementRule& SignatureDataRule() {
  static const auto* const kRule =
      new ElementRule{"signature data",
                      {{0x01, "signature type", ValueKind::kText, 1, 1},
                       {0x02, "signature value", ValueKind::kBytes, 1, 1},
                       {0x03, "certificate id", ValueKind::kBytes, 1, 1},
                       {0x04, "certificate repository URI", ValueKind::kText1, 0, 1}}};
  return *kRule;
}

const ElementRule& AggregationAuthenticationRule() {
  static const auto* const kRule = new ElementRule{
      "aggregation authentication record",
      {{0x02, "aggregation time", ValueKind::kInt, 1, 1},
       {0x03, "chain index", ValueKind::kInt, 1, kAny},
       {0x05, "input hash", ValueKind::kImprint, 1, 1},
       {0x0B, "signature data", ValueKind::kNested, 1, 1, 0, &SignatureDataRule()}}};
  return *kRule;
}

const ElementRule& CalendarAuthenticationRule() {
  static const auto* const kRule = new ElementRule{
      "calendar authentication record",
      {{0x10, "publication data", ValueKind::kNested, 1, 1, 0, &PublicationDataRule()},
       {0x0B, "signature data", ValueKind::kNested, 1, 1, 0, &SignatureDataRule()}}};
  return *kRule;
}

const ElementRule& Rfc3161Rule() {
  static const auto* const kRule =
      new ElementRule{"RFC3161 record",
                      {{0x02, "aggregation time", ValueKind::kInt, 1, 1},
                       {0x03, "chain index", ValueKind::kInt, 1, kAny},
                       {0x05, "input hash", ValueKind::kImprint, 1, 1},
                       {0x10, "TSTInfo prefix", ValueKind::kBytes, 1, 1},
                       {0x11, "TSTInfo suffix", ValueKind::kBytes, 1, 1},
                       {0x12, "TSTInfo hash algorithm", ValueKind::kAlgorithm, 1, 1},
                       {0x13, "signed attributes prefix", ValueKind::kBytes, 1, 1},
                       {0x14, "signed attributes suffix", ValueKind::kBytes, 1, 1},
                       {0x15, "signed attributes hash algorithm", ValueKind::kAlgorithm, 1, 1}}};
  return *kRule;
}

TlvNode ToNode(const ledger::Element& element, const ElementRule* rule) {
  TlvNode node;
  node.type = element.type;
  node.non_critical = element.non_critical;
  node.forward = element.forward;
  node.force_long_header = element.long_header;
  node.rule = rule;
  if (rule == nullptr) {
    node.value = ledger::ToVector(element.value);
    return node;
  }
  ledger::TlvReader reader(element);
  while (!reader.done()) {
    const ledger::Element child = ValueOf(reader.Next());
    const ChildRule* row = FindRule(*rule, child.type);
    node.children.push_back(ToNode(child, row != nullptr ? row->nested : nullptr));
  }
  return node;
}

std::size_t ValueSize(const TlvNode& node);

std::size_t HeaderSize(const TlvNode& node) {
  const bool short_header = !node.force_long_header && node.type <= 0x1F && ValueSize(node) <= 0xFF;
  return short_header ? 2 : 4;
}

std::size_t ValueSize(const TlvNode& node) {
  if (node.rule == nullptr) return node.value.size();
  std::size_t size = 0;
  for (const TlvNode& child : node.children) size += HeaderSize(child) + ValueSize(child);
  return size;
}

void EncodeInto(ByteVector& out, const TlvNode& node) {
  const std::size_t size = ValueSize(node);
  const auto flags = (node.non_critical ? 0x40u : 0u) | (node.forward ? 0x20u : 0u);
  if (HeaderSize(node) == 2) {
    out.push_back(static_cast<std::uint8_t>(flags | node.type));
    out.push_back(static_cast<std::uint8_t>(size));
  } else {
    if (size > kMaxLongLength) std::abort();
    out.push_back(static_cast<std::uint8_t>(0x80u | flags | node.type >> 8));
    out.push_back(static_cast<std::uint8_t>(node.type));
    out.push_back(static_cast<std::uint8_t>(size >> 8));
    out.push_back(static_cast<std::uint8_t>(size));
  }
  if (node.rule == nullptr) {
    ledger::Append(out, node.value);
    return;
  }
  for (const TlvNode& child : node.children) EncodeInto(out, child);
}

void CollectPaths(const TlvNode& node, TlvPath& here, std::vector<TlvPath>& out) {
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    here.push_back(i);
    out.push_back(here);
    CollectPaths(node.children[i], here, out);
    here.pop_back();
  }
}

// Where the type stands in the parent's table; rows of one group stand together.
std::size_t Rank(const ElementRule& rule, std::uint16_t type) {
  std::size_t rank = 0;
  int last_group = 0;
  for (const ChildRule& row : rule.children) {
    if (row.group == 0 || row.group != last_group) ++rank;
    last_group = row.group;
    if (row.type == type) return rank;
  }
  return 0;
}

void CollectFeatures(const TlvNode& node, std::set<std::string>& out) {
  if (node.force_long_header && node.type <= 0x1F && ValueSize(node) <= 0xFF) {
    out.insert(absl::StrFormat("long header for a short element in %s", node.rule->name));
  }
  std::size_t last_rank = 0;
  for (const TlvNode& child : node.children) {
    const ChildRule* row = FindRule(*node.rule, child.type);
    if (row == nullptr) {
      out.insert(absl::StrFormat("unknown element 0x%x in %s", child.type, node.rule->name));
      continue;
    }
    const std::size_t rank = Rank(*node.rule, child.type);
    if (rank < last_rank) {
      out.insert(absl::StrFormat("order of children in %s", node.rule->name));
    }
    last_rank = std::max(last_rank, rank);
    if (row->type == 0x804) out.insert("aggregation authentication record, which is dropped");
    if (node.rule == &AggregationChainRule() && row->type == 0x04) {
      out.insert("input data, which is dropped");
    }
    if (node.rule == &SignatureDataRule() && row->type == 0x04) {
      out.insert("certificate repository URI, which is dropped");
    }
    // What is signed is kept as it is.
    if (node.rule == &CalendarAuthenticationRule() && child.type == 0x10) continue;
    const bool flagged_by_us = child.type == 0x10 && row->nested == &PublicationDataRule();
    if (child.non_critical || child.forward != flagged_by_us) {
      out.insert(absl::StrFormat("unusual flags on %s / %s", node.rule->name, row->name));
    }
    if (row->kind == ValueKind::kLevel && child.value.empty()) {
      out.insert("a level correction of zero that is written out");
    }
    if (child.force_long_header && child.type <= 0x1F && ValueSize(child) <= 0xFF) {
      out.insert(absl::StrFormat("long header on %s / %s", node.rule->name, row->name));
    }
    // The content of metadata is kept as it is, since it is hashed.
    if (child.rule != nullptr && child.rule != &MetadataRule()) CollectFeatures(child, out);
  }
}

}  // namespace

const ElementRule& SignatureRule() {
  static const auto* const kRule = new ElementRule{
      "signature",
      {{0x801, "aggregation hash chain", ValueKind::kNested, 1, kAny, 0, &AggregationChainRule()},
       {0x802, "calendar hash chain", ValueKind::kNested, 0, 1, 0, &CalendarChainRule()},
       {0x803, "publication record", ValueKind::kNested, 0, 1, 0, &PublicationRecordRule()},
       {0x804, "aggregation authentication record", ValueKind::kNested, 0, 1, 0,
        &AggregationAuthenticationRule()},
       {0x805, "calendar authentication record", ValueKind::kNested, 0, 1, 0,
        &CalendarAuthenticationRule()},
       {0x806, "RFC3161 record", ValueKind::kNested, 0, 1, 0, &Rfc3161Rule()}}};
  return *kRule;
}

const ChildRule* FindRule(const ElementRule& parent, std::uint16_t type) {
  for (const ChildRule& row : parent.children) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

TlvNode ParseSignatureTree(Bytes bytes) {
  ledger::TlvReader reader(bytes);
  return ToNode(ValueOf(reader.Next()), &SignatureRule());
}

ByteVector EncodeTree(const TlvNode& node) {
  ByteVector out;
  EncodeInto(out, node);
  return out;
}

TlvNode& NodeAt(TlvNode& root, std::span<const std::size_t> path) {
  TlvNode* node = &root;
  for (std::size_t index : path) node = &node->children.at(index);
  return *node;
}

std::size_t OffsetOf(const TlvNode& root, std::span<const std::size_t> path) {
  std::size_t offset = 0;
  const TlvNode* node = &root;
  for (std::size_t index : path) {
    offset += HeaderSize(*node);
    for (std::size_t i = 0; i < index; ++i) {
      offset += HeaderSize(node->children[i]) + ValueSize(node->children[i]);
    }
    node = &node->children.at(index);
  }
  return offset;
}

std::vector<TlvPath> AllPaths(const TlvNode& root) {
  std::vector<TlvPath> paths;
  TlvPath here;
  CollectPaths(root, here, paths);
  return paths;
}

std::vector<std::string> NonCanonicalFeatures(const TlvNode& signature) {
  std::set<std::string> features;
  CollectFeatures(signature, features);
  std::size_t last_size = SIZE_MAX;
  for (const TlvNode& child : signature.children) {
    if (child.type != 0x801) continue;
    const auto values = static_cast<std::size_t>(
        std::count_if(child.children.begin(), child.children.end(),
                      [](const TlvNode& field) { return field.type == 0x03; }));
    if (values > last_size) features.insert("order of the aggregation hash chains");
    last_size = values;
  }
  return {features.begin(), features.end()};
}

}  // namespace pitser::testing
