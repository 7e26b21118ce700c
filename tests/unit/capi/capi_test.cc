#include <memory>
#include <string>
#include <string_view>

#include "capi/pitser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/bytes.h"
#include "ledger/format/publication.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"

namespace pitser {
namespace {

using ::pitser::testing::AuthenticatedRecipe;
using ::pitser::testing::kTestTime;
using ::pitser::testing::MakePublicationsFile;
using ::pitser::testing::MakeSignatureBytes;
using ::pitser::testing::PublicationOf;
using ::pitser::testing::PublishedRecipe;
using ::pitser::testing::TestTrust;
using ::testing::HasSubstr;

constexpr std::string_view kDocument = "pitser";  // Of the recipes.

const std::uint8_t* Data(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

struct Free {
  void operator()(pitser_signature* it) const { pitser_signature_free(it); }
  void operator()(pitser_publications* it) const { pitser_publications_free(it); }
  void operator()(pitser_hasher* it) const { pitser_hasher_free(it); }
};
using SignaturePtr = std::unique_ptr<pitser_signature, Free>;
using PublicationsPtr = std::unique_ptr<pitser_publications, Free>;
using HasherPtr = std::unique_ptr<pitser_hasher, Free>;

SignaturePtr Parse(const ledger::ByteVector& bytes) {
  pitser_signature* signature = nullptr;
  pitser_error error;
  EXPECT_EQ(pitser_signature_parse(bytes.data(), bytes.size(), &signature, &error), PITSER_OK)
      << error.text;
  EXPECT_STREQ(error.text, "");
  return SignaturePtr(signature);
}
SignaturePtr Authenticated() { return Parse(MakeSignatureBytes(AuthenticatedRecipe())); }
SignaturePtr Published() { return Parse(MakeSignatureBytes(PublishedRecipe())); }

std::string Constraint() {
  const ledger::SubjectConstraint constraint = TestTrust::Get().constraint();
  return constraint.oid + "=" + constraint.value;
}

struct TrustedFile {
  pitser_status status;
  PublicationsPtr publications;
  std::string error;
};

// The test ledger's publications file, with the publication that PublishedRecipe() has.
ledger::ByteVector PublicationsBytes() {
  const auto published = PublicationOf(testing::MakeSignature(PublishedRecipe()));
  return ledger::ToVector(
      MakePublicationsFile({TestTrust::Get().calendar_record()}, {{published, {}, {}}}).bytes());
}

TrustedFile Trust(const ledger::ByteVector& bytes, const std::string& pem,
                  const std::string& constraint, std::uint64_t at_time = kTestTime) {
  pitser_publications* publications = nullptr;
  pitser_error error;
  const char* const constraints[] = {constraint.c_str()};
  const pitser_status status =
      pitser_publications_parse(bytes.data(), bytes.size(), pem.data(), pem.size(), constraints, 1,
                                at_time, &publications, &error);
  return {status, PublicationsPtr(publications), error.text};
}
PublicationsPtr GoodPublications() {
  TrustedFile file = Trust(PublicationsBytes(), TestTrust::Get().root.pem(), Constraint());
  EXPECT_EQ(file.status, PITSER_OK) << file.error;
  return std::move(file.publications);
}

pitser_verify_options OptionsFor(std::string_view document) {
  pitser_verify_options options = PITSER_VERIFY_OPTIONS_INIT;
  options.document = Data(document);
  options.document_size = document.size();
  return options;
}

pitser_result Verify(const SignaturePtr& signature, const pitser_verify_options& options) {
  pitser_result result = PITSER_RESULT_INIT;
  pitser_error error;
  EXPECT_EQ(pitser_verify(signature.get(), &options, &result, &error), PITSER_OK) << error.text;
  return result;
}

TEST(CApi, SaysItsVersion) {
  EXPECT_THAT(pitser_version(), ::testing::ContainsRegex("^[0-9]+\\.[0-9]+\\.[0-9]+$"));
  EXPECT_EQ(pitser_abi_version(), PITSER_ABI_VERSION);
}

TEST(CApi, ShowsWhatASignatureSays) {
  const SignaturePtr signature = Authenticated();
  EXPECT_EQ(pitser_signature_time(signature.get()), kTestTime);
  EXPECT_STREQ(pitser_signature_algorithm(signature.get()), "SHA-256");
  std::size_t size = 0;
  const std::uint8_t* imprint = pitser_signature_imprint(signature.get(), &size);
  const ledger::Imprint expected = AuthenticatedRecipe().document_hash;
  EXPECT_EQ(ledger::ByteVector(imprint, imprint + size), ledger::ToVector(expected.bytes()));

  const auto identities = testing::MakeSignature(AuthenticatedRecipe()).Identities();
  ASSERT_EQ(pitser_signature_identity_count(signature.get()), identities.size());
  for (std::size_t i = 0; i < identities.size(); ++i) {
    pitser_identity identity;
    ASSERT_EQ(pitser_signature_identity(signature.get(), i, &identity), PITSER_OK);
    const ledger::Metadata& metadata = identities[i].metadata;
    EXPECT_EQ(identity.client_id, metadata.client_id);
    EXPECT_EQ(identity.machine_id != nullptr, metadata.machine_id.has_value());
    EXPECT_EQ(identity.has_sequence_number != 0, metadata.sequence_number.has_value());
    EXPECT_EQ(identity.sequence_number, metadata.sequence_number.value_or(0));
    EXPECT_EQ(identity.request_time_us, metadata.request_time_us.value_or(0));
    EXPECT_EQ(identity.is_legacy, 0);
  }
  pitser_identity identity;
  EXPECT_EQ(pitser_signature_identity(signature.get(), identities.size(), &identity),
            PITSER_INVALID_ARGUMENT);
}

TEST(CApi, MalformedSignaturesAreToldByPlaceAndGiveNothing) {
  ledger::ByteVector bytes = MakeSignatureBytes(AuthenticatedRecipe());
  bytes.pop_back();
  auto* signature = reinterpret_cast<pitser_signature*>(&bytes);
  pitser_error error;
  EXPECT_EQ(pitser_signature_parse(bytes.data(), bytes.size(), &signature, &error),
            PITSER_MALFORMED);
  EXPECT_EQ(signature, nullptr);
  EXPECT_THAT(error.text, HasSubstr("offset"));
  EXPECT_EQ(pitser_signature_parse(bytes.data(), 0, &signature, nullptr), PITSER_MALFORMED);
  bytes.resize(std::size_t{1} << 20);
  EXPECT_EQ(pitser_signature_parse(bytes.data(), bytes.size(), &signature, &error),
            PITSER_MALFORMED);
}

TEST(CApi, VerifiesByEachPolicy) {
  const PublicationsPtr publications = GoodPublications();
  EXPECT_EQ(pitser_publications_count(publications.get()), 1U);
  const auto published = PublicationOf(testing::MakeSignature(PublishedRecipe()));
  EXPECT_EQ(pitser_publications_latest_time(publications.get()), published.time);
  const std::string code = ledger::EncodePublicationCode(published);

  pitser_verify_options options = OptionsFor(kDocument);
  options.publications = publications.get();
  pitser_result result = Verify(Authenticated(), options);
  EXPECT_EQ(result.outcome, PITSER_OUTCOME_OK) << result.rule << result.cause;
  EXPECT_STREQ(result.policy, "key-based");
  EXPECT_STREQ(result.code, "");
  EXPECT_STREQ(result.rule, "");
  EXPECT_STREQ(result.cause, "");
  EXPECT_EQ(result.signing_time, kTestTime);
  EXPECT_EQ(result.suggested_publication_time, published.time);

  result = Verify(Published(), options);
  EXPECT_EQ(result.outcome, PITSER_OUTCOME_OK);
  EXPECT_STREQ(result.policy, "publications-file-based");
  EXPECT_EQ(result.suggested_publication_time, 0U);

  options.policy = PITSER_POLICY_PUBLICATIONS_FILE;
  EXPECT_EQ(Verify(Authenticated(), options).outcome, PITSER_OUTCOME_INCONCLUSIVE);
  options.policy = PITSER_POLICY_KEY;
  EXPECT_EQ(Verify(Published(), options).outcome, PITSER_OUTCOME_INCONCLUSIVE);
  options.publications = nullptr;
  options.policy = PITSER_POLICY_INTERNAL;
  EXPECT_EQ(Verify(Authenticated(), options).outcome, PITSER_OUTCOME_OK);
  options.policy = PITSER_POLICY_USER_PUBLICATION;
  options.publication_code = code.c_str();
  EXPECT_EQ(Verify(Published(), options).outcome, PITSER_OUTCOME_OK);
}

TEST(CApi, RefusesAnotherDocumentWithTheReason) {
  const pitser_result result = Verify(Authenticated(), OptionsFor("another document"));
  EXPECT_EQ(result.outcome, PITSER_OUTCOME_FAILED);
  EXPECT_STREQ(result.code, "GEN-01");
  EXPECT_STREQ(result.code_text, "Wrong document");
  EXPECT_STREQ(result.rule, "document-hash-matches");
  EXPECT_STRNE(result.explanation, "");
  // An empty document is a document too.
  EXPECT_STREQ(Verify(Authenticated(), OptionsFor("")).code, "GEN-01");
}

TEST(CApi, WithoutEvidenceItIsInconclusiveAndSaysWhatIsMissing) {
  const pitser_result result = Verify(Authenticated(), OptionsFor(kDocument));
  EXPECT_EQ(result.outcome, PITSER_OUTCOME_INCONCLUSIVE);
  EXPECT_STREQ(result.code, "GEN-02");
  EXPECT_THAT(result.cause, HasSubstr("no publications file at hand"));
}

TEST(CApi, HashesADocumentThatComesInPieces) {
  const SignaturePtr signature = Authenticated();
  pitser_hasher* made = nullptr;
  ASSERT_EQ(pitser_hasher_new(signature.get(), &made, nullptr), PITSER_OK);
  const HasherPtr hasher(made);
  for (int round = 0; round < 2; ++round) {  // It starts anew.
    ASSERT_EQ(pitser_hasher_update(made, Data(kDocument), 3), PITSER_OK);
    ASSERT_EQ(pitser_hasher_update(made, nullptr, 0), PITSER_OK);
    ASSERT_EQ(pitser_hasher_update(made, Data(kDocument) + 3, kDocument.size() - 3), PITSER_OK);
    pitser_verify_options options = PITSER_VERIFY_OPTIONS_INIT;
    options.policy = PITSER_POLICY_INTERNAL;
    options.document_imprint = pitser_hasher_finish(made, &options.document_imprint_size);
    EXPECT_EQ(Verify(signature, options).outcome, PITSER_OUTCOME_OK);
  }
}

TEST(CApi, PublicationsFilesMustBeTrusted) {
  const TestTrust& trust = TestTrust::Get();
  const std::string root = trust.root.pem();
  EXPECT_EQ(Trust(PublicationsBytes(), trust.calendar.pem(), Constraint()).status,
            PITSER_NOT_TRUSTED);
  const TrustedFile file = Trust(PublicationsBytes(), root, "email=somebody@example.org");
  EXPECT_EQ(file.status, PITSER_NOT_TRUSTED);
  EXPECT_EQ(file.publications, nullptr);
  EXPECT_NE(file.error, "");
  EXPECT_EQ(Trust(PublicationsBytes(), root, Constraint(), 1).status, PITSER_NOT_TRUSTED);
  EXPECT_EQ(Trust(PublicationsBytes(), "no PEM", Constraint()).status, PITSER_INVALID_ARGUMENT);
  EXPECT_EQ(Trust(PublicationsBytes(), root, "email").status, PITSER_INVALID_ARGUMENT);
  ledger::ByteVector cut = PublicationsBytes();
  cut.pop_back();
  EXPECT_EQ(Trust(cut, root, Constraint()).status, PITSER_MALFORMED);
  // Nobody may leave out who is to have signed it.
  const ledger::ByteVector bytes = PublicationsBytes();
  pitser_publications* publications = nullptr;
  EXPECT_EQ(pitser_publications_parse(bytes.data(), bytes.size(), root.data(), root.size(), nullptr,
                                      0, kTestTime, &publications, nullptr),
            PITSER_INVALID_ARGUMENT);
}

TEST(CApi, MistakesOfTheCallerAreRefusedAndNeverMeanYes) {
  const SignaturePtr signature = Authenticated();
  const auto refused = [&](const pitser_verify_options& options) {
    pitser_result result{};
    result.struct_size = sizeof(result);
    pitser_error error;
    EXPECT_EQ(pitser_verify(signature.get(), &options, &result, &error), PITSER_INVALID_ARGUMENT);
    EXPECT_NE(result.outcome, PITSER_OUTCOME_OK);
    EXPECT_STRNE(error.text, "");
  };
  pitser_verify_options options = OptionsFor(kDocument);
  options.struct_size = 0;
  refused(options);
  options = OptionsFor(kDocument);
  options.document_imprint = Data(kDocument);
  refused(options);
  options = OptionsFor(kDocument);
  options.document = nullptr;  // A size without bytes is no document.
  refused(options);
  options = OptionsFor(kDocument);
  options.input_level = 256;
  refused(options);
  options = OptionsFor(kDocument);
  options.publication_code = "AAAAAA";
  refused(options);
  options = OptionsFor(kDocument);
  options.policy = 77;
  refused(options);
  options = PITSER_VERIFY_OPTIONS_INIT;
  options.document_imprint = Data(kDocument);
  options.document_imprint_size = kDocument.size();
  refused(options);

  pitser_result result{};
  options = OptionsFor(kDocument);
  EXPECT_EQ(pitser_verify(signature.get(), &options, &result, nullptr), PITSER_INVALID_ARGUMENT);
  result.struct_size = sizeof(result);
  EXPECT_EQ(pitser_verify(nullptr, &options, &result, nullptr), PITSER_INVALID_ARGUMENT);
  EXPECT_EQ(pitser_verify(signature.get(), nullptr, &result, nullptr), PITSER_INVALID_ARGUMENT);
  EXPECT_EQ(pitser_verify(signature.get(), &options, nullptr, nullptr), PITSER_INVALID_ARGUMENT);
}

TEST(CApi, NothingIsAnAnswerToNothing) {
  pitser_signature_free(nullptr);
  pitser_publications_free(nullptr);
  pitser_hasher_free(nullptr);
  std::size_t size = 1;
  EXPECT_EQ(pitser_signature_time(nullptr), 0U);
  EXPECT_EQ(pitser_signature_imprint(nullptr, &size), nullptr);
  EXPECT_EQ(size, 0U);
  EXPECT_STREQ(pitser_signature_algorithm(nullptr), "");
  EXPECT_EQ(pitser_signature_identity_count(nullptr), 0U);
  EXPECT_EQ(pitser_publications_count(nullptr), 0U);
  EXPECT_EQ(pitser_publications_latest_time(nullptr), 0U);
  EXPECT_EQ(pitser_hasher_finish(nullptr, &size), nullptr);
  EXPECT_EQ(pitser_hasher_update(nullptr, nullptr, 0), PITSER_INVALID_ARGUMENT);
  pitser_hasher* hasher = nullptr;
  EXPECT_EQ(pitser_hasher_new(nullptr, &hasher, nullptr), PITSER_INVALID_ARGUMENT);
  pitser_signature* signature = nullptr;
  EXPECT_EQ(pitser_signature_parse(nullptr, 0, &signature, nullptr), PITSER_INVALID_ARGUMENT);
  EXPECT_EQ(pitser_signature_parse(Data(kDocument), 6, nullptr, nullptr), PITSER_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace pitser
