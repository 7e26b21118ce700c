#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ledger/verify_attempt.h"

// The general policy (spec 9.10), and what every policy suggests.
namespace pitser::ledger {
namespace {

using ::pitser::testing::AuthenticatedRecipe;
using ::pitser::testing::kTestDay;
using ::pitser::testing::kTestTime;
using ::pitser::testing::MakePublicationsFile;
using ::pitser::testing::PublicationOf;
using ::pitser::testing::PublishedRecipe;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::TestTrust;
using ::pitser::testing::ValueOf;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kPublished = kTestTime + 10 * kTestDay;

VerificationResult Verify(const Attempt& attempt, Policy policy = Policy::kGeneral) {
  return ValueOf(attempt.Verify(policy));
}

PublicationData Published() { return PublicationOf(testing::MakeSignature(PublishedRecipe())); }

// A publications file with the ledger's key and these publications.
PublicationsFile FileWith(std::vector<PublicationRecord> publications) {
  return MakePublicationsFile({TestTrust::Get().calendar_record()}, std::move(publications));
}

TEST(VerifyGeneral, TakesThePublicationOfTheFileFirst) {
  Attempt attempt;
  attempt.recipe = PublishedRecipe();
  attempt.publications_file = FileWith({{Published(), {}, {}}});
  const VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.policy, "publications-file-based");
  EXPECT_EQ(result.suggestion, std::nullopt);
}

TEST(VerifyGeneral, FallsBackToTheKeyWhereThePublicationsCannotTell) {
  Attempt attempt;
  attempt.publications_file = FileWith({});
  VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.policy, "key-based");
  EXPECT_EQ(result.cause, "");
  // A publication that would have to be extended to is no obstacle, but a suggestion.
  attempt.publications_file = FileWith({{Published(), {}, {}}});
  result = Verify(attempt);
  EXPECT_EQ(result.policy, "key-based");
  EXPECT_EQ(result.suggestion, Published());
}

TEST(VerifyGeneral, ExtendsWhereItMay) {
  Attempt attempt;
  attempt.publications_file = FileWith({{Published(), {}, {}}});
  attempt.extending_allowed = true;
  attempt.extend = [](std::uint64_t, std::optional<std::uint64_t>) {
    return *testing::MakeSignature(PublishedRecipe()).calendar_chain();
  };
  EXPECT_EQ(Verify(attempt).policy, "publications-file-based");
}

TEST(VerifyGeneral, AFailureOfThePublicationsIsNotSavedByTheKey) {
  Attempt attempt;
  attempt.publications_file = FileWith({{{kPublished, SomeImprint("elsewhere")}, {}, {}}});
  ASSERT_EQ(Verify(attempt, Policy::kKeyBased).outcome, Outcome::kOk);
  attempt.extending_allowed = true;
  attempt.extend = [](std::uint64_t, std::optional<std::uint64_t>) {
    return *testing::MakeSignature(PublishedRecipe()).calendar_chain();
  };
  const VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(ErrorCodeName(result.code), "PUB-01");
  EXPECT_EQ(result.policy, "publications-file-based");
  EXPECT_EQ(result.suggestion, std::nullopt);
}

TEST(VerifyGeneral, AUserPublicationDecidesAlone) {
  Attempt attempt;
  attempt.recipe = PublishedRecipe();
  attempt.publications_file = FileWith({{Published(), {}, {}}});
  attempt.user_publication = Published();
  EXPECT_EQ(Verify(attempt).policy, "user-publication-based");
  EXPECT_EQ(Verify(attempt).outcome, Outcome::kOk);

  attempt.user_publication = {kPublished, SomeImprint("elsewhere")};
  EXPECT_EQ(ErrorCodeName(Verify(attempt).code), "PUB-04");

  // Also when it cannot tell: nothing else is tried.
  attempt.user_publication = {kPublished + kTestDay, SomeImprint("later")};
  const VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.policy, "user-publication-based");
}

TEST(VerifyGeneral, SaysWhatEachTryLacks) {
  Attempt attempt;
  attempt.recipe.record = testing::Record::kNone;
  attempt.publications_file = FileWith({});
  const VerificationResult result = Verify(attempt);
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.policy, "key-based");
  EXPECT_THAT(result.cause, AllOf(HasSubstr("holds no publication yet; "),
                                  HasSubstr("no calendar authentication record")));
  // The same lack is said once.
  attempt.recipe = AuthenticatedRecipe();
  attempt.publications_file.reset();
  EXPECT_EQ(Verify(attempt).cause, "no publications file at hand");
}

TEST(VerifyGeneral, BeginsWithTheInternalRules) {
  Attempt attempt;
  attempt.document_hash = SomeImprint("another document");
  const VerificationResult result = Verify(attempt);
  EXPECT_EQ(ErrorCodeName(result.code), "GEN-01");
}

TEST(Suggestion, IsThePublicationNearestAfterTheSignature) {
  Attempt attempt;
  const PublicationData older{kTestTime - 1, SomeImprint("older")};
  const PublicationData later{kPublished + kTestDay, SomeImprint("later")};
  attempt.publications_file = FileWith({{older, {}, {}}, {Published(), {}, {}}, {later, {}, {}}});
  EXPECT_EQ(Verify(attempt, Policy::kKeyBased).suggestion, Published());
  // Also where the verdict is open, and where the signature's own publication is not the file's.
  attempt.recipe = PublishedRecipe();
  attempt.recipe.calendar->publication_time = kPublished - kTestDay;
  EXPECT_EQ(Verify(attempt, Policy::kPublicationsFileBased).outcome, Outcome::kInconclusive);
  EXPECT_EQ(Verify(attempt, Policy::kPublicationsFileBased).suggestion, Published());

  attempt.publications_file = FileWith({{older, {}, {}}});
  EXPECT_EQ(Verify(attempt, Policy::kInternal).suggestion, std::nullopt);
  attempt.publications_file.reset();
  EXPECT_EQ(Verify(attempt, Policy::kInternal).suggestion, std::nullopt);
}

}  // namespace
}  // namespace pitser::ledger
