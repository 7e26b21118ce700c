#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/verify/engine.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ledger/verify_attempt.h"

namespace pitser::ledger::internal {
namespace {

using ::pitser::testing::StatusIs;
using ::pitser::testing::ValueOf;
using ::testing::ElementsAre;

absl::StatusOr<Finding> Pass(Evidence&) { return Finding::Pass(); }
absl::StatusOr<Finding> Break(Evidence&) { return Finding::If(false); }
absl::StatusOr<Finding> Miss(Evidence&) { return Finding::Missing("nothing at hand"); }
absl::StatusOr<Finding> CannotTell(Evidence&) { return absl::UnimplementedError("no SM-3"); }
bool Never(const Evidence&) { return false; }

constexpr Rule kPasses = {"passes", ErrorCode::kInt01, nullptr, Pass};
constexpr Rule kBreaks = {"breaks", ErrorCode::kInt02, nullptr, Break};
constexpr Rule kMisses = {"misses", ErrorCode::kGen02, nullptr, Miss};
constexpr Rule kErrs = {"errs", ErrorCode::kInt03, nullptr, CannotTell};
constexpr Rule kNeverApplies = {"never", ErrorCode::kInt04, Never, Break};

absl::StatusOr<VerificationResult> RunWith(const std::vector<Rule>& first,
                                           const std::vector<RuleList>& tries) {
  return Attempt().With([&](const VerificationContext& context) {
    Evidence evidence(context);
    return RunRules(first, tries, evidence);
  });
}

std::vector<std::string> Ran(const VerificationResult& result) {
  std::vector<std::string> names;
  for (const RuleVerdict& verdict : result.verdicts) names.emplace_back(verdict.rule);
  return names;
}

TEST(RunRules, FirstRuleThatDoesNotPassDecides) {
  const Rule rules[] = {kPasses, kMisses, kBreaks};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({}, {{"a", nullptr, rules}}));
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.rule, "misses");
  EXPECT_EQ(result.cause, "nothing at hand");
  EXPECT_THAT(Ran(result), ElementsAre("passes", "misses"));
}

TEST(RunRules, RuleThatDoesNotApplyLeavesNoVerdict) {
  const Rule rules[] = {kNeverApplies, kPasses};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({}, {{"a", nullptr, rules}}));
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.policy, "a");
  EXPECT_THAT(Ran(result), ElementsAre("passes"));
}

TEST(RunRules, InconclusiveFallsThroughToTheNextList) {
  const Rule open[] = {kMisses};
  const Rule good[] = {kPasses};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({kPasses}, {{"a", nullptr, open}, {"b", nullptr, good}}));
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.code, ErrorCode::kNone);
  EXPECT_EQ(result.policy, "b");
  EXPECT_EQ(result.rule, "");
  EXPECT_EQ(result.cause, "");
  EXPECT_THAT(Ran(result), ElementsAre("passes", "misses", "passes"));
}

TEST(RunRules, FailureNeverFallsThrough) {
  const Rule bad[] = {kBreaks};
  const Rule good[] = {kPasses};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({}, {{"a", nullptr, bad}, {"b", nullptr, good}}));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.policy, "a");
}

TEST(RunRules, OkEndsTheTries) {
  const Rule good[] = {kPasses};
  const Rule bad[] = {kBreaks};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({}, {{"a", nullptr, good}, {"b", nullptr, bad}}));
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.policy, "a");
}

TEST(RunRules, WhenAllAreInconclusiveTheLastDecides) {
  const Rule open[] = {kMisses};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({}, {{"a", nullptr, open}, {"b", nullptr, open}}));
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.policy, "b");
}

TEST(RunRules, ListThatDoesNotApplyIsPassedOver) {
  const Rule open[] = {kMisses};
  const Rule good[] = {kPasses};
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                              RunWith({}, {{"a", nullptr, open}, {"b", Never, good}}));
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.policy, "a");
}

TEST(RunRules, FirstRulesDecideForEveryPolicy) {
  const Rule good[] = {kPasses};
  for (const Rule& rule : {kBreaks, kMisses}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                                RunWith({rule}, {{"a", nullptr, good}, {"b", nullptr, good}}));
    EXPECT_EQ(result.outcome, OutcomeOf(rule.code));
    EXPECT_EQ(result.policy, "a");
    EXPECT_THAT(Ran(result), ElementsAre(std::string(rule.name)));
  }
}

TEST(RunRules, ErrorsAreNoVerdicts) {
  const Rule good[] = {kPasses};
  const Rule errs[] = {kErrs};
  EXPECT_THAT(RunWith({kErrs}, {{"a", nullptr, good}}),
              StatusIs(absl::StatusCode::kUnimplemented, "errs: no SM-3"));
  EXPECT_THAT(RunWith({}, {{"a", nullptr, errs}, {"b", nullptr, good}}),
              StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace pitser::ledger::internal
