#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/verify/result.h"

namespace pitser::ledger {
namespace {

TEST(ErrorCodes, HaveDistinctNamesTextsAndExplanations) {
  std::set<std::string_view> names, texts, explanations;
  for (const ErrorCode code : AllErrorCodes()) {
    names.insert(ErrorCodeName(code));
    texts.insert(ErrorCodeText(code));
    explanations.insert(ErrorCodeExplanation(code));
  }
  EXPECT_EQ(AllErrorCodes().size(), 33U);
  EXPECT_EQ(names.size(), 33U);
  EXPECT_EQ(texts.size(), 33U);
  EXPECT_EQ(explanations.size(), 33U);
  EXPECT_FALSE(names.contains(""));
  EXPECT_FALSE(texts.contains(""));
  EXPECT_FALSE(explanations.contains(""));
}

TEST(ErrorCodes, ExplanationsAreForPeople) {
  for (const ErrorCode code : AllErrorCodes()) {
    const std::string text(ErrorCodeExplanation(code));
    EXPECT_TRUE(text.front() >= 'a' && text.front() <= 'z') << text;
    EXPECT_NE(text.back(), '.') << text;
    EXPECT_THAT(text, ::testing::Not(::testing::ContainsRegex("[A-Z]{3}-[0-9]"))) << text;
  }
  EXPECT_EQ(ErrorCodeExplanation(ErrorCode::kGen01), "the document is not the one that was signed");
}

TEST(ErrorCodes, NoneSaysNothing) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kNone), "");
  EXPECT_EQ(ErrorCodeText(ErrorCode::kNone), "");
  EXPECT_EQ(ErrorCodeExplanation(ErrorCode::kNone), "");
  EXPECT_EQ(OutcomeOf(ErrorCode::kNone), Outcome::kOk);
}

TEST(ErrorCodes, OnlyGen02AndItsRetiredSisterAreInconclusive) {
  for (const ErrorCode code : AllErrorCodes()) {
    const bool open = code == ErrorCode::kGen02 || code == ErrorCode::kKey01;
    EXPECT_EQ(OutcomeOf(code), open ? Outcome::kInconclusive : Outcome::kFailed)
        << ErrorCodeName(code);
  }
}

// The texts that occur in no row of the test pack, which compares the others.
TEST(ErrorCodes, TextsThatTheTestPackLeavesOut) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kGen04), "GEN-04");
  EXPECT_EQ(ErrorCodeText(ErrorCode::kGen04), "Wrong input hash algorithm");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInt16), "INT-16");
  EXPECT_EQ(ErrorCodeText(ErrorCode::kInt16),
            "Calendar hash chain hash algorithm was obsolete at publication time");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kKey01), "KEY-01");
  EXPECT_EQ(ErrorCodeText(ErrorCode::kKey01), "Certificate not found");
}

TEST(Outcomes, HaveNames) {
  EXPECT_EQ(OutcomeName(Outcome::kOk), "ok");
  EXPECT_EQ(OutcomeName(Outcome::kInconclusive), "inconclusive");
  EXPECT_EQ(OutcomeName(Outcome::kFailed), "failed");
}

}  // namespace
}  // namespace pitser::ledger
