#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_keys.h"
#include "tests/unit/ledger/verify_attempt.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::AuthenticatedRecipe;
using ::pitser::testing::IssueCalendarCertificate;
using ::pitser::testing::kTestDay;
using ::pitser::testing::kTestTime;
using ::pitser::testing::MakeCalendarLinks;
using ::pitser::testing::MakePublicationsFile;
using ::pitser::testing::PublishedRecipe;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::TestTrust;
using ::pitser::testing::ValueOf;

constexpr std::uint64_t kPublished = kTestTime + 10 * kTestDay;

PrivateKey OtherKey() { return ValueOf(PrivateKey::FromPem(testing::kTestOtherKeyPem)); }

// Everything that key-based verification asks for.
Attempt WholeAttempt() {
  Attempt attempt;
  attempt.document_hash = SomeImprint("pitser");
  attempt.publications_file = MakePublicationsFile({TestTrust::Get().calendar_record()}, {});
  return attempt;
}

// A publications file with `der` under the id that the signature names.
void ListUnderTheId(Attempt& attempt, ByteVector der) {
  attempt.publications_file =
      MakePublicationsFile({{TestTrust::Get().calendar_record().id, std::move(der)}}, {});
}

// Authenticated with a later calendar root, so that the chain has left links, of SHA-512.
void AuthenticateLater(Attempt& attempt) {
  attempt.recipe.calendar->publication_time = kPublished;
  attempt.recipe.calendar->links = MakeCalendarLinks(kTestTime, kPublished, HashAlgorithm::kSha512);
}

void Unchanged(Attempt&) {}

void ValidBetween(Attempt& attempt, std::uint64_t not_before, std::uint64_t not_after) {
  ListUnderTheId(
      attempt,
      IssueCalendarCertificate(TestTrust::Get().calendar_key, not_before, not_after).der());
}

// The signature value with one bit changed.
ByteVector ChangedValue(std::size_t bit) {
  const Signature signature = testing::MakeSignature(AuthenticatedRecipe());
  ByteVector value = ToVector(signature.authentication_record()->signature_value);
  value[bit / 8] = static_cast<std::uint8_t>(value[bit / 8] ^ (1 << bit % 8));
  return value;
}

std::vector<RuleCase> InconclusiveCases() {
  constexpr ErrorCode kCode = ErrorCode::kGen02;
  return {
      {"NoCalendar", kCode, "calendar-chain-is-present",
       [](Attempt& a) {
         a.recipe.calendar.reset();
         a.recipe.record = testing::Record::kNone;
       },
       Unchanged},
      {"LeftSiblingDeprecated", kCode, "calendar-algorithms-are-trusted",
       [](Attempt& a) {
         AuthenticateLater(a);
         a.algorithms = DeprecatedSince(HashAlgorithm::kSha512, kPublished);
       },
       [](Attempt& a) {
         AuthenticateLater(a);
         a.algorithms = DeprecatedSince(HashAlgorithm::kSha512, kPublished + 1);
       }},
      {"NoRecord", kCode, "authentication-record-is-present",
       [](Attempt& a) { a.recipe.record = testing::Record::kNone; }, Unchanged},
      {"PublicationInsteadOfRecord", kCode, "authentication-record-is-present",
       [](Attempt& a) { a.recipe = PublishedRecipe(); }, Unchanged},
      {"NoPublicationsFile", kCode, "publications-file-is-at-hand",
       [](Attempt& a) { a.publications_file.reset(); }, Unchanged},
      {"FileWithoutCertificates", kCode, "certificate-is-listed",
       [](Attempt& a) { a.publications_file = MakePublicationsFile({}, {}); }, Unchanged},
      {"FileWithAnotherCertificate", kCode, "certificate-is-listed",
       [](Attempt& a) {
         const Certificate other = IssueCalendarCertificate(OtherKey(), 0, kPublished);
         a.publications_file =
             MakePublicationsFile({{CertificateIdOf(other.der()), other.der()}}, {});
       },
       [](Attempt& a) {
         const Certificate other = IssueCalendarCertificate(OtherKey(), 0, kPublished);
         a.publications_file = MakePublicationsFile(
             {{CertificateIdOf(other.der()), other.der()}, TestTrust::Get().calendar_record()}, {});
       }},
      {"SignatureNamesAnotherCertificate", kCode, "certificate-is-listed",
       [](Attempt& a) {
         a.recipe.authentication.certificate_id = ByteVector{1, 2, 3, 4};
       },
       // The id is opaque: any bytes do, if the file has them.
       [](Attempt& a) {
         a.recipe.authentication.certificate_id = ByteVector{1, 2, 3, 4};
         a.publications_file =
             MakePublicationsFile({{{1, 2, 3, 4}, TestTrust::Get().calendar.der()}}, {});
       }},
  };
}

