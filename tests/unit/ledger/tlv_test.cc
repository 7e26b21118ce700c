#include "ledger/format/tlv.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

// The one element that fills these bytes. (They must outlive the result.)
absl::StatusOr<Element> Only(const ByteVector& bytes) { return TlvReader(bytes, 100).Next(); }

TEST(TlvReader, HeadersOfTheSpecsExamples) {
  const ByteVector publication = [] {
    ByteVector bytes = FromHex("3029").value();
    bytes.resize(2 + 41);
    return bytes;
  }();
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, Only(publication));
  EXPECT_EQ(element.type, 0x10);
  EXPECT_TRUE(element.forward);
  EXPECT_FALSE(element.non_critical);
  EXPECT_FALSE(element.long_header);
  EXPECT_EQ(element.value.size(), 41u);
  EXPECT_EQ(element.offset, 100u);
  EXPECT_EQ(element.value_offset(), 102u);

  ByteVector chain = FromHex("8801008f").value();
  chain.resize(4 + 143);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element long_element, Only(chain));
  EXPECT_EQ(long_element.type, 0x801);
  EXPECT_TRUE(long_element.long_header);
  EXPECT_EQ(long_element.value.size(), 143u);
  EXPECT_EQ(long_element.value_offset(), 104u);

  const ByteVector padding = FromHex("7e020101").value();
  PITSER_ASSERT_OK_AND_ASSIGN(const Element flagged, Only(padding));
  EXPECT_EQ(flagged.type, 0x1E);
  EXPECT_TRUE(flagged.forward);
  EXPECT_TRUE(flagged.non_critical);
}

TEST(TlvReader, AcceptsALongHeaderWhereAShortOneWouldDo) {
  const ByteVector bytes = FromHex("80020001ff").value();
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, Only(bytes));
  EXPECT_EQ(element.type, 0x02);
  EXPECT_EQ(ReadInt(element, "time").value(), 255u);
}

TEST(TlvReader, RefusesWhatRunsPastTheEndAndSaysWhere) {
  for (std::string_view hex :
       {"01", "81", "8101", "810100", "0101", "010200", "81010001", "8801ffff00"}) {
    const ByteVector bytes = FromHex(hex).value();
    EXPECT_THAT(TlvReader(bytes, 7, "signature").Next(),
                StatusIs(absl::StatusCode::kInvalidArgument, "offset 7, signature: "))
        << hex;
  }
}

TEST(TlvReader, RefusesToReadOnAtTheEnd) {
  const ByteVector bytes = FromHex("0100").value();
  TlvReader reader(bytes);
  PITSER_ASSERT_OK(reader.Next());
  EXPECT_THAT(reader.Next(), StatusIs(absl::StatusCode::kInvalidArgument, "offset 2, input: "));
  EXPECT_THAT(TlvReader(Bytes()).Next(), StatusIs(absl::StatusCode::kInvalidArgument, "offset 0"));
}

TEST(TlvReader, WalksChildrenWithTheirOffsets) {
  const ByteVector bytes = FromHex(
                               "88010007"
                               "0201ff"
                               "03024142")
                               .value();
  TlvReader outer(bytes);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element parent, outer.Next());
  EXPECT_TRUE(outer.done());
  TlvReader reader(parent);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element first, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const Element second, reader.Next());
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(first.offset, 4u);
  EXPECT_EQ(second.offset, 7u);
  EXPECT_EQ(ToHex(second.raw), "03024142");
}

TEST(ReadInt, TakesAllOf64Bits) {
  const ByteVector bytes = FromHex("0208ffffffffffffffff").value();
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, Only(bytes));
  EXPECT_EQ(ReadInt(element, "time").value(), UINT64_MAX);
}

// Spec 12.1.
TEST(TlvWriter, GoldenEncodings) {
  const auto int_of = [](std::uint64_t value) {
    ByteVector out;
    WriteInt(out, 0x02, value);
    return ToHex(out);
  };
  EXPECT_EQ(int_of(0), "0200");
  EXPECT_EQ(int_of(255), "0201ff");
  EXPECT_EQ(int_of(256), "02020100");
  EXPECT_EQ(int_of(UINT64_MAX), "0208ffffffffffffffff");
  ByteVector text;
  WriteText(text, 0x01, "GT");
  EXPECT_EQ(ToHex(text), "0103475400");
}

TEST(TlvWriter, ShortestHeaderThatFits) {
  const auto header_of = [](std::uint16_t type, std::size_t size) {
    ByteVector out;
    WriteElement(out, type, ByteVector(size));
    EXPECT_EQ(out.size(), EncodedSize(type, size));
    out.resize(out.size() - size);
    return ToHex(out);
  };
  EXPECT_EQ(header_of(0x02, 255), "02ff");
  EXPECT_EQ(header_of(0x02, 256), "80020100");
  EXPECT_EQ(header_of(0x1F, 0), "1f00");
  EXPECT_EQ(header_of(0x20, 0), "80200000");
  EXPECT_EQ(header_of(0x1FFF, 65535), "9fffffff");
}

TEST(TlvWriter, IntSizeCountsBytes) {
  for (unsigned bytes = 1; bytes <= 8; ++bytes) {
    const std::uint64_t smallest = std::uint64_t{1} << (8 * (bytes - 1));
    EXPECT_EQ(IntSize(smallest), bytes);
    EXPECT_EQ(IntSize(smallest - 1), bytes - 1);
  }
}

TEST(TlvWriter, NestedElementsGetTheirLength) {
  ByteVector out = {0xAA};
  const std::size_t begun = BeginNested(out, 0x801, {.non_critical = true, .forward = false});
  WriteInt(out, 0x02, 5);
  EndNested(out, begun);
  EXPECT_EQ(ToHex(out),
            "aac8010003"
            "020105");
}

using TlvDeathTest = ::testing::Test;

TEST(TlvDeathTest, WritersStopAtValuesThatFitNoElement) {
  EXPECT_DEATH(
      {
        ByteVector out;
        WriteElement(out, 0x02, ByteVector(65536));
      },
      "check failed");
  EXPECT_DEATH(
      {
        ByteVector out;
        WriteText(out, 0x01, std::string_view("a\0b", 3));
      },
      "check failed");
}

}  // namespace
}  // namespace pitser::ledger
