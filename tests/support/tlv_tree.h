#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"

// The element tables of spec/ksi-signature.md section 3 as data, and elements as a tree that can be
// changed at will and encoded again: what the parser has in code, written down a second time to
// test it against.
namespace pitser::testing {

enum class ValueKind {
  kInt,
  kLevel,  // An int of at most 255.
  kText,   // str
  kText1,  // str1
  kImprint,
  kAlgorithm,
  kBytes,
  kLegacyId,
  kNested,
};

struct ElementRule;

// One row of a table. Rows of the same group share their multiplicity, e.g. the left and right
// links of a chain: at least one in total.
struct ChildRule {
  std::uint16_t type;
  std::string_view name;
  ValueKind kind;
  int min;
  int max;  // kAny: no limit.
  int group = 0;
  const ElementRule* nested = nullptr;  // For kNested.
};

inline constexpr int kAny = -1;

struct ElementRule {
  std::string_view name;
  std::vector<ChildRule> children;  // In the order in which Pitser writes them.
};

// The table of 0x800, and from there of everything inside.
const ElementRule& SignatureRule();
// The row for a child type; null when the table lists none.
const ChildRule* FindRule(const ElementRule& parent, std::uint16_t type);

// An element; `rule` is its own table, null for one that isn't nested or isn't known.
struct TlvNode {
  std::uint16_t type = 0;
  bool non_critical = false;
  bool forward = false;
  bool force_long_header = false;
  const ElementRule* rule = nullptr;
  std::vector<TlvNode> children;  // When `rule` is set,
  ledger::ByteVector value;       // else this.
};

// The tree of an element that is a well-formed signature.
TlvNode ParseSignatureTree(ledger::Bytes bytes);

ledger::ByteVector EncodeTree(const TlvNode& node);

// Which child, from the root down. Empty: the root.
using TlvPath = std::vector<std::size_t>;
TlvNode& NodeAt(TlvNode& root, std::span<const std::size_t> path);
// Where the node's header begins in EncodeTree(root).
std::size_t OffsetOf(const TlvNode& root, std::span<const std::size_t> path);
// Paths of all nodes below the root.
std::vector<TlvPath> AllPaths(const TlvNode& root);

// Why our writers would not give back these very bytes when all that a signature says is written
// anew: empty for an encoding that is canonical. Source: spec 2.1, 2.5.
std::vector<std::string> NonCanonicalFeatures(const TlvNode& signature);

}  // namespace pitser::testing
