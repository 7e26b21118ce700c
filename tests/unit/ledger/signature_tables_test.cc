// Every row of the spec's element tables, tried on a signature that has every element: what may be
// left out, repeated, unknown or flagged, and which values are refused - with the offset of the
// element that is wrong. Source: spec/ksi-signature.md 2.2, 2.3 and 3.

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/format/signature.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tlv_tree.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::AllPaths;
using ::pitser::testing::ChildRule;
using ::pitser::testing::ElementRule;
using ::pitser::testing::EncodeTree;
using ::pitser::testing::FindRule;
using ::pitser::testing::kAny;
using ::pitser::testing::NodeAt;
using ::pitser::testing::OffsetOf;
using ::pitser::testing::StatusIs;
using ::pitser::testing::TlvNode;
using ::pitser::testing::TlvPath;
using ::pitser::testing::ValueKind;

ByteVector SampleValue(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInt:
    case ValueKind::kAlgorithm:
      return {0x01};
    case ValueKind::kLevel:
      return {0x05};
    case ValueKind::kText:
    case ValueKind::kText1:
      return {'G', 'T', 0};
    case ValueKind::kImprint:
      return ToVector(Imprint::Zero(HashAlgorithm::kSha256).bytes());
    case ValueKind::kLegacyId: {
      ByteVector id = {0x03, 0x00, 0x02, 'G', 'T'};
      id.resize(29);
      return id;
    }
    case ValueKind::kBytes:
    case ValueKind::kNested:
      return {0x01};
  }
  return {};
}

TlvNode Leaf(std::uint16_t type, ByteVector value) {
  TlvNode node;
  node.type = type;
  node.value = std::move(value);
  return node;
}

// An element with every child of its table, once; of a group only the first row.
TlvNode Full(std::uint16_t type, const ElementRule& rule) {
  TlvNode node;
  node.type = type;
  node.rule = &rule;
  int last_group = 0;
  for (const ChildRule& row : rule.children) {
    if (row.group != 0 && row.group == last_group) continue;
    last_group = row.group;
    if (type == 0x800 && row.type == 0x805) continue;  // Not together with 0x803.
    node.children.push_back(row.nested != nullptr ? Full(row.type, *row.nested)
                                                  : Leaf(row.type, SampleValue(row.kind)));
  }
  return node;
}

// The signature that has everything; `record` is 0x803 or 0x805.
TlvNode FullSignature(std::uint16_t record) {
  const ElementRule& rule = testing::SignatureRule();
  TlvNode signature = Full(0x800, rule);
  for (TlvNode& child : signature.children) {
    if (child.type == 0x803 && record == 0x805) child = Full(0x805, *FindRule(rule, 0x805)->nested);
    if (child.type != 0x801) continue;
    // Links with the other kinds of siblings, and right ones.
    const ElementRule& link_rule = *FindRule(*child.rule, 0x07)->nested;
    TlvNode legacy, metadata;
    legacy.type = 0x08;
    metadata.type = 0x07;
    legacy.rule = metadata.rule = &link_rule;
    legacy.children = {Leaf(0x03, SampleValue(ValueKind::kLegacyId))};
    metadata.children = {Full(0x04, *FindRule(link_rule, 0x04)->nested)};
    child.children.push_back(legacy);
    child.children.push_back(metadata);
  }
  return signature;
}

struct Case {
  std::uint16_t record;
  TlvPath path;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (std::uint16_t record : {std::uint16_t{0x803}, std::uint16_t{0x805}}) {
    for (TlvPath& path : AllPaths(FullSignature(record))) cases.push_back({record, path});
  }
  return cases;
}

TlvNode& ParentOf(TlvNode& root, const TlvPath& path) {
  return NodeAt(root, std::span(path).first(path.size() - 1));
}

const ChildRule& RowOf(TlvNode& root, const TlvPath& path) {
  return *FindRule(*ParentOf(root, path).rule, NodeAt(root, path).type);
}

std::string Describe(TlvNode& root, const TlvPath& path) {
  return absl::StrFormat("%s / %s", ParentOf(root, path).rule->name, RowOf(root, path).name);
}

bool SameGroup(const ElementRule& rule, std::uint16_t a, std::uint16_t b) {
  if (a == b) return true;
  const ChildRule* first = FindRule(rule, a);
  const ChildRule* second = FindRule(rule, b);
  return first->group != 0 && second != nullptr && first->group == second->group;
}

absl::Status Outcome(const TlvNode& root) { return Signature::Parse(EncodeTree(root)).status(); }

void ExpectRefusedAt(const TlvNode& root, std::size_t offset, const std::string& what) {
  EXPECT_THAT(Outcome(root),
              StatusIs(absl::StatusCode::kInvalidArgument, absl::StrFormat("offset %d, ", offset)))
      << what;
}

TEST(SignatureTables, TheFullSignaturesAreWellFormed) {
  for (std::uint16_t record : {std::uint16_t{0x803}, std::uint16_t{0x805}}) {
    const TlvNode root = FullSignature(record);
    PITSER_EXPECT_OK(Outcome(root));
    EXPECT_GT(AllPaths(root).size(), 40u);
  }
}

