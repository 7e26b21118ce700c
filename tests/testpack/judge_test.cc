#include "tests/testpack/judge.h"

#include <fstream>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::testing {
namespace {

namespace fs = std::filesystem;
using Kind = PackVerdict::Kind;

PackJudge OpenPack() { return ValueOf(PackJudge::Open(*TestPackDir())); }

// The first row that `wanted` says yes to.
template <typename Wanted>
TestPackRow FindRow(const PackJudge& judge, Wanted wanted) {
  for (const TestPackRow& row : judge.rows()) {
    if (wanted(row)) return row;
  }
  ADD_FAILURE() << "no such row";
  return {};
}

TEST(TestPack, EveryRowPassesButThoseForALiveService) {
  PITSER_NEED_TESTPACK();
  const PackJudge judge = OpenPack();
  std::map<Kind, int> counts;
  std::map<std::string, int> skipped;
  for (const TestPackRow& row : judge.rows()) {
    const PackVerdict verdict = judge.Judge(row);
    ++counts[verdict.kind];
    if (verdict.kind == Kind::kSkipped) ++skipped[row.action];
    EXPECT_NE(verdict.kind, Kind::kFailed)
        << row.place << ": expected " << verdict.expected << ", found " << verdict.found;
  }
  // Source: spec/ksi-signature.md 10.8.
  EXPECT_EQ(counts[Kind::kPassed], 397);
  EXPECT_EQ(skipped,
            (std::map<std::string, int>{
                {"not-implemented", 14}, {"publicationsFile", 1}, {"userPublication", 1}}));
}

// A judge that finds nothing wrong with wrong expectations would be none.
TEST(PackJudge, FindsEveryColumnThatIsWrong) {
  PITSER_NEED_TESTPACK();
  const PackJudge judge = OpenPack();
  const TestPackRow good = FindRow(judge, [](const TestPackRow& row) {
    return row.action == "key" && row.error_code.empty() && row.calendar_root &&
           row.aggregation_root && !row.publication_code.empty();
  });
  ASSERT_EQ(judge.Judge(good).kind, Kind::kPassed);
  const auto expect_failed = [&](const TestPackRow& row) {
    EXPECT_EQ(judge.Judge(row).kind, Kind::kFailed);
  };
  TestPackRow row = good;
  row.error_code = "KEY-02";
  expect_failed(row);
  row = good;
  row.action = "parsing";
  expect_failed(row);
  row = good;
  row.action = "sing";
  expect_failed(row);
  row = good;
  row.signature += ".gone";
  expect_failed(row);
  row = good;
  row.input_level = 255;
  expect_failed(row);
  row = good;
  row.document_hash = row.calendar_root;
  expect_failed(row);
  row = good;
  row.aggregation_root = row.calendar_root;
  expect_failed(row);
  row = good;
  row.calendar_root = row.aggregation_root;
  expect_failed(row);
  row = good;
  ++*row.aggregation_time;
  expect_failed(row);
  row = good;
  ++*row.publication_time;
  expect_failed(row);
  row = good;
  row.publication_code.back() = row.publication_code.back() == 'A' ? 'B' : 'A';
  expect_failed(row);

  TestPackRow refused =
      FindRow(judge, [](const TestPackRow& each) { return each.error_code == "GEN-01"; });
  refused.error_text = "wrong document";  // Texts are compared literally.
  expect_failed(refused);
}

TEST(PackJudge, AFileThatIsNotThereIsNotMalformed) {
  PITSER_NEED_TESTPACK();
  const PackJudge judge = OpenPack();
  TestPackRow row =
      FindRow(judge, [](const TestPackRow& each) { return each.action == "parsing"; });
  row.signature += ".gone";
  EXPECT_EQ(judge.Judge(row).kind, Kind::kFailed);
}

TEST(PackJudge, ReadsOtherEditionsOfTheTables) {
  const TempFolder folder;
  for (const std::string_view table : kAllTestPackTables) {
    const fs::path path = fs::path(folder.path()) / table;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "# comment\n\nnone.ksig;default;;;;;;;;;;;;;\n";
  }
  const PackJudge judge = ValueOf(PackJudge::Open(folder.path()));
  ASSERT_EQ(judge.rows().size(), 4U);
  EXPECT_EQ(judge.Judge(judge.rows().front()).kind, Kind::kFailed);
  std::ofstream(fs::path(folder.path()) / kValidSignatures) << "a.ksig;internal;\r\n";
  EXPECT_THAT(PackJudge::Open(folder.path()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PackJudge, AFolderWithoutTablesIsAnError) {
  const TempFolder folder;
  EXPECT_THAT(PackJudge::Open(folder.path()), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace pitser::testing
