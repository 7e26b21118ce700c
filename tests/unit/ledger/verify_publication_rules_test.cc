#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ledger/verify_attempt.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::AuthenticatedRecipe;
using ::pitser::testing::kTestDay;
using ::pitser::testing::kTestTime;
using ::pitser::testing::MakeCalendarLinks;
using ::pitser::testing::MakePublicationsFile;
using ::pitser::testing::PublicationOf;
using ::pitser::testing::PublishedRecipe;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::ValueOf;

constexpr std::uint64_t kPublished = kTestTime + 10 * kTestDay;

// What both policies by publication have in common, seen from the outside.
struct PublicationPolicy {
  Policy policy;
  ErrorCode carried_code;  // For a publication inside the signature that differs.
  std::string carried_rule;
  std::string target_rule;  // That there is a publication to extend to.
  void (*offer)(Attempt&, const PublicationData&);
};

void OfferInFile(Attempt& attempt, const PublicationData& data) {
  attempt.publications_file = MakePublicationsFile({}, {{data, {"Daily Seal"}, {}}});
}
void OfferByUser(Attempt& attempt, const PublicationData& data) { attempt.user_publication = data; }

// The calendar hash chain of a right extender, for the signature of AuthenticatedRecipe().
CalendarHashChain ChainTo(std::uint64_t publication_time,
                          HashAlgorithm algorithm = HashAlgorithm::kSha256) {
  const Signature signature = testing::MakeSignature(AuthenticatedRecipe());
  return {.publication_time = publication_time,
          .aggregation_time = kTestTime,
          .input_hash = ValueOf(signature.AggregationRoot()).imprint,
          .links = MakeCalendarLinks(kTestTime, publication_time, algorithm)};
}

PublicationData RootOf(const CalendarHashChain& chain) {
  return {chain.publication_time, ValueOf(FoldCalendarLinks(chain.input_hash, chain.links))};
}

ExtendFunction Answer(CalendarHashChain chain) {
  return [chain = std::move(chain)](std::uint64_t, std::optional<std::uint64_t>) { return chain; };
}

class VerifyByPublication : public ::testing::TestWithParam<PublicationPolicy> {
 protected:
  // A signature that carries the publication at hand.
  Attempt Carrying() const {
    Attempt attempt;
    attempt.document_hash = SomeImprint("pitser");
    attempt.recipe = PublishedRecipe();
    GetParam().offer(attempt, PublicationOf(testing::MakeSignature(attempt.recipe)));
    return attempt;
  }

  // A signature of today, a publication of ten days later, and an extender that leads to it by
  // `chain`.
  Attempt Extending(const CalendarHashChain& chain = ChainTo(kPublished)) const {
    Attempt attempt;
    attempt.document_hash = SomeImprint("pitser");
    GetParam().offer(attempt, RootOf(chain));
    attempt.extending_allowed = true;
    attempt.extend = Answer(chain);
    return attempt;
  }

  VerificationResult Verify(const Attempt& attempt) const {
    return ValueOf(attempt.Verify(GetParam().policy));
  }

  void ExpectOk(const Attempt& attempt) const {
    const VerificationResult result = Verify(attempt);
    EXPECT_EQ(result.outcome, Outcome::kOk) << result.rule << " " << result.cause;
    EXPECT_EQ(result.policy, PolicyName(GetParam().policy));
  }

  void ExpectFailed(const Attempt& attempt, ErrorCode code, std::string_view rule) const {
    const VerificationResult result = Verify(attempt);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(ErrorCodeName(result.code), ErrorCodeName(code));
    EXPECT_EQ(result.rule, rule);
    EXPECT_EQ(result.cause, "");
  }

