#include "ledger/format/calendar_chain.h"

#include <map>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

constexpr LinkDirection kL = LinkDirection::kLeft;
constexpr LinkDirection kR = LinkDirection::kRight;

Imprint Parse(std::string_view hex) { return Imprint::Parse(FromHex(hex).value()).value(); }

// Links of a pattern like "RLRL", bottom to top.
CalendarLinks Pattern(std::string_view pattern) {
  CalendarLinks links;
  for (char c : pattern) {
    links.push_back({c == 'L' ? kL : kR, Imprint::Zero(HashAlgorithm::kSha256)});
  }
  return links;
}

// Spec 5.4: the patterns of all leaves for small publication times, leaf 0 first.
const std::map<std::uint64_t, std::string>& Patterns() {
  static const auto* const kPatterns = [] {
    const std::string eight = "LLLL RLLL LRLL RRLL LLRL RLRL LRRL RRRL ";
    return new std::map<std::uint64_t, std::string>{{1, "L R"},
                                                    {2, "LL RL R"},
                                                    {3, "LL RL LR RR"},
                                                    {4, "LLL RLL LRL RRL R"},
                                                    {5, "LLL RLL LRL RRL LR RR"},
                                                    {6, "LLL RLL LRL RRL LLR RLR RR"},
                                                    {7, "LLL RLL LRL RRL LLR RLR LRR RRR"},
                                                    {8, eight + "R"},
                                                    {9, eight + "LR RR"},
                                                    {10, eight + "LLR RLR RR"}};
  }();
  return *kPatterns;
}

TEST(CalendarTimeFromShape, AllPatternsOfTheSpec) {
  for (const auto& [publication_time, patterns] : Patterns()) {
    std::uint64_t leaf = 0;
    for (absl::string_view pattern : absl::StrSplit(patterns, ' ')) {
      PITSER_ASSERT_OK_AND_ASSIGN(const std::uint64_t time,
                                  CalendarTimeFromShape(publication_time, Pattern(ToStd(pattern))));
      EXPECT_EQ(time, leaf) << publication_time << " " << pattern;
      ++leaf;
    }
    EXPECT_EQ(leaf, publication_time + 1);
  }
}

// Whatever is not in the table is no leaf: every pattern of up to six links is tried.
TEST(CalendarTimeFromShape, RefusesEveryOtherPattern) {
  for (const auto& [publication_time, patterns] : Patterns()) {
    const std::vector<std::string> known = absl::StrSplit(patterns, ' ');
    std::size_t found = 0;
    for (std::size_t length = 0; length <= 6; ++length) {
      for (unsigned bits = 0; bits < 1u << length; ++bits) {
        std::string pattern;
        for (std::size_t i = 0; i < length; ++i) pattern.push_back((bits >> i & 1) ? 'L' : 'R');
        const auto time = CalendarTimeFromShape(publication_time, Pattern(pattern));
        if (std::find(known.begin(), known.end(), pattern) != known.end()) {
          EXPECT_TRUE(time.ok()) << publication_time << " " << pattern;
          ++found;
        } else {
          EXPECT_THAT(time, StatusIs(absl::StatusCode::kInvalidArgument, "no leaf"))
              << publication_time << " " << pattern;
        }
      }
    }
    EXPECT_EQ(found, known.size());
  }
}

TEST(CalendarTimeFromShape, LargestTimesDoNotOverflow) {
  EXPECT_EQ(CalendarTimeFromShape(UINT64_MAX, Pattern(std::string(64, 'R'))).value(), UINT64_MAX);
  EXPECT_EQ(CalendarTimeFromShape(UINT64_MAX, Pattern(std::string(64, 'L'))).value(), 0u);
  EXPECT_FALSE(CalendarTimeFromShape(UINT64_MAX, Pattern(std::string(65, 'R'))).ok());
  EXPECT_FALSE(CalendarTimeFromShape(0, Pattern("L")).ok());
}

// Spec 12.3: the leaves are hashes of their second, so that the siblings are known.
constexpr std::string_view kX4 =
    "018005f02d43fa06e7d0585fb64c961d57e318b27a145c857bcd3a6bdb413ff7fc";
constexpr std::string_view kX9 =
    "015924513516a5993435ec4a240610304aca7d4acf1f2de5ce6812a8c43610c6e6";