TEST(SignatureTables, MandatoryChildrenMustNotBeMissing) {
  for (const Case& each : AllCases()) {
    TlvNode root = FullSignature(each.record);
    const std::string name = Describe(root, each.path);
    const ChildRule row = RowOf(root, each.path);
    TlvPath parent_path(each.path.begin(), each.path.end() - 1);
    TlvNode& parent = NodeAt(root, parent_path);
    std::erase_if(parent.children, [&](const TlvNode& child) {
      return SameGroup(*parent.rule, row.type, child.type);
    });
    if (row.min > 0) {
      ExpectRefusedAt(root, OffsetOf(root, parent_path), name);
      EXPECT_THAT(Outcome(root), StatusIs(absl::StatusCode::kInvalidArgument, "is missing"));
    } else if (row.type == 0x802) {
      EXPECT_THAT(Outcome(root),
                  StatusIs(absl::StatusCode::kInvalidArgument, "no calendar hash chain"));
    } else {
      EXPECT_THAT(Outcome(root), testing::IsOk()) << name;
    }
  }
}

TEST(SignatureTables, SingleChildrenMustNotBeRepeated) {
  for (const Case& each : AllCases()) {
    TlvNode root = FullSignature(each.record);
    const std::string name = Describe(root, each.path);
    const ChildRule row = RowOf(root, each.path);
    TlvNode& parent = ParentOf(root, each.path);
    parent.children.push_back(NodeAt(root, each.path));
    TlvPath copy = each.path;
    copy.back() = parent.children.size() - 1;
    if (row.max == 1) {
      ExpectRefusedAt(root, OffsetOf(root, copy), name);
      EXPECT_THAT(Outcome(root), StatusIs(absl::StatusCode::kInvalidArgument, "second time"));
    } else {
      EXPECT_THAT(Outcome(root), testing::IsOk()) << name;
    }
  }
}

TEST(SignatureTables, ExactlyOneSiblingWhateverItsKind) {
  for (std::uint16_t second : {std::uint16_t{0x02}, std::uint16_t{0x03}, std::uint16_t{0x04}}) {
    for (const Case& each : AllCases()) {
      TlvNode root = FullSignature(each.record);
      const ChildRule row = RowOf(root, each.path);
      if (row.kind != ValueKind::kImprint || row.group == 0) continue;
      TlvNode& parent = ParentOf(root, each.path);
      if (FindRule(*parent.rule, 0x03) == nullptr) continue;  // A calendar chain.
      const ChildRule& other = *FindRule(*parent.rule, second);
      parent.children.push_back(other.nested != nullptr ? Full(second, *other.nested)
                                                        : Leaf(second, SampleValue(other.kind)));
      EXPECT_THAT(Outcome(root), StatusIs(absl::StatusCode::kInvalidArgument, "second time"));
    }
  }
}

TEST(SignatureTables, PublicationAndAuthenticationRecordsExcludeEachOther) {
  TlvNode root = FullSignature(0x803);
  root.children.push_back(Full(0x805, *FindRule(*root.rule, 0x805)->nested));
  EXPECT_THAT(Outcome(root), StatusIs(absl::StatusCode::kInvalidArgument, "has both"));
}

TEST(SignatureTables, UnknownChildrenNeedTheNonCriticalFlag) {
  for (const Case& each : AllCases()) {
    for (std::uint16_t type : {std::uint16_t{0x1D}, std::uint16_t{0x499}}) {
      for (int flags = 0; flags < 4; ++flags) {
        TlvNode root = FullSignature(each.record);
        TlvNode& parent = NodeAt(root, each.path);
        if (parent.rule == nullptr) continue;
        TlvNode unknown = Leaf(type, {0xFF});  // Nobody looks at the content.
        unknown.non_critical = (flags & 1) != 0;
        unknown.forward = (flags & 2) != 0;
        parent.children.insert(parent.children.begin(), unknown);
        TlvPath path = each.path;
        path.push_back(0);
        if (unknown.non_critical) {
          EXPECT_THAT(Outcome(root), testing::IsOk()) << parent.rule->name;
        } else {
          ExpectRefusedAt(root, OffsetOf(root, path), std::string(parent.rule->name));
          EXPECT_THAT(Outcome(root), StatusIs(absl::StatusCode::kInvalidArgument, "unknown"));
        }
      }
    }
  }
}

TEST(SignatureTables, FlagsAndLongHeadersOnKnownChildrenMeanNothing) {
  for (const Case& each : AllCases()) {
    for (int bits = 1; bits < 8; ++bits) {
      TlvNode root = FullSignature(each.record);
      TlvNode& node = NodeAt(root, each.path);
      node.non_critical = (bits & 1) != 0;
      node.forward = (bits & 2) != 0;
      node.force_long_header = (bits & 4) != 0;
      EXPECT_THAT(Outcome(root), testing::IsOk()) << Describe(root, each.path);
    }
  }
}

