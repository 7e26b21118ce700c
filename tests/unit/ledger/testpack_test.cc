// The public pack of signatures, as far as the format is concerned: what must be refused is
// refused, and what is valid comes back byte for byte. The verdicts are checked with the policies.
// Source: spec/ksi-signature.md 10.

#include "tests/support/testpack.h"

#include <map>
#include <regex>
#include <set>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/format/signature.h"
#include "tests/support/rewrite_signature.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tlv_tree.h"

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

// The files of the pack that are signatures, without those that two rows share.
std::set<std::filesystem::path> WellFormedFiles() {
  std::set<std::filesystem::path> files;
  for (std::string_view table : {testing::kValidSignatures, testing::kInternalPolicySignatures,
                                 testing::kPolicyVerificationSignatures}) {
    const std::vector<TestPackRow> rows = ReadTestPack(table).value();
    for (const TestPackRow& row : rows) files.insert(row.signature);
  }
  return files;
}

// A file comes out of our writers byte for byte exactly when its encoding is canonical; which ones
// are not, and why, is derived from the encoding itself.
TEST(TestPack, WritersGiveBackEveryCanonicalFile) {
  PITSER_NEED_TESTPACK();
  std::map<std::string, int> reasons;
  int canonical = 0, others = 0;
  for (const std::filesystem::path& file : WellFormedFiles()) {
    PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, ParseFile(file));
    const std::vector<std::string> features =
        testing::NonCanonicalFeatures(testing::ParseSignatureTree(signature.bytes()));
    const bool identical = Equal(testing::RewriteSignature(signature), signature.bytes());
    EXPECT_EQ(identical, features.empty()) << file << ": " << absl::StrJoin(features, "; ");
    ++(features.empty() ? canonical : others);
    for (const std::string& feature : features) ++reasons[feature];
    if (!features.empty()) {
      std::printf("not canonical: %s: %s\n", file.filename().c_str(),
                  absl::StrJoin(features, "; ").c_str());
    }
  }
  std::printf("%d files written back byte for byte, %d not canonical:\n", canonical, others);
  for (const auto& [reason, count] : reasons) std::printf("  %3d %s\n", count, reason.c_str());
  EXPECT_GT(canonical, 30);
}

// The same element by element, which reaches into files that are not canonical as a whole.
TEST(TestPack, WritersGiveBackEveryCanonicalElement) {
  PITSER_NEED_TESTPACK();
  std::map<std::uint16_t, int> written;
  for (const std::filesystem::path& file : WellFormedFiles()) {
    PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, ReadFileBytes(file));
    testing::TlvNode alone = testing::ParseSignatureTree(bytes);
    const std::vector<testing::TlvNode> children = alone.children;
    TlvReader outer(bytes);
    TlvReader reader(outer.Next().value());
    for (std::size_t i = 0; !reader.done(); ++i) {
      PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
      alone.children = {children.at(i)};
      const std::vector<std::string> features = testing::NonCanonicalFeatures(alone);
      EXPECT_EQ(Equal(testing::RewriteElement(element), element.raw), features.empty())
          << file << " at " << element.offset << ": " << absl::StrJoin(features, "; ");
      if (features.empty()) ++written[element.type];
    }
  }
  for (const auto& [type, count] : written) {
    std::printf("0x%x: %d elements written back byte for byte\n", type, count);
  }
  EXPECT_EQ(written.size(), 5u);  // Of each kind.
}

// Spec 12.6.
TEST(TestPack, Rfc3161RecordOfTheSpecsExample) {
  PITSER_NEED_TESTPACK();
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Signature signature,
      ParseFile(*testing::TestPackDir() / "valid-signatures" / "rfc3161-signature.ksig"));
  const Rfc3161Record& record = *signature.rfc3161_record();
  EXPECT_EQ(ToHex(record.input_hash.bytes()),
            "0111a700b0c8066c47ecba05ed37bc14dcadb238552d86c659342d1d7e87b8772d");
  PITSER_ASSERT_OK_AND_ASSIGN(const Imprint output, Rfc3161Output(record, HashAlgorithm::kSha256));
  EXPECT_EQ(ToHex(output.bytes()),
            "01e162fa4ad87d9f1f90474165f7f7b607612496110126f0a9fc01bc444535e0b4");
  EXPECT_EQ(output, signature.aggregation_chains()[0].input_hash);
  EXPECT_EQ(signature.input_hash(), record.input_hash);
  EXPECT_EQ(signature.allowed_level(), 0);
}

// Columns 7 to 10: what the chains of a good file lead to.
TEST(TestPack, RecomputesRootsAndTimes) {
  PITSER_NEED_TESTPACK();
  int roots = 0, calendar_roots = 0;
  for (std::string_view table : testing::kAllTestPackTables) {
    PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(table));
    for (const TestPackRow& row : rows) {
      if (!row.error_code.empty() || row.action == "parsing" || row.action == "not-implemented") {
        continue;
      }
      PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, ParseFile(row.signature));
      PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint root, signature.AggregationRoot());
      if (row.aggregation_root) {
        EXPECT_EQ(root.imprint, *row.aggregation_root) << row.place;
        ++roots;
      }
      if (row.aggregation_time) {
        EXPECT_EQ(signature.signing_time(), *row.aggregation_time) << row.place;
      }
      if (!signature.calendar_chain()) continue;
      const CalendarHashChain& calendar = *signature.calendar_chain();
      EXPECT_EQ(CalendarTimeFromShape(calendar.publication_time, calendar.links).value(),
                calendar.AggregationTime())
          << row.place;
      // Of a calendar row these two columns describe the chain that an extender serves.
      if (row.action == "calendar") continue;
      PITSER_ASSERT_OK_AND_ASSIGN(const Imprint calendar_root,
                                  FoldCalendarLinks(calendar.input_hash, calendar.links));
      if (row.calendar_root && row.publication_time == calendar.publication_time) {
        EXPECT_EQ(calendar_root, *row.calendar_root) << row.place;
        ++calendar_roots;
      }
    }
  }
  std::printf("%d aggregation roots and %d calendar roots recomputed\n", roots, calendar_roots);
  EXPECT_GT(roots, 30);
  EXPECT_GT(calendar_roots, 20);
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