std::vector<RuleCase> FailedCases() {
  constexpr char kName[] = "authentication-signature-verifies";
  std::vector<RuleCase> cases = {
      {"CertificateExpiredASecondBefore", ErrorCode::kKey03, "certificate-was-valid",
       [](Attempt& a) { ValidBetween(a, 0, kTestTime - 1); },
       [](Attempt& a) { ValidBetween(a, 0, kTestTime); }},
      {"CertificateBeganASecondAfter", ErrorCode::kKey03, "certificate-was-valid",
       [](Attempt& a) { ValidBetween(a, kTestTime + 1, kPublished); },
       [](Attempt& a) { ValidBetween(a, kTestTime, kPublished); }},
      // The aggregation time counts, not that of the calendar root.
      {"CertificateOnlyValidAtPublication", ErrorCode::kKey03, "certificate-was-valid",
       [](Attempt& a) {
         AuthenticateLater(a);
         ValidBetween(a, kPublished, kPublished + kTestDay);
       },
       [](Attempt& a) {
         AuthenticateLater(a);
         ValidBetween(a, kTestTime, kTestTime);
       }},

      {"SignedByAnotherKey", ErrorCode::kKey02, kName,
       [](Attempt& a) { a.recipe.authentication.key = OtherKey(); },
       [](Attempt& a) {
         a.recipe.authentication.key = OtherKey();
         ListUnderTheId(a, IssueCalendarCertificate(OtherKey(), 0, kPublished).der());
       }},
      {"FirstBitChanged", ErrorCode::kKey02, kName,
       [](Attempt& a) { a.recipe.authentication.signature_value = ChangedValue(0); }, Unchanged},
      {"LastBitChanged", ErrorCode::kKey02, kName,
       [](Attempt& a) { a.recipe.authentication.signature_value = ChangedValue(2047); }, Unchanged},
      {"NoSignatureValue", ErrorCode::kKey02, kName,
       [](Attempt& a) { a.recipe.authentication.signature_value = ByteVector{}; }, Unchanged},
      {"SignatureOfAnotherSecond", ErrorCode::kKey02, kName,
       [](Attempt& a) {
         testing::SignatureRecipe other = a.recipe;
         other.time = kTestTime - 1;
         other.calendar->publication_time = kTestTime - 1;
         const Signature signature = testing::MakeSignature(other);
         a.recipe.authentication.signature_value =
             ToVector(signature.authentication_record()->signature_value);
       },
       Unchanged},
      {"CertificateThatIsNone", ErrorCode::kKey02, kName,
       [](Attempt& a) {
         ListUnderTheId(a, {0x30, 0x00});
       },
       Unchanged},
      {"FirstOfTwoCertificatesWithThisId", ErrorCode::kKey02, kName,
       [](Attempt& a) {
         const CertificateRecord right = TestTrust::Get().calendar_record();
         const Certificate other = IssueCalendarCertificate(OtherKey(), 0, kPublished);
         a.publications_file = MakePublicationsFile({{right.id, other.der()}, right}, {});
       },
       [](Attempt& a) {
         const CertificateRecord right = TestTrust::Get().calendar_record();
         const Certificate other = IssueCalendarCertificate(OtherKey(), 0, kPublished);
         a.publications_file = MakePublicationsFile({right, {right.id, other.der()}}, {});
       }},
  };
  const std::pair<const char*, const char*> types[] = {
      {"TypeSha1WithRsa", "1.2.840.113549.1.1.5"},
      {"TypeSha384WithRsa", "1.2.840.113549.1.1.12"},
      {"TypeSha512WithRsa", "1.2.840.113549.1.1.13"},
      {"TypeCms", "1.2.840.113549.1.7.2"},
      {"TypeEmpty", ""},
      {"TypeInWords", "sha256WithRSAEncryption"},
  };
  for (const auto& type : types) {
    const std::string oid = type.second;
    cases.push_back({type.first, ErrorCode::kKey02, kName,
                     [oid](Attempt& a) { a.recipe.authentication.signature_type = oid; },
                     Unchanged});
  }
  return cases;
}