TEST(SignatureTables, OrderOfChildrenIsFree) {
  for (const Case& each : AllCases()) {
    TlvNode root = FullSignature(each.record);
    TlvNode& node = NodeAt(root, each.path);
    std::reverse(node.children.begin(), node.children.end());
    EXPECT_THAT(Outcome(root), testing::IsOk()) << Describe(root, each.path);
  }
}

struct Values {
  std::vector<std::string_view> good, bad;  // Hex.
};

Values ValuesOf(ValueKind kind) {
  static const std::string kZero32(64, '0');
  static const std::string kSha256 = "01" + kZero32, kShort = "01" + kZero32.substr(2),
                           kLong = kSha256 + "00", kReserved = "03" + kZero32,
                           kUnregistered = "0c" + kZero32, kSha1 = "00" + kZero32.substr(0, 40),
                           kSha512 = "05" + kZero32 + kZero32;
  // 29 bytes: 03 00, length, text, zeros.
  static const std::string kLegacy25 = "030019" + std::string(50, '4') + "00",
                           kLegacyEmpty = "030000" + std::string(52, '0'),
                           kLegacyTooLong = "03001a" + std::string(52, '4'),
                           kLegacyRest =
                               "030002" + std::string("4754") + std::string(46, '0') + "01",
                           kLegacyFirst = "040002" + std::string("4754") + std::string(48, '0'),
                           kLegacySecond = "030102" + std::string("4754") + std::string(48, '0'),
                           kLegacyUtf8 = "030001ff" + std::string(50, '0'),
                           kLegacyShort = "030002" + std::string("4754") + std::string(46, '0'),
                           kLegacyLonger = "030002" + std::string("4754") + std::string(50, '0');
  switch (kind) {
    case ValueKind::kInt:
      return {{"", "01", "ff", "0100", "ffffffffffffffff"},
              {"00", "0005", "00ffffffffffffff", "010000000000000000", "000000000000000001"}};
    case ValueKind::kLevel:
      return {{"", "01", "ff"}, {"00", "0005", "0100", "ffffffffffffffff", "010000000000000000"}};
    case ValueKind::kAlgorithm:
      return {{"", "01", "02", "04", "05", "07", "08", "09", "0a", "0b"},
              {"00", "0001", "03", "06", "0c", "7e", "ff", "0101", "0100000000000001"}};
    case ValueKind::kText:
      return {{"00", "475400", "c3b500", "f09f948f00"},
              {"", "4754", "47005400", "0000", "ff00", "c0af00", "eda08000", "f490808000"}};
    case ValueKind::kText1:
      return {{"475400", "c3b500"}, {"", "00", "4754", "47005400", "0000", "ff00", "c300"}};
    case ValueKind::kImprint:
      return {{kSha256, kSha1, kSha512},
              {"", "01", kShort, kLong, kReserved, kUnregistered, "0000", kZero32}};
    case ValueKind::kLegacyId:
      return {{kLegacy25, kLegacyEmpty},
              {"", kLegacyTooLong, kLegacyRest, kLegacyFirst, kLegacySecond, kLegacyUtf8,
               kLegacyShort, kLegacyLonger}};
    case ValueKind::kBytes:
      return {{"", "00", "0101"}, {}};
    case ValueKind::kNested:
      return {{}, {}};
  }
  return {};
}

TEST(SignatureTables, EveryValueIsReadInItsStrictestForm) {
  int refused = 0;
  for (const Case& each : AllCases()) {
    TlvNode root = FullSignature(each.record);
    const std::string name = Describe(root, each.path);
    const Values values = ValuesOf(RowOf(root, each.path).kind);
    for (std::string_view hex : values.good) {
      NodeAt(root, each.path).value = FromHex(hex).value();
      EXPECT_THAT(Outcome(root), testing::IsOk()) << name << " = " << hex;
    }
    for (std::string_view hex : values.bad) {
      NodeAt(root, each.path).value = FromHex(hex).value();
      ExpectRefusedAt(root, OffsetOf(root, each.path), absl::StrFormat("%s = %s", name, hex));
      ++refused;
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(SignatureTables, NestedElementsFillTheirValueExactly) {
  for (const Case& each : AllCases()) {
    for (std::string_view hex : {"01", "0105", "81", "8101", "810100", "8101000500000000"}) {
      TlvNode root = FullSignature(each.record);
      TlvNode& node = NodeAt(root, each.path);
      if (node.rule == nullptr) continue;
      const std::string_view rule_name = node.rule->name;
      const ByteVector extra = FromHex(hex).value();
      const TlvNode as_tree = node;
      node.rule = nullptr;
      for (const TlvNode& child : as_tree.children) Append(node.value, EncodeTree(child));
      const std::size_t intact = node.value.size();
      Append(node.value, extra);
      const std::size_t header = node.type > 0x1F || node.value.size() > 0xFF ? 4 : 2;
      ExpectRefusedAt(root, OffsetOf(root, each.path) + header + intact, std::string(rule_name));
    }
  }
}

}  // namespace
}  // namespace pitser::ledger