  // Inconclusive; returns the cause.
  std::string ExpectOpen(const Attempt& attempt, std::string_view rule) const {
    const VerificationResult result = Verify(attempt);
    EXPECT_EQ(result.outcome, Outcome::kInconclusive);
    EXPECT_EQ(ErrorCodeName(result.code), "GEN-02");
    EXPECT_EQ(result.rule, rule);
    EXPECT_NE(result.cause, "");
    return result.cause;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Policies, VerifyByPublication,
    ::testing::Values(PublicationPolicy{Policy::kPublicationsFileBased, ErrorCode::kPub05,
                                        "publication-record-is-in-file",
                                        "publications-file-is-at-hand", OfferInFile},
                      PublicationPolicy{Policy::kUserPublicationBased, ErrorCode::kPub04,
                                        "publication-record-is-the-users",
                                        "user-publication-is-given", OfferByUser}),
    [](const auto& instance) {
      return std::string(instance.param.policy == Policy::kPublicationsFileBased ? "File" : "User");
    });

TEST_P(VerifyByPublication, AcceptsThePublicationThatIsCarried) { ExpectOk(Carrying()); }

TEST_P(VerifyByPublication, RefusesAnotherHashAtTheTimeOfTheCarriedOne) {
  Attempt attempt = Carrying();
  GetParam().offer(attempt, {kPublished, SomeImprint("elsewhere")});
  ExpectFailed(attempt, GetParam().carried_code, GetParam().carried_rule);
  GetParam().offer(attempt, {kPublished, SomeImprint("elsewhere", HashAlgorithm::kSha512)});
  ExpectFailed(attempt, GetParam().carried_code, GetParam().carried_rule);
  GetParam().offer(attempt, {kPublished, Imprint::Zero(HashAlgorithm::kSha256)});
  ExpectFailed(attempt, GetParam().carried_code, GetParam().carried_rule);
  // Not even with an extender that would lead there.
  attempt.extending_allowed = true;
  attempt.extend = Answer(ChainTo(kPublished));
  ExpectFailed(attempt, GetParam().carried_code, GetParam().carried_rule);
}

TEST_P(VerifyByPublication, CarriedChainWithDeprecatedAlgorithmIsInconclusive) {
  Attempt attempt;
  attempt.recipe = PublishedRecipe();
  attempt.recipe.calendar->links = MakeCalendarLinks(kTestTime, kPublished, HashAlgorithm::kSha512);
  GetParam().offer(attempt, PublicationOf(testing::MakeSignature(attempt.recipe)));
  attempt.algorithms = DeprecatedSince(HashAlgorithm::kSha512, kPublished + 1);
  ExpectOk(attempt);
  attempt.algorithms = DeprecatedSince(HashAlgorithm::kSha512, kPublished);
  ExpectOpen(attempt, "calendar-algorithms-are-trusted");
}

TEST_P(VerifyByPublication, WithoutPublicationIsInconclusive) {
  Attempt attempt = Carrying();
  attempt.publications_file.reset();
  attempt.user_publication.reset();
  ExpectOpen(attempt, GetParam().target_rule);
}

TEST_P(VerifyByPublication, ExtendsToThePublication) { ExpectOk(Extending()); }

TEST_P(VerifyByPublication, ExtendsASignatureWithoutCalendar) {
  Attempt attempt = Extending();
  attempt.recipe.calendar.reset();
  attempt.recipe.record = testing::Record::kNone;
  ExpectOk(attempt);
}

TEST_P(VerifyByPublication, ExtendsWhenTheCarriedPublicationIsOfAnotherTime) {
  Attempt attempt = Extending();
  attempt.recipe = PublishedRecipe();
  attempt.recipe.calendar->publication_time = kPublished - kTestDay;
  ExpectOk(attempt);
}

TEST_P(VerifyByPublication, AsksTheExtenderOnceForItsTimes) {
  Attempt attempt = Extending();
  int calls = 0;
  attempt.extend = [&](std::uint64_t from, std::optional<std::uint64_t> to) {
    ++calls;
    EXPECT_EQ(from, kTestTime);
    EXPECT_EQ(to, kPublished);
    return ChainTo(kPublished);
  };
  ExpectOk(attempt);
  EXPECT_EQ(calls, 1);
}

TEST_P(VerifyByPublication, ExtendingMustBeAllowed) {
  Attempt attempt = Extending();
  attempt.extending_allowed = false;
  EXPECT_THAT(ExpectOpen(attempt, "extending-is-allowed"), ::testing::HasSubstr("not allowed"));
}

TEST_P(VerifyByPublication, WithoutExtenderIsInconclusive) {
  Attempt attempt = Extending();
  attempt.extend = {};
  EXPECT_EQ(ExpectOpen(attempt, "extender-answers"), "no extender at hand");
}

TEST_P(VerifyByPublication, ExtenderErrorsAreInconclusiveWithTheirCause) {
  for (const absl::Status& error :
       {absl::UnavailableError("connection refused"), absl::OutOfRangeError("beyond the head"),
        absl::InvalidArgumentError("malformed answer"),
        absl::PermissionDeniedError("wrong HMAC")}) {
    Attempt attempt = Extending();
    attempt.extend = [&](std::uint64_t, std::optional<std::uint64_t>) { return error; };
    EXPECT_THAT(ExpectOpen(attempt, "extender-answers"),
                ::testing::HasSubstr(std::string(error.message())));
  }
}

TEST_P(VerifyByPublication, ExtendedChainWithDeprecatedAlgorithmIsInconclusive) {
  Attempt attempt = Extending(ChainTo(kPublished, HashAlgorithm::kSha512));
  attempt.algorithms = DeprecatedSince(HashAlgorithm::kSha512, kPublished + 1);
  ExpectOk(attempt);
  attempt.algorithms = DeprecatedSince(HashAlgorithm::kSha512, kPublished);
  ExpectOpen(attempt, "extended-algorithms-are-trusted");
  attempt.algorithms = ObsoleteSince(HashAlgorithm::kSha512, kPublished);
  ExpectOpen(attempt, "extended-algorithms-are-trusted");
}

TEST_P(VerifyByPublication, RefusesAChainToAnotherRoot) {
  Attempt attempt = Extending();
  GetParam().offer(attempt, {kPublished, SomeImprint("elsewhere")});
  ExpectFailed(attempt, ErrorCode::kPub01, "extended-root-matches-publication");

  attempt = Extending();
  CalendarHashChain chain = ChainTo(kPublished);
  chain.links.front().sibling = SomeImprint("elsewhere");
  attempt.extend = Answer(chain);
  ExpectFailed(attempt, ErrorCode::kPub01, "extended-root-matches-publication");

  chain = ChainTo(kPublished);
  chain.input_hash = SomeImprint("elsewhere");
  attempt.extend = Answer(chain);
  ExpectFailed(attempt, ErrorCode::kPub01, "extended-root-matches-publication");
}

// In each the root is right, so that the times alone decide.
TEST_P(VerifyByPublication, RefusesAChainOfOtherTimes) {
  const auto expect_inconsistent = [this](const CalendarHashChain& chain) {
    Attempt attempt = Extending(ChainTo(kPublished));
    GetParam().offer(attempt, {kPublished, RootOf(chain).hash});
    attempt.extend = Answer(chain);
    ExpectFailed(attempt, ErrorCode::kPub02, "extended-times-match");
  };
  CalendarHashChain chain = ChainTo(kPublished);
  chain.publication_time = kPublished + 1;
  expect_inconsistent(chain);

  chain = ChainTo(kPublished);
  chain.aggregation_time = kTestTime + 1;
  expect_inconsistent(chain);

  chain = ChainTo(kPublished);
  chain.aggregation_time.reset();  // That is to say the publication time.
  expect_inconsistent(chain);

  // The times are as asked, but the shape is another second's, or no second's.
  chain = ChainTo(kPublished);
  chain.links = MakeCalendarLinks(kTestTime + 1, kPublished);
  expect_inconsistent(chain);

  chain = ChainTo(kPublished);
  chain.links.pop_back();
  expect_inconsistent(chain);

  chain = ChainTo(kPublished + kTestDay);
  expect_inconsistent(chain);
}

TEST_P(VerifyByPublication, RefusesAChainOfAnotherInput) {
  for (const Imprint& input :
       {SomeImprint("elsewhere"), SomeImprint("elsewhere", HashAlgorithm::kSha512),
        Imprint::Zero(HashAlgorithm::kSha256)}) {
    CalendarHashChain chain = ChainTo(kPublished);
    chain.input_hash = input;
    ExpectFailed(Extending(chain), ErrorCode::kPub03, "extended-input-matches-aggregation-root");
  }
}

TEST(VerifyByPublicationsFile, ExtendsToTheNearestPublication) {
  Attempt attempt;
  const CalendarHashChain near = ChainTo(kPublished);
  const PublicationData older{kTestTime - 1, SomeImprint("older")};
  const PublicationData later{kPublished + kTestDay, SomeImprint("later")};
  attempt.publications_file =
      MakePublicationsFile({}, {{older, {}, {}}, {RootOf(near), {}, {}}, {later, {}, {}}});
  attempt.extending_allowed = true;
  attempt.extend = Answer(near);
  EXPECT_EQ(ValueOf(attempt.Verify(Policy::kPublicationsFileBased)).outcome, Outcome::kOk);
}

TEST(VerifyByPublicationsFile, ExtendsToAPublicationOfTheSameSecond) {
  Attempt attempt;
  const CalendarHashChain same = ChainTo(kTestTime);
  attempt.publications_file = MakePublicationsFile({}, {{RootOf(same), {}, {}}});
  attempt.extending_allowed = true;
  attempt.extend = Answer(same);
  EXPECT_EQ(ValueOf(attempt.Verify(Policy::kPublicationsFileBased)).outcome, Outcome::kOk);
}

TEST(VerifyByPublicationsFile, OneOfSeveralPublicationsOfATimeIsEnough) {
  Attempt attempt;
  attempt.recipe = PublishedRecipe();
  const PublicationData right = PublicationOf(testing::MakeSignature(attempt.recipe));
  const PublicationData wrong{right.time, SomeImprint("elsewhere")};
  attempt.publications_file = MakePublicationsFile({}, {{wrong, {}, {}}, {right, {}, {}}});
  EXPECT_EQ(ValueOf(attempt.Verify(Policy::kPublicationsFileBased)).outcome, Outcome::kOk);
}

TEST(VerifyByPublicationsFile, NewerThanTheNewestPublicationIsInconclusive) {
  Attempt attempt;
  attempt.extending_allowed = true;
  attempt.publications_file =
      MakePublicationsFile({}, {{{kTestTime - 1, SomeImprint("older")}, {}, {}}});
  VerificationResult result = ValueOf(attempt.Verify(Policy::kPublicationsFileBased));
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_EQ(result.rule, "later-publication-is-in-file");
  EXPECT_EQ(result.cause, "the signature is newer than the newest publication");

  attempt.publications_file = MakePublicationsFile({}, {});
  result = ValueOf(attempt.Verify(Policy::kPublicationsFileBased));
  EXPECT_EQ(result.rule, "later-publication-is-in-file");
  EXPECT_EQ(result.cause, "the publications file holds no publication yet");
}

// One rule for both: a publication covers its own second, too.
TEST(VerifyByUserPublication, ExtendsToAPublicationOfTheSameSecond) {
  Attempt attempt;
  const CalendarHashChain same = ChainTo(kTestTime);
  attempt.user_publication = RootOf(same);
  attempt.extending_allowed = true;
  attempt.extend = Answer(same);
  EXPECT_EQ(ValueOf(attempt.Verify(Policy::kUserPublicationBased)).outcome, Outcome::kOk);
}

TEST(VerifyByUserPublication, MustNotBeBeforeTheSignature) {
  for (const std::uint64_t time : {kTestTime - 1, std::uint64_t{0}}) {
    Attempt attempt;
    attempt.extending_allowed = true;
    attempt.user_publication = {time, SomeImprint("older")};
    const VerificationResult result = ValueOf(attempt.Verify(Policy::kUserPublicationBased));
    EXPECT_EQ(result.outcome, Outcome::kInconclusive);
    EXPECT_EQ(result.rule, "signed-before-user-publication");
  }
}

}  // namespace
}  // namespace pitser::ledger