class KeyRule : public ::testing::TestWithParam<RuleCase> {};

TEST_P(KeyRule, DecidesWhenBroken) {
  Attempt attempt = WholeAttempt();
  GetParam().breaks(attempt);
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(Policy::kKeyBased));
  EXPECT_EQ(ErrorCodeName(result.code), ErrorCodeName(GetParam().code));
  EXPECT_EQ(result.rule, GetParam().rule);
  EXPECT_EQ(result.policy, "key-based");
  EXPECT_EQ(result.outcome, OutcomeOf(GetParam().code));
  // What was missing is said; what is wrong has its code.
  EXPECT_EQ(result.cause.empty(), result.outcome == Outcome::kFailed) << result.cause;

  // A signature that no key vouches for is consistent in itself all the same.
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult internal, attempt.Verify(Policy::kInternal));
  EXPECT_EQ(internal.outcome, Outcome::kOk);
}

TEST_P(KeyRule, PassesItsTwin) {
  Attempt attempt = WholeAttempt();
  GetParam().passes(attempt);
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(Policy::kKeyBased));
  EXPECT_EQ(result.outcome, Outcome::kOk) << result.rule << " " << result.cause;
}

std::string CaseName(const ::testing::TestParamInfo<RuleCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Inconclusive, KeyRule, ::testing::ValuesIn(InconclusiveCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Failed, KeyRule, ::testing::ValuesIn(FailedCases()), CaseName);

TEST(VerifyKeyBased, SaysWhatWasMissing) {
  Attempt attempt = WholeAttempt();
  attempt.publications_file.reset();
  PITSER_ASSERT_OK_AND_ASSIGN(VerificationResult result, attempt.Verify(Policy::kKeyBased));
  EXPECT_EQ(result.cause, "no publications file at hand");

  attempt = WholeAttempt();
  attempt.recipe.authentication.certificate_id = ByteVector{0xAB, 2, 3, 4};
  PITSER_ASSERT_OK_AND_ASSIGN(result, attempt.Verify(Policy::kKeyBased));
  EXPECT_THAT(result.cause, ::testing::HasSubstr("ab020304"));
}

// The certificate decoded last is kept: another one under the same id is another one all the same.
TEST(VerifyKeyBased, TellsCertificatesOfOneIdApartInAnyOrder) {
  const Attempt right = WholeAttempt();
  Attempt foreign = WholeAttempt();
  ListUnderTheId(foreign, IssueCalendarCertificate(OtherKey(), 0, kPublished).der());
  Attempt none = WholeAttempt();
  ListUnderTheId(none, {0x30, 0x00});
  Attempt expired = WholeAttempt();
  ValidBetween(expired, 0, kTestTime - 1);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ValueOf(right.Verify(Policy::kKeyBased)).outcome, Outcome::kOk);
    EXPECT_EQ(ValueOf(foreign.Verify(Policy::kKeyBased)).code, ErrorCode::kKey02);
    EXPECT_EQ(ValueOf(right.Verify(Policy::kKeyBased)).outcome, Outcome::kOk);
    EXPECT_EQ(ValueOf(none.Verify(Policy::kKeyBased)).code, ErrorCode::kKey02);
    EXPECT_EQ(ValueOf(expired.Verify(Policy::kKeyBased)).code, ErrorCode::kKey03);
  }
}

TEST(VerifyKeyBased, AcceptsWhatASingleNodeSigns) {
  Attempt attempt = WholeAttempt();
  attempt.recipe = testing::SingleNodeRecipe();
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(Policy::kKeyBased));
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.verdicts.back().rule, "authentication-signature-verifies");
}

}  // namespace
}  // namespace pitser::ledger
