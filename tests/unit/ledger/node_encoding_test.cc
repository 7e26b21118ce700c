#include "ledger/format/node_encoding.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>

#include "ledger/crypto/hasher.h"
#include "ledger/format/metadata.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

Imprint SomeImprint(std::string_view label, HashAlgorithm algorithm = HashAlgorithm::kSha256) {
  return testing::ValueOf(Hash(algorithm, {AsBytes(label)}));
}

ByteVector Joined(std::initializer_list<Bytes> parts) {
  ByteVector joined;
  for (const Bytes part : parts) Append(joined, part);
  return joined;
}

ByteVector Node(Bytes left, Bytes right, std::uint8_t level) {
  return Joined({left, right, Bytes(&level, 1)});
}

ByteVector LegacyId() {
  ByteVector id = {0x03, 0x00, 0x02, 'G', 'T'};
  id.resize(29);
  return id;
}

TEST(IsNodeEncoding, KnowsTheNodesOfBothTrees) {
  const Imprint a = SomeImprint("a"), b = SomeImprint("b");
  const Imprint wide = SomeImprint("c", HashAlgorithm::kSha512);
  const ByteVector metadata =
      EncodeMetadata({"anna", "srv-1", 7, std::nullopt}, MetadataStyle::kService);
  EXPECT_EQ(Node(a.bytes(), b.bytes(), 1).size(), 67u);
  EXPECT_TRUE(IsNodeEncoding(Node(a.bytes(), b.bytes(), 1)));
  EXPECT_TRUE(IsNodeEncoding(Node(a.bytes(), b.bytes(), 0xFF)));  // Of the calendar.
  EXPECT_TRUE(IsNodeEncoding(Node(a.bytes(), wide.bytes(), 9)));
  EXPECT_TRUE(IsNodeEncoding(Node(wide.bytes(), a.bytes(), 9)));
  EXPECT_TRUE(IsNodeEncoding(Node(a.bytes(), metadata, 1)));
  EXPECT_TRUE(IsNodeEncoding(Node(metadata, a.bytes(), 1)));
  EXPECT_TRUE(IsNodeEncoding(Node(a.bytes(), LegacyId(), 3)));
  EXPECT_TRUE(IsNodeEncoding(Node(LegacyId(), a.bytes(), 3)));
  EXPECT_TRUE(IsNodeEncoding(a.bytes()));  // What an RFC 3161 record binds a time stamp by.
}

TEST(IsNodeEncoding, TakesNoOtherDocumentForOne) {
  const Imprint a = SomeImprint("a"), b = SomeImprint("b");
  const ByteVector node = Node(a.bytes(), b.bytes(), 1);
  EXPECT_FALSE(IsNodeEncoding({}));
  EXPECT_FALSE(IsNodeEncoding(AsBytes("a letter to anna")));
  EXPECT_FALSE(IsNodeEncoding(Node(a.bytes(), b.bytes(), 0)));  // No node is at level 0.
  for (std::size_t size = 0; size < node.size(); ++size) {
    EXPECT_EQ(IsNodeEncoding(Bytes(node).first(size)), size == 33) << size;
  }
  EXPECT_FALSE(IsNodeEncoding(Joined({node, node})));
  EXPECT_FALSE(IsNodeEncoding(Node(a.bytes(), AsBytes("text"), 1)));
  EXPECT_FALSE(IsNodeEncoding(Node(a.digest(), b.digest(), 1)));
  EXPECT_FALSE(IsNodeEncoding(Node(LegacyId(), LegacyId(), 1)));
}

}  // namespace
}  // namespace pitser::ledger
