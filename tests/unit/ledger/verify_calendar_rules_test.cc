#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ledger/verify_attempt.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::AuthenticatedRecipe;
using ::pitser::testing::kTestDay;
using ::pitser::testing::kTestTime;
using ::pitser::testing::PublishedRecipe;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::ValueOf;

constexpr std::uint64_t kPublished = kTestTime + 10 * kTestDay;

// A signature, and an extender that serves `chain` whatever is asked.
Attempt ServedBy(testing::SignatureRecipe recipe, CalendarHashChain chain) {
  Attempt attempt;
  attempt.recipe = std::move(recipe);
  attempt.extend = [chain = std::move(chain)](std::uint64_t, std::optional<std::uint64_t>) {
    return chain;
  };
  return attempt;
}

CalendarHashChain ChainOf(const testing::SignatureRecipe& recipe) {
  return *testing::MakeSignature(recipe).calendar_chain();
}

testing::SignatureRecipe WithoutCalendar() {
  testing::SignatureRecipe recipe = AuthenticatedRecipe();
  recipe.calendar.reset();
  recipe.record = testing::Record::kNone;
  return recipe;
}

// Authenticated by a root of ten days later: its chain has links of both sides.
testing::SignatureRecipe AuthenticatedLater() {
  testing::SignatureRecipe recipe = AuthenticatedRecipe();
  recipe.calendar->publication_time = kPublished;
  return recipe;
}

VerificationResult Verify(const Attempt& attempt) {
  return ValueOf(attempt.Verify(Policy::kCalendarBased));
}

void ExpectFailed(const Attempt& attempt, ErrorCode code, std::string_view rule) {
  const VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(ErrorCodeName(result.code), ErrorCodeName(code));
  EXPECT_EQ(result.rule, rule);
  EXPECT_EQ(result.policy, "calendar-based");
}

TEST(VerifyByCalendar, AcceptsWhatTheCalendarHas) {
  for (const auto& recipe : {AuthenticatedRecipe(), AuthenticatedLater(), PublishedRecipe()}) {
    EXPECT_EQ(Verify(ServedBy(recipe, ChainOf(recipe))).outcome, Outcome::kOk);
  }
  EXPECT_EQ(Verify(ServedBy(WithoutCalendar(), ChainOf(PublishedRecipe()))).outcome, Outcome::kOk);
}

// Spec 9.9: the flag is not consulted.
TEST(VerifyByCalendar, AsksForTheOwnPublicationTimeOrTheNewestWhetherOrNotExtendingIsAllowed) {
  Attempt attempt;
  int calls = 0;
  std::optional<std::uint64_t> asked;
  attempt.extend = [&](std::uint64_t time, std::optional<std::uint64_t> publication_time) {
    ++calls;
    EXPECT_EQ(time, kTestTime);
    asked = publication_time;
    return ChainOf(PublishedRecipe());
  };
  attempt.extending_allowed = false;
  attempt.recipe = PublishedRecipe();
  EXPECT_EQ(Verify(attempt).outcome, Outcome::kOk);
  EXPECT_EQ(asked, kPublished);
  EXPECT_EQ(calls, 1);
  attempt.recipe = WithoutCalendar();
  EXPECT_EQ(Verify(attempt).outcome, Outcome::kOk);
  EXPECT_EQ(asked, std::nullopt);
  EXPECT_EQ(calls, 2);
}

TEST(VerifyByCalendar, WithoutAnAnswerIsInconclusive) {
  Attempt attempt;
  VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.rule, "extender-answers");
  EXPECT_EQ(result.cause, "no extender at hand");
  attempt.extend = [](std::uint64_t, std::optional<std::uint64_t>) {
    return absl::UnavailableError("connection refused");
  };
  result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(ErrorCodeName(result.code), "GEN-02");
  EXPECT_THAT(result.cause, ::testing::HasSubstr("connection refused"));
}

TEST(VerifyByCalendar, RefusesAnotherRootThanThePublished) {
  CalendarHashChain chain = ChainOf(PublishedRecipe());
  chain.links.front().sibling = SomeImprint("elsewhere");
  ExpectFailed(ServedBy(PublishedRecipe(), chain), ErrorCode::kCal01,
               "served-root-matches-calendar-root");
}

TEST(VerifyByCalendar, RefusesOtherRightLinks) {
  const auto recipe = AuthenticatedLater();
  const CalendarHashChain good = ChainOf(recipe);
  std::size_t right = 0;
  while (good.links[right].direction != LinkDirection::kRight) ++right;

  CalendarHashChain chain = good;
  chain.links[right].sibling = SomeImprint("elsewhere");
  ExpectFailed(ServedBy(recipe, chain), ErrorCode::kCal04, "served-right-links-match");
  chain = good;  // One less.
  chain.links.erase(chain.links.begin() + static_cast<std::ptrdiff_t>(right));
  ExpectFailed(ServedBy(recipe, chain), ErrorCode::kCal04, "served-right-links-match");
  chain = good;  // One more.
  chain.links.push_back({LinkDirection::kRight, SomeImprint("more")});
  ExpectFailed(ServedBy(recipe, chain), ErrorCode::kCal04, "served-right-links-match");

  // Left links are of what came later: they grow with the calendar.
  chain = good;
  for (CalendarLink& link : chain.links) {
    if (link.direction == LinkDirection::kLeft) link.sibling = SomeImprint("later");
  }
  EXPECT_EQ(Verify(ServedBy(recipe, chain)).outcome, Outcome::kOk);
}

TEST(VerifyByCalendar, RefusesAnotherInput) {
  for (const auto& recipe : {AuthenticatedRecipe(), WithoutCalendar()}) {
    CalendarHashChain chain = ChainOf(AuthenticatedRecipe());
    chain.input_hash = SomeImprint("elsewhere");
    ExpectFailed(ServedBy(recipe, chain), ErrorCode::kCal02,
                 "served-input-matches-aggregation-root");
  }
}

TEST(VerifyByCalendar, RefusesAnotherTime) {
  for (const auto& recipe : {AuthenticatedRecipe(), PublishedRecipe(), WithoutCalendar()}) {
    CalendarHashChain chain = ChainOf(recipe.calendar.has_value() ? recipe : AuthenticatedRecipe());
    chain.aggregation_time = kTestTime - 1;
    ExpectFailed(ServedBy(recipe, chain), ErrorCode::kCal03,
                 "served-time-matches-aggregation-time");
  }
}

TEST(VerifyByCalendar, BeginsWithTheInternalRules) {
  Attempt attempt = ServedBy(AuthenticatedRecipe(), ChainOf(AuthenticatedRecipe()));
  attempt.document_hash = SomeImprint("another document");
  EXPECT_EQ(ErrorCodeName(Verify(attempt).code), "GEN-01");
}

}  // namespace
}  // namespace pitser::ledger