constexpr std::string_view kX10 =
    "018d85f8467240628a94819b26bee26e3a9b2804334c63482deacec8d64ab4e1e7";
constexpr std::string_view kN13 =
    "01b53d3570ab171f4054b8fd003b18ebe1f3d354b0a9eb1d1d631f9abfa2d4d5ba";
constexpr std::string_view kN14 =
    "01ff997a277f87e35d64dee5f92fb95d3675c3807a06e206d860ab42011930b74d";
constexpr std::string_view kN20 =
    "0137c14792ebce93d49a8d040e27e5a825fc57f40d1f133ba8462251ff444ff528";
constexpr std::string_view kN30 =
    "01ef79e46d1f32ccd9ad049104875a7cdbd3b9c95df9ed866601feacd1639608eb";
constexpr std::string_view kT83 =
    "0127e129b264ad2526e35f977363c15a7499d04720b121dc9f2e7bcdeaa4f1fa3d";
constexpr std::string_view kRoot10 =
    "014966c356336003bd44c5273dbd0f7c323b4cb6438a7c8bbf0bab01e2b2e43ab2";

Imprint LeafOf(std::uint64_t time) {
  ByteVector bytes;
  AppendBe64(bytes, time);
  return Hash(HashAlgorithm::kSha256, {bytes}).value();
}

TEST(FoldCalendarLinks, WorkedExampleOfTheSpec) {
  const std::pair<std::uint64_t, CalendarLinks> chains[] = {
      {5, {{kR, Parse(kX4)}, {kL, Parse(kN13)}, {kR, Parse(kN20)}, {kL, Parse(kT83)}}},
      {8, {{kL, Parse(kX9)}, {kL, Parse(kX10)}, {kR, Parse(kN30)}}},
      {10, {{kR, Parse(kN14)}, {kR, Parse(kN30)}}}};
  EXPECT_EQ(LeafOf(4), Parse(kX4));
  for (const auto& [time, links] : chains) {
    EXPECT_EQ(FoldCalendarLinks(LeafOf(time), links).value(), Parse(kRoot10)) << time;
    EXPECT_EQ(CalendarTimeFromShape(10, links).value(), time);
  }
}

TEST(FoldCalendarLinks, TheRightOperandChoosesTheAlgorithm) {
  const Imprint sha256 = Imprint::Zero(HashAlgorithm::kSha256);
  const Imprint sha512 = Imprint::Zero(HashAlgorithm::kSha512);
  const std::uint8_t level = 0xFF;
  const auto fold = [](const Imprint& input, LinkDirection direction, const Imprint& sibling) {
    return FoldCalendarLinks(input, CalendarLinks{{direction, sibling}}).value();
  };
  EXPECT_EQ(
      fold(sha256, kL, sha512),
      Hash(HashAlgorithm::kSha512, {sha256.bytes(), sha512.bytes(), Bytes(&level, 1)}).value());
  EXPECT_EQ(
      fold(sha256, kR, sha512),
      Hash(HashAlgorithm::kSha256, {sha512.bytes(), sha256.bytes(), Bytes(&level, 1)}).value());
}

TEST(WriteCalendarHashChain, WritesWhatIsReadBack) {
  for (const bool with_time : {false, true}) {
    CalendarHashChain chain{
        .publication_time = 10,
        .aggregation_time = std::nullopt,
        .input_hash = LeafOf(5),
        .links = {{kR, Imprint::Zero(HashAlgorithm::kSha512)}, {kL, LeafOf(6)}}};
    if (with_time) chain.aggregation_time = 5;
    ByteVector bytes;
    WriteCalendarHashChain(bytes, chain);
    TlvReader reader(bytes);
    PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
    ASSERT_TRUE(reader.done());
    PITSER_ASSERT_OK_AND_ASSIGN(const CalendarHashChain read, ParseCalendarHashChain(element));
    EXPECT_EQ(read.publication_time, 10u);
    EXPECT_EQ(read.aggregation_time, chain.aggregation_time);
    EXPECT_EQ(read.AggregationTime(), with_time ? 5u : 10u);
    EXPECT_EQ(read.input_hash, chain.input_hash);
    EXPECT_EQ(read.links, chain.links);
  }
}

}  // namespace
}  // namespace pitser::ledger
