#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/test_keys.h"
#include "tests/support/value_of.h"
#include "tests/unit/client/cli_harness.h"

// What a trust folder proves when the certificates of its signer and its root have ended, in 2033:
// `pitser verify` and `pitser trust archive` with the clock in 2023, 2036 and 2060. What an
// attacker who has found the signer's key by then can do, and what not.
namespace pitser::testing {
namespace {

using ledger::Certificate;
using ledger::PublicationData;
using ledger::PublicationRecord;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t k2023 = kTestTime + 20 * kTestDay;  // 2023-12-04, after the publication.
constexpr std::uint64_t k2036 = 2082758400;
constexpr std::uint64_t k2060 = 2840140800;

PublicationRecord RecordOf(const PublicationData& data) {
  return {.data = data, .references = {}, .repository_uris = {}};
}

class TrustOverTime : public ::testing::Test {
 protected:
  TrustOverTime() {
    document_ = cli_.Write("doc", "pitser");
    signature_ = MakeSignature(PublishedRecipe());
    cli_.Write("doc.ksig", signature_->bytes());
    publication_ = PublicationOf(*signature_);
    trust_ = cli_.WriteTrust("trust", {RecordOf(*publication_)});
  }

  CliResult VerifyAt(std::uint64_t time, std::vector<std::string> more = {}) {
    cli_.SetTime(time);
    std::vector<std::string> arguments = {"verify", document_};
    if (std::ranges::find(more, "--trust") == more.end()) {
      arguments.insert(arguments.end(), {"--trust", trust_});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cli_.Run(arguments);
  }
  CliResult ArchiveAt(std::uint64_t time, const std::string& to,
                      std::vector<std::string> more = {}) {
    cli_.SetTime(time);
    std::vector<std::string> arguments = {"trust", "archive", "--trust",
                                          trust_,  "-o",      cli_.Path(to)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cli_.Run(arguments);
  }
  std::string RecordText() {
    return ledger::ToString(ValueOf(client::ReadFile(trust_ + "/verified", 1 << 20)));
  }
  ledger::ByteVector FileBytes() {
    return ValueOf(client::ReadFile(trust_ + "/publications.bin", 1 << 20));
  }
  // A signature of the folder's publications file, that leads to a publication of its own.
  ledger::Signature Seal(std::uint64_t time) {
    SignatureRecipe recipe = PublishedRecipe();
    recipe.document_hash =
        ValueOf(ledger::Hash(ledger::HashAlgorithm::kSha256, {ledger::Bytes(FileBytes())}));
    recipe.time = time;
    recipe.calendar->publication_time = time + 10 * kTestDay;
    return MakeSignature(recipe);
  }
  // The trust folder of another ledger, whose signer is valid until 2100, with this publication.
  std::string OtherLedger(const PublicationData& publication) {
    const auto key = ValueOf(ledger::PrivateKey::FromPem(kTestOtherKeyPem));
    ledger::CertificateRequest request;
    request.common_name = "Another ledger";
    request.not_before = kTestTime;
    request.not_after = 4102444800;
    request.email = "other@example.com";
    const Certificate signer = ValueOf(IssueCertificate(request, key, nullptr, key));
    ledger::PublicationsFileContent content;
    content.creation_time = kTestTime;
    content.publications = {RecordOf(publication)};
    const auto file = ValueOf(BuildPublicationsFile(content, signer, key, kTestTime));
    std::filesystem::create_directory(cli_.Path("other"));
    cli_.Write("other/root.pem", signer.pem());
    cli_.Write("other/constraint", "email=other@example.com\n");
    cli_.Write("other/publications.bin", file.bytes());
    return cli_.Path("other");
  }
  // A signature of the document that leads to a publication which never was.
  PublicationData SignFalsely() {
    SignatureRecipe recipe = PublishedRecipe();
    recipe.calendar->publication_time = kTestTime + 15 * kTestDay;
    const ledger::Signature signature = MakeSignature(recipe);
    cli_.Write("doc.ksig", signature.bytes());
    return PublicationOf(signature);
  }

  Cli cli_;
  std::string document_, trust_;
  std::optional<ledger::Signature> signature_;
  std::optional<PublicationData> publication_;
};

TEST_F(TrustOverTime, WhatWasVerifiedHereStaysBelieved) {
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  EXPECT_THAT(RecordText(), HasSubstr(ledger::EncodePublicationCode(*publication_)));
  for (const std::uint64_t time : {k2036, k2060}) {
    const CliResult result = VerifyAt(time);
    EXPECT_EQ(result.code, 0) << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("verified here on 2023-12-04, when its signer was valid"));
    const CliResult json = VerifyAt(time, {"--json"});
    EXPECT_THAT(json.out, HasSubstr("\"witness\":\"here\"")) << json.out;
    EXPECT_EQ(cli_.Run({"publications", "verify", "--trust", trust_}).code, 0);
    EXPECT_EQ(cli_.Run({"trust", "show", "--trust", trust_}).code, 0);
  }
}

TEST_F(TrustOverTime, WithoutARecordTheVerdictSaysWhatHelps) {
  for (const std::uint64_t time : {k2036, k2060}) {
    const CliResult result = VerifyAt(time);
    EXPECT_EQ(result.code, 3) << result.out;
    EXPECT_THAT(result.out, HasSubstr("to 2033-11-11T22:13:21Z"));
    EXPECT_THAT(result.out, HasSubstr("--publication CODE"));
    EXPECT_THAT(result.out, HasSubstr("--at TIME"));
    const std::string code = ledger::EncodePublicationCode(*publication_);
    EXPECT_EQ(VerifyAt(time, {"--publication", code}).code, 0);
    // The person's word for the time is no record.
    EXPECT_EQ(VerifyAt(time, {"--at", "2023-12-04T00:00:00Z"}).code, 0);
    EXPECT_FALSE(client::FileExists(trust_ + "/verified"));
  }
}

// Who has found the signer's key in 2036 writes another file, as old as it likes.
TEST_F(TrustOverTime, AChangedFileGainsNothing) {
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  const PublicationData invented = SignFalsely();
  const PublicationData contradicting = {.time = publication_->time, .hash = invented.hash};
  for (const auto& publications : {std::vector{RecordOf(*publication_), RecordOf(invented)},
                                   std::vector{RecordOf(contradicting), RecordOf(invented)},
                                   std::vector{RecordOf(invented)}}) {
    const auto forged = MakePublicationsFile({TestTrust::Get().calendar_record()}, publications);
    cli_.Write("trust/publications.bin", forged.bytes());
    for (const std::uint64_t time : {k2036, k2060}) {
      SignFalsely();
      EXPECT_EQ(VerifyAt(time).code, 3);  // The invented publication, in a signature.
      cli_.Write("doc.ksig", signature_->bytes());
      const CliResult true_one = VerifyAt(time);
      EXPECT_EQ(true_one.code, 0) << true_one.out;
      EXPECT_THAT(true_one.out, HasSubstr("verified here on 2023-12-04"));
      // Nor does a key that such a file lists count.
      cli_.Write("doc.ksig", MakeSignature(AuthenticatedRecipe()).bytes());
      EXPECT_EQ(VerifyAt(time).code, 3);
    }
  }
}

TEST_F(TrustOverTime, RefreshingLosesNothing) {
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  const PublicationData later = {.time = k2023 + 1, .hash = SomeImprint("later")};
  cli_.Write("trust/publications.bin",
             MakePublicationsFile({}, {RecordOf(*publication_), RecordOf(later)}).bytes());
  EXPECT_EQ(VerifyAt(k2023 + kTestDay).code, 0);
  EXPECT_THAT(RecordText(),
              HasSubstr(absl::StrFormat("%s %d here", ledger::EncodePublicationCode(*publication_),
                                        k2023)));
  EXPECT_THAT(RecordText(),
              HasSubstr(absl::StrFormat("%s %d here", ledger::EncodePublicationCode(later),
                                        k2023 + kTestDay)));
  // Even without any file.
  std::filesystem::remove(trust_ + "/publications.bin");
  EXPECT_THAT(VerifyAt(k2060).out, HasSubstr("verified here on 2023-12-04"));
}

TEST_F(TrustOverTime, AFolderThatCannotBeWrittenChangesNoVerdict) {
  std::filesystem::create_directories(trust_ + "/verified/in/the/way");
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  EXPECT_EQ(VerifyAt(k2036).code, 3);
}

// Set back, a clock would make whatever is written today one of before.
TEST_F(TrustOverTime, AClockThatIsBehindWritesNothing) {
  EXPECT_EQ(VerifyAt(kTestTime).code, 0);  // Before the publication that the file has.
  EXPECT_FALSE(client::FileExists(trust_ + "/verified"));
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  const std::string before = RecordText();
  cli_.Write("trust/publications.bin", MakePublicationsFile({}, {RecordOf(*publication_)}).bytes());
  EXPECT_EQ(VerifyAt(k2023 - kTestDay).code, 0);  // Before what the record says.
  EXPECT_EQ(RecordText(), before);
}

TEST_F(TrustOverTime, ARecordIsOfTheTrustThatItWasMadeWith) {
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  EXPECT_EQ(VerifyAt(k2036, {"--publisher-constraint", "CN=Pitser test publications"}).code, 3);
  EXPECT_EQ(VerifyAt(k2036, {"--trust-anchor", trust_ + "/root.pem"}).code, 0);  // The same.
}

TEST_F(TrustOverTime, ADamagedLineLosesNoOther) {
  EXPECT_EQ(VerifyAt(k2023).code, 0);
  std::string text = RecordText();
  text.replace(text.find("file = SHA"), 10, "file ? SHA");
  cli_.Write("trust/verified", "damage\n" + text + "publication = AAAA 1 here\n");
  EXPECT_EQ(VerifyAt(k2036).code, 0);
}

TEST_F(TrustOverTime, AnArchiveOfAFileThatIsBelievedGoesOnWithoutAnythingElse) {
  EXPECT_EQ(ArchiveAt(k2023, "archive").code, 0);
  EXPECT_EQ(ArchiveAt(k2023, "archive").code, 7);  // It is there.
  for (const std::uint64_t time : {k2036, k2060}) {
    EXPECT_EQ(VerifyAt(time, {"--trust", cli_.Path("archive")}).code, 0);
  }
}

TEST_F(TrustOverTime, ASealThatLeadsToACodeThatWasKeptProvesTheFile) {
  const ledger::Signature seal = Seal(kTestTime + 12 * kTestDay);
  const std::string path = cli_.Write("seal", seal.bytes());
  const std::string code = ledger::EncodePublicationCode(PublicationOf(seal));
  EXPECT_EQ(ArchiveAt(k2036, "archive").code, 3);
  EXPECT_EQ(ArchiveAt(k2036, "archive", {"--seal", path}).code, 2);
  const CliResult result = ArchiveAt(k2036, "archive", {"--seal", path, "--publication", code});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("the publication code that was kept: " + code));
  for (const std::uint64_t time : {k2036, k2060}) {
    const CliResult verified = VerifyAt(time, {"--trust", cli_.Path("archive")});
    EXPECT_EQ(verified.code, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("proven by a seal to have been there on 2023-11-26"));
  }
  // Another code than the seal leads to.
  EXPECT_EQ(ArchiveAt(k2036, "wrong",
                      {"--seal", path, "--publication",
                       ledger::EncodePublicationCode(
                           {.time = PublicationOf(seal).time, .hash = SomeImprint("wrong")})})
                .code,
            1);
}

TEST_F(TrustOverTime, ASealOfAnotherLedgerProvesTheFile) {
  const ledger::Signature seal = Seal(kTestTime + 12 * kTestDay);
  const std::string path = cli_.Write("seal", seal.bytes());
  const std::string other = OtherLedger(PublicationOf(seal));
  const CliResult result = ArchiveAt(k2060, "archive", {"--seal", path, "--seal-trust", other});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(other + "/publications.bin"));
  EXPECT_EQ(VerifyAt(k2060, {"--trust", cli_.Path("archive")}).code, 0);
}

TEST_F(TrustOverTime, ASealProvesNothingOfAFileThatItIsNotOfOrThatCameTooLate) {
  const ledger::Signature seal = Seal(kTestTime + 12 * kTestDay);
  const std::string path = cli_.Write("seal", seal.bytes());
  const std::string other = OtherLedger(PublicationOf(seal));
  // Made when the signer's certificate had ended: by whoever found the key.
  const ledger::Signature late = Seal(k2036 - 20 * kTestDay);
  const CliResult result =
      ArchiveAt(k2036, "late",
                {"--seal", cli_.Write("late.ksig", late.bytes()), "--publication",
                 ledger::EncodePublicationCode(PublicationOf(late))});
  EXPECT_EQ(result.code, 3) << result.out;
  EXPECT_THAT(result.err, HasSubstr("2033-11-11"));
  // Of a file that was forged since.
  const auto forged = MakePublicationsFile({}, {RecordOf(SignFalsely())});
  cli_.Write("trust/publications.bin", forged.bytes());
  EXPECT_EQ(ArchiveAt(k2036, "forged", {"--seal", path, "--seal-trust", other}).code, 1);
}

TEST_F(TrustOverTime, ASealCannotRestOnTheFileThatItIsToProve) {
  const ledger::Signature seal = Seal(kTestTime + 12 * kTestDay);
  const std::string path = cli_.Write("seal", seal.bytes());
  EXPECT_EQ(ArchiveAt(k2023, "a", {"--seal", path, "--seal-trust", trust_}).code, 2);
  std::filesystem::remove(trust_ + "/verified");
  EXPECT_EQ(ArchiveAt(k2036, "b", {"--seal", path, "--seal-trust", trust_}).code, 3);
  // Nor on a key: the signature of a young one could be made today.
  SignatureRecipe young = AuthenticatedRecipe();
  young.document_hash =
      ValueOf(ledger::Hash(ledger::HashAlgorithm::kSha256, {ledger::Bytes(FileBytes())}));
  const std::string young_path = cli_.Write("young", MakeSignature(young).bytes());
  const std::string other = OtherLedger(PublicationOf(seal));
  EXPECT_EQ(ArchiveAt(k2036, "c", {"--seal", young_path, "--seal-trust", other}).code, 3);
}

}  // namespace
}  // namespace pitser::testing
