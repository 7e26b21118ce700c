#include "client/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

// What a verdict rests on, with and without an extender. The rules themselves are tested in
// tests/unit/ledger.
namespace pitser::client {
namespace {

using ledger::Outcome;
using ledger::Policy;
using testing::AuthenticatedRecipe;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignature;
using testing::PublishedRecipe;
using testing::TestTrust;
using testing::ValueOf;

class Verification : public ::testing::Test {
 protected:
  Verification()
      : young_(MakeSignature(AuthenticatedRecipe())),
        extended_(MakeSignature(PublishedRecipe())),
        publication_(*extended_.publication_record()),
        file_(testing::MakePublicationsFile({TestTrust::Get().calendar_record()},
                                            {*extended_.publication_record()})) {}

  // The extender of the ledger.
  ledger::ExtendFunction Extender() {
    return [this](std::uint64_t, std::optional<std::uint64_t> publication_time) {
      ++asked_;
      const bool later = publication_time != young_.calendar_chain()->publication_time;
      return *(later ? extended_ : young_).calendar_chain();
    };
  }
  ledger::ExtendFunction BrokenExtender() {
    return [this](std::uint64_t,
                  std::optional<std::uint64_t>) -> absl::StatusOr<ledger::CalendarHashChain> {
      ++asked_;
      return absl::UnavailableError("nobody answers");
    };
  }

  const ledger::Signature young_, extended_;
  const ledger::PublicationRecord publication_;
  const ledger::PublicationsFile file_;
  int asked_ = 0;
};

TEST_F(Verification, RestsOnTheKeyAndSuggestsThePublication) {
  VerificationRequest request{.signature = young_};
  request.publications = &file_;
  const Verdict verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.basis, TrustBasis::kKey);
  EXPECT_FALSE(verdict.publication.has_value());
  EXPECT_EQ(verdict.result.suggestion, publication_.data);
}

TEST_F(Verification, RestsOnTheSignaturesOwnPublication) {
  VerificationRequest request{.signature = extended_};
  request.publications = &file_;
  request.extend = Extender();
  request.extending_allowed = true;
  const Verdict verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.basis, TrustBasis::kPublicationsFile);
  EXPECT_EQ(verdict.publication->data, publication_.data);
  EXPECT_EQ(verdict.publication->references, publication_.references);
  EXPECT_FALSE(verdict.extended);
  EXPECT_EQ(asked_, 0);  // No rule needs it.
}

TEST_F(Verification, SaysThatItWasExtendedForTheVerdictOnly) {
  VerificationRequest request{.signature = young_};
  request.publications = &file_;
  request.extend = Extender();
  request.extending_allowed = true;
  Verdict verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.basis, TrustBasis::kPublicationsFile);
  EXPECT_EQ(verdict.publication->data, publication_.data);
  EXPECT_TRUE(verdict.extended);
  EXPECT_EQ(asked_, 1);

  request.publications = nullptr;
  request.user_publication = publication_.data;
  verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.basis, TrustBasis::kUserPublication);
  EXPECT_EQ(verdict.publication->data, publication_.data);
  EXPECT_TRUE(verdict.extended);
}

TEST_F(Verification, AsksNobodyUnlessItIsAllowed) {
  VerificationRequest request{.signature = young_};
  request.publications = &file_;
  request.extend = Extender();
  EXPECT_EQ(ValueOf(VerifySignature(request)).basis, TrustBasis::kKey);
  EXPECT_EQ(asked_, 0);
}

TEST_F(Verification, RestsOnTheCalendarWhenThatIsAskedFor) {
  VerificationRequest request{.signature = young_};
  request.policy = Policy::kCalendarBased;
  request.extend = Extender();
  const Verdict verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.basis, TrustBasis::kCalendar);
  EXPECT_FALSE(verdict.extended);
  EXPECT_FALSE(verdict.publication.has_value());
  EXPECT_EQ(asked_, 1);
}

TEST_F(Verification, SaysWhatTheExtenderCouldNot) {
  VerificationRequest request{.signature = young_};
  request.policy = Policy::kCalendarBased;
  request.extend = BrokenExtender();
  Verdict verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.basis, TrustBasis::kNone);
  EXPECT_THAT(verdict.result.cause, HasSubstr("nobody answers"));

  // The key decides then, and what was tried is not forgotten.
  request.policy = Policy::kGeneral;
  request.extending_allowed = true;
  request.publications = &file_;
  verdict = ValueOf(VerifySignature(request));
  EXPECT_EQ(verdict.basis, TrustBasis::kKey);
  EXPECT_EQ(verdict.extender_problem, "nobody answers");
  EXPECT_THAT(verdict.result.cause, IsEmpty());
}

TEST_F(Verification, EveryVerdictSaysWhichPolicyItsRuleBelongsTo) {
  VerificationRequest request{.signature = young_};
  const Verdict verdict = ValueOf(VerifySignature(request));
  std::vector<std::string> policies;
  for (const ledger::RuleVerdict& one : verdict.result.verdicts) {
    if (policies.empty() || policies.back() != one.policy) policies.emplace_back(one.policy);
  }
  EXPECT_THAT(policies, ::testing::ElementsAre("internal", "publications-file-based", "key-based"));
}

TEST(TrustBasisName, NamesThemAll) {
  EXPECT_EQ(TrustBasisName(TrustBasis::kNone), "none");
  EXPECT_EQ(TrustBasisName(TrustBasis::kCalendar), "calendar");
  EXPECT_EQ(TrustBasisName(TrustBasis::kKey), "key");
  EXPECT_EQ(TrustBasisName(TrustBasis::kPublicationsFile), "publications-file");
  EXPECT_EQ(TrustBasisName(TrustBasis::kUserPublication), "user-publication");
}

}  // namespace
}  // namespace pitser::client
