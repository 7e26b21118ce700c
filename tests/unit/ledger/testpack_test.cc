// The public pack of signatures, as far as the format is concerned: what must be refused is
// refused, and what is valid comes back byte for byte. The verdicts are checked with the policies.
// Source: spec/ksi-signature.md 10.

#include "tests/support/testpack.h"

#include <regex>

#include "gtest/gtest.h"
#include "ledger/format/signature.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::ReadFileBytes;
using ::pitser::testing::ReadTestPack;
using ::pitser::testing::TestPackRow;

absl::StatusOr<Signature> ParseFile(const std::filesystem::path& path) {
  PITSER_ASSIGN_OR_RETURN(ByteVector bytes, ReadFileBytes(path));
  return Signature::Parse(std::move(bytes));
}

TEST(TestPack, TablesHaveTheRowsOfTheSpec) {
  PITSER_NEED_TESTPACK();
  const std::pair<std::string_view, std::size_t> expected[] = {
      {testing::kValidSignatures, 74},
      {testing::kInvalidSignatures, 189},
      {testing::kInternalPolicySignatures, 114},
      {testing::kPolicyVerificationSignatures, 36}};
  for (const auto& [table, count] : expected) {
    PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(table));
    EXPECT_EQ(rows.size(), count) << table;
  }
}

TEST(TestPack, RefusesEveryMalformedFileWithOffsetAndName) {
  PITSER_NEED_TESTPACK();
  const std::regex message("offset [0-9]+, [A-Za-z0-9 ]+( / [A-Za-z0-9 ]+)*: .+");
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows,
                              ReadTestPack(testing::kInvalidSignatures));
  int refused = 0;
  for (const TestPackRow& row : rows) {
    const absl::StatusOr<Signature> parsed = ParseFile(row.signature);
    if (row.action == "not-implemented") continue;  // No crash is all that is asked.
    ASSERT_EQ(row.action, "parsing") << row.place;
    EXPECT_THAT(parsed, testing::StatusIs(absl::StatusCode::kInvalidArgument)) << row.signature;
    const std::string said(parsed.status().message());
    EXPECT_TRUE(std::regex_match(said, message)) << row.signature << ": " << said;
    ++refused;
  }
  EXPECT_EQ(refused, 175);
}

// Everything else parses; also the two rows of the padding exception (spec 10.4), whose judgement
// is INT-11's.
TEST(TestPack, ParsesEveryOtherFileAndKeepsItsBytes) {
  PITSER_NEED_TESTPACK();
  for (std::string_view table : {testing::kValidSignatures, testing::kInternalPolicySignatures,
                                 testing::kPolicyVerificationSignatures}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(table));
    for (const TestPackRow& row : rows) {
      PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, ReadFileBytes(row.signature));
      const absl::StatusOr<Signature> parsed = Signature::Parse(bytes);
      ASSERT_THAT(parsed, testing::IsOk()) << row.signature;
      EXPECT_TRUE(Equal(parsed->bytes(), bytes)) << row.signature;
    }
  }
}

// Columns 7 to 11: what the chains of the file lead to.
TEST(TestPack, RecomputesRootsTimesAndCodes) {
  PITSER_NEED_TESTPACK();
  int compared = 0;
  for (std::string_view table : testing::kAllTestPackTables) {
    PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(table));
    for (const TestPackRow& row : rows) {
      if (!row.error_code.empty() || row.action == "not-implemented") continue;
      if (!row.aggregation_root) continue;
      PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, ParseFile(row.signature));
      PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint root, signature.AggregationRoot());
      EXPECT_EQ(root.imprint, *row.aggregation_root) << row.place;
      EXPECT_EQ(signature.signing_time(), row.aggregation_time) << row.place;
      if (!signature.calendar_chain()) continue;
      const CalendarHashChain& calendar = *signature.calendar_chain();
      PITSER_ASSERT_OK_AND_ASSIGN(const Imprint calendar_root,
                                  FoldCalendarLinks(calendar.input_hash, calendar.links));
      EXPECT_EQ(CalendarTimeFromShape(calendar.publication_time, calendar.links).value(),
                calendar.AggregationTime())
          << row.place;
      if (row.calendar_root) {
        EXPECT_EQ(calendar_root, *row.calendar_root) << row.place;
      }
      if (row.publication_time) {
        EXPECT_EQ(calendar.publication_time, *row.publication_time) << row.place;
      }
      ++compared;
    }
  }
  std::printf("%d signatures recomputed\n", compared);
  EXPECT_GT(compared, 20);
}

TEST(TestPack, PublicationCodesGoBothWays) {
  PITSER_NEED_TESTPACK();
  int codes = 0;
  for (std::string_view table : testing::kAllTestPackTables) {
    PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(table));
    for (const TestPackRow& row : rows) {
      if (row.publication_code.empty()) continue;
      PITSER_ASSERT_OK_AND_ASSIGN(const PublicationData data,
                                  ParsePublicationCode(row.publication_code));
      EXPECT_EQ(EncodePublicationCode(data), row.publication_code) << row.place;
      if (row.action != "userPublication" && row.publication_time && row.calendar_root) {
        EXPECT_EQ(data, (PublicationData{*row.publication_time, *row.calendar_root})) << row.place;
      }
      ++codes;
    }
  }
  std::printf("%d codes read and written\n", codes);
  EXPECT_GT(codes, 20);
}

}  // namespace
}  // namespace pitser::ledger
