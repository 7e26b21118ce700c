#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ledger/format/publication.h"
#include "tests/unit/client/cli_harness.h"

// `pitser verify` and `pitser inspect` in this process, on made signatures.
namespace pitser::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

// What the made signatures sign.
constexpr std::string_view kDocument = "pitser";

class Verify : public ::testing::Test {
 protected:
  // A document, its signature beside it, and a trust folder.
  void Prepare(const SignatureRecipe& recipe) {
    document_ = cli_.Write("doc", kDocument);
    const ledger::Signature signature = MakeSignature(recipe);
    signature_ = cli_.Write("doc.ksig", signature.bytes());
    if (signature.calendar_chain()) publication_ = PublicationOf(signature);
    std::vector<ledger::PublicationRecord> publications;
    if (signature.publication_record()) publications.push_back(*signature.publication_record());
    trust_ = cli_.WriteTrust("trust", publications);
  }

  Json RunJson(std::vector<std::string> arguments, int code) {
    arguments.push_back("--json");
    const CliResult result = cli_.Run(arguments);
    EXPECT_EQ(result.code, code) << result.out << result.err;
    const Json json = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(json.is_object()) << result.out;
    return json;
  }

  // With this file as standard input.
  CliResult RunWithInput(const std::string& file, const std::vector<std::string>& arguments) {
    const int own = dup(STDIN_FILENO);
    const int input = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(dup2(input, STDIN_FILENO), STDIN_FILENO);
    close(input);
    CliResult result = cli_.Run(arguments);
    dup2(own, STDIN_FILENO);
    close(own);
    return result;
  }

  Cli cli_;
  std::string document_, signature_, trust_;
  std::optional<ledger::PublicationData> publication_;
};

TEST_F(Verify, SaysWhenThroughWhomAndOnWhatItRestsWithAKey) {
  Prepare(AuthenticatedRecipe());
  const CliResult result = cli_.Run({"verify", document_, "--trust", trust_});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("verified: " + document_));
  EXPECT_THAT(result.out, HasSubstr("2023-11-14T22:13:21Z"));
  EXPECT_THAT(result.out, HasSubstr(" :: "));  // Two layers, two accounts.
  EXPECT_THAT(result.out, HasSubstr("the ledger's own key"));
  EXPECT_THAT(result.out, HasSubstr(TestTrust::Get().constraint().value));
  EXPECT_THAT(result.out, HasSubstr("pitser extend " + signature_));
  EXPECT_THAT(result.err, IsEmpty());
}

// The format does not tell nodes from documents; the verdict stays, and the reader is told.
TEST_F(Verify, SaysThatADocumentIsANodeOfAHashTree) {
  SignatureRecipe recipe = AuthenticatedRecipe();
  const LinkRecipe lowest = recipe.chains[0].links.front();
  ledger::ByteVector node = ledger::ToVector(recipe.document_hash.bytes());
  ledger::Append(node, lowest.sibling);
  node.push_back(1);
  recipe.chains[0].links.erase(recipe.chains[0].links.begin());
  ++recipe.chains[0].links.front().level_correction;
  recipe.document_hash = SomeImprint(ledger::AsText(node));
  Prepare(recipe);
  for (const ledger::Bytes& content : {ledger::Bytes(node), ledger::AsBytes(kDocument)}) {
    const bool is_node = content.size() == node.size();
    cli_.Write("doc", content);
    const int code = is_node ? 0 : 1;
    const Json json = RunJson({"verify", document_, "--trust", trust_}, code);
    EXPECT_EQ(json["messages"].dump().find("a node of a hash tree") != std::string::npos, is_node);
    const CliResult text = cli_.Run({"verify", document_, "--trust", trust_});
    EXPECT_EQ(text.code, code);
    EXPECT_EQ(text.out.find("itself a node") != std::string::npos, is_node);
    const CliResult input =
        RunWithInput(document_, {"verify", "-", "-s", signature_, "--trust", trust_});
    EXPECT_EQ(input.code, code) << input.err;
    EXPECT_EQ(input.out.find("itself a node") != std::string::npos, is_node);
    const CliResult many = cli_.Run({"verify", document_, document_, "--trust", trust_});
    EXPECT_EQ(many.code, code);
    EXPECT_EQ(many.out.find("itself a node") != std::string::npos, is_node) << many.out;
  }
}

TEST_F(Verify, RestsOnThePublicationsFileWhenItCan) {
  Prepare(PublishedRecipe());
  const CliResult result = cli_.Run({"verify", document_, "--trust", trust_});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("the publication of 2023-11-24"));
  EXPECT_THAT(result.out, HasSubstr(ledger::EncodePublicationCode(*publication_)));
}

TEST_F(Verify, RestsOnTheUsersPublicationWithoutAnyTrust) {
  Prepare(PublishedRecipe());
  const std::string code = ledger::EncodePublicationCode(*publication_);
  const CliResult result = cli_.Run({"verify", document_, "--publication", code});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("that you gave"));
  EXPECT_THAT(result.out, Not(HasSubstr("for more")));

  const ledger::PublicationData other{.time = publication_->time, .hash = SomeImprint("other")};
  const Json json =
      RunJson({"verify", document_, "--publication", ledger::EncodePublicationCode(other)}, 1);
  EXPECT_EQ(json["reason_code"], "PUB-04");
}

TEST_F(Verify, NeverSaysYesWithoutTrust) {
  for (const SignatureRecipe& recipe : {AuthenticatedRecipe(), PublishedRecipe()}) {
    Prepare(recipe);
    const CliResult result = cli_.Run({"verify", document_});
    EXPECT_EQ(result.code, 3);
    EXPECT_THAT(result.out, HasSubstr("inconclusive: "));
    EXPECT_THAT(result.out, HasSubstr("GEN-02"));
    EXPECT_THAT(result.out, HasSubstr("--trust"));
    const Json json = RunJson({"verify", document_}, 3);
    EXPECT_EQ(json["result"], "inconclusive");
    EXPECT_EQ(json["reason_code"], "GEN-02");
    EXPECT_EQ(json["trust"]["basis"], "none");
  }
}

TEST_F(Verify, SaysThatAnotherDocumentWasSigned) {
  Prepare(AuthenticatedRecipe());
  cli_.Write("doc", "pitsex");
  const CliResult result = cli_.Run({"verify", document_, "--trust", trust_});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("FAILED: "));
  EXPECT_THAT(result.out, HasSubstr("GEN-01 Wrong document"));
  EXPECT_THAT(result.out, HasSubstr("is not the one that was signed"));
  const Json json = RunJson({"verify", document_, "--trust", trust_}, 1);
  EXPECT_EQ(json["schema"], "pitser.verify/1");
  EXPECT_EQ(json["result"], "failed");
  EXPECT_EQ(json["reason_code"], "GEN-01");
}

TEST_F(Verify, SaysItAllInJson) {
  Prepare(PublishedRecipe());
  const Json json = RunJson({"verify", document_, "--trust", trust_}, 0);
  EXPECT_EQ(json["result"], "ok");
  EXPECT_TRUE(json["reason_code"].is_null());
  EXPECT_EQ(json["file"], document_);
  EXPECT_EQ(json["signature"], signature_);
  EXPECT_EQ(json["signing_time"], kTestTime);
  EXPECT_EQ(json["input_hash"], json["document_hash"]);
  EXPECT_EQ(json["identities"].size(), 2u);
  EXPECT_EQ(json["policy"], "publications-file-based");
  EXPECT_EQ(json["trust"]["basis"], "publications-file");
  EXPECT_EQ(json["trust"]["accepted"], "path");
  EXPECT_EQ(json["trust"]["publication"]["time"], publication_->time);
  EXPECT_EQ(json["trust"]["publication"]["code"], ledger::EncodePublicationCode(*publication_));
}

TEST_F(Verify, TakesTheSignatureAloneAndSaysSo) {
  Prepare(AuthenticatedRecipe());
  std::filesystem::remove(document_);  // Else it would be held against it.
  const CliResult result = cli_.Run({"verify", signature_, "--trust", trust_});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("(the signature alone)"));
  EXPECT_THAT(result.out, HasSubstr("no document was given"));
  const Json json = RunJson({"verify", signature_, "--trust", trust_}, 0);
  EXPECT_TRUE(json["file"].is_null());
  EXPECT_TRUE(json["document_hash"].is_null());
  EXPECT_EQ(json["messages"].size(), 1u);
}

TEST_F(Verify, TakesAHashInTheDocumentsPlace) {
  Prepare(AuthenticatedRecipe());
  const std::string right = SomeImprint("pitser").ToText();
  const std::string wrong = SomeImprint("pitsex").ToText();
  EXPECT_EQ(cli_.Run({"verify", "--hash", right, signature_, "--trust", trust_}).code, 0);
  EXPECT_EQ(cli_.Run({"verify", "--hash", right, "-s", signature_, "--trust", trust_}).code, 0);
  EXPECT_EQ(cli_.Run({"verify", "--hash", wrong, signature_, "--trust", trust_}).code, 1);
  const std::string sha512 = SomeImprint("pitser", ledger::HashAlgorithm::kSha512).ToText();
  const Json json = RunJson({"verify", "--hash", sha512, signature_, "--trust", trust_}, 1);
  EXPECT_EQ(json["reason_code"], "GEN-04");
}

TEST_F(Verify, ChecksTheInputLevel) {
  Prepare(AuthenticatedRecipe());
  const Json json = RunJson({"verify", document_, "--input-level", "200", "--trust", trust_}, 1);
  EXPECT_EQ(json["reason_code"], "GEN-03");
  EXPECT_EQ(cli_.Run({"verify", document_, "--input-level", "256"}).code, 2);
}

TEST_F(Verify, AppliesThePolicyThatWasChosen) {
  Prepare(PublishedRecipe());
  const auto policy = [&](const char* name) {
    return std::vector<std::string>{"verify", document_, "--trust", trust_, "--policy", name};
  };
  EXPECT_EQ(RunJson(policy("internal"), 0)["trust"]["basis"], "none");
  EXPECT_THAT(cli_.Run(policy("internal")).out, HasSubstr("consistent: "));
  EXPECT_EQ(RunJson(policy("key"), 3)["rule"], "authentication-record-is-present");
  EXPECT_EQ(RunJson(policy("publications-file"), 0)["policy"], "publications-file-based");
  EXPECT_EQ(cli_.Run(policy("publication")).code, 2);
  EXPECT_EQ(cli_.Run(policy("calendar")).code, 2);
}

TEST_F(Verify, DoesNotUseAPublicationsFileThatIsNotToBeTrusted) {
  Prepare(AuthenticatedRecipe());
  cli_.Write("trust/constraint", "email=mallory@example.com\n");
  const CliResult result = cli_.Run({"verify", document_, "--trust", trust_});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("publications.bin is not used"));
}

TEST_F(Verify, JudgesThePublicationsFileAtTheGivenTime) {
  Prepare(AuthenticatedRecipe());
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_, "--at", "1990-01-01T00:00:00Z"}).code,
            3);
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_, "--at", "1700000001"}).code, 0);
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_, "--at", "today"}).code, 2);
}

TEST_F(Verify, TakesTheTrustInItsParts) {
  Prepare(AuthenticatedRecipe());
  const ledger::SubjectConstraint constraint = TestTrust::Get().constraint();
  EXPECT_EQ(cli_.Run({"verify", document_, "--publications-file", trust_ + "/publications.bin",
                      "--trust-anchor", trust_ + "/root.pem", "--publisher-constraint",
                      constraint.oid + "=" + constraint.value})
                .code,
            0);
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_, "--publisher-email", "x@y"}).code, 3);
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_, "--publisher-constraint", "x"}).code,
            2);
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_, "--trust-anchor", document_}).code,
            4);
}

TEST_F(Verify, SaysInEveryVerdictWhatWasAcceptedOnFirstUse) {
  Prepare(AuthenticatedRecipe());
  const auto file = MakePublicationsFile({TestTrust::Get().calendar_record()}, {});
  ASSERT_TRUE(client::StoreTrust(trust_, {.anchors = {TestTrust::Get().root},
                                          .constraints = {TestTrust::Get().constraint()},
                                          .publications = file.bytes(),
                                          .acceptance = client::Acceptance::kOnFirstUse,
                                          .accepted_at = kTestTime,
                                          .server = "ledger.example:7380"})
                  .ok());
  EXPECT_THAT(cli_.Run({"verify", document_, "--trust", trust_}).out, HasSubstr("on first use"));
  EXPECT_EQ(RunJson({"verify", document_, "--trust", trust_}, 0)["trust"]["accepted"], "first-use");
  cli_.Write("doc", "another");
  const CliResult failed = cli_.Run({"verify", document_, "--trust", trust_});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, HasSubstr("on first use"));
}

TEST_F(Verify, TellsMalformedMissingAndWrongCommandLinesApart) {
  Prepare(AuthenticatedRecipe());
  cli_.Write("bad.ksig", "no signature");
  EXPECT_EQ(RunJson({"verify", cli_.Path("bad.ksig")}, 4)["result"], "malformed");
  const Json missing = RunJson({"verify", cli_.Path("none")}, 7);
  EXPECT_EQ(missing["result"], "error");
  EXPECT_EQ(missing["reason_code"], "local-file");
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", cli_.Path("none")}).code, 7);
  EXPECT_EQ(cli_.Run({"verify"}).code, 2);
  EXPECT_EQ(cli_.Run({"verify", "-"}).code, 2);
  EXPECT_EQ(cli_.Run({"verify", document_, document_, "-s", signature_}).code, 2);
  EXPECT_EQ(cli_.Run({"verify", "--hash", "sha-256:00", signature_}).code, 2);
  EXPECT_EQ(cli_.Run({"verify", document_, "--publication", "AAAA"}).code, 2);
  cli_.Write("long.ksig", std::string(ledger::kMaxSignatureSize + 1, 'x'));
  EXPECT_EQ(cli_.Run({"verify", cli_.Path("long.ksig")}).code, 4);
  cli_.Write("trust/publications.bin", "KSIPUBLF");
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_}).code, 4);
}

TEST_F(Verify, OfSeveralInputsGivesEachItsObjectAndTheWorstCode) {
  Prepare(AuthenticatedRecipe());
  cli_.Write("bad.ksig", "no signature");
  const CliResult result = cli_.Run(
      {"verify", document_, cli_.Path("bad.ksig"), cli_.Path("none"), "--trust", trust_, "--json"});
  EXPECT_EQ(result.code, 4);
  std::istringstream lines(result.out);
  std::vector<std::string> results;
  for (std::string line; std::getline(lines, line);) {
    results.push_back(Json::parse(line)["result"]);
  }
  EXPECT_THAT(results, ::testing::ElementsAre("ok", "malformed", "error"));
}

TEST_F(Verify, OpensNoConnectionWhateverServerIsNamed) {
  Prepare(AuthenticatedRecipe());
  cli_.SetEnvironment("PITSER_SERVER", "no address at all");
  EXPECT_EQ(cli_.Run({"verify", document_, "--trust", trust_}).code, 0);
}

TEST_F(Verify, KeepsControlCharactersFromTheTerminal) {
  SignatureRecipe recipe = SingleNodeRecipe();
  recipe.chains[0].links[0] = MetadataLink(
      {.client_id = "\033[2Jevil", .machine_id = {}, .sequence_number = {}, .request_time_us = {}});
  Prepare(recipe);
  for (const char* command : {"verify", "inspect"}) {
    const CliResult result = cli_.Run({command, signature_});
    EXPECT_THAT(result.out, HasSubstr("\\x1b[2Jevil")) << command;
    EXPECT_THAT(result.out, Not(HasSubstr("\033"))) << command;
  }
}

TEST_F(Verify, InspectShowsTheWholeSignature) {
  Prepare(PublishedRecipe());
  const CliResult text = cli_.Run({"inspect", signature_});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("not verified"));
  EXPECT_THAT(text.out, HasSubstr("aggregation hash chain"));
  EXPECT_THAT(text.out, HasSubstr("calendar hash chain"));
  EXPECT_THAT(text.out, HasSubstr(ledger::EncodePublicationCode(*publication_)));

  const Json json = RunJson({"inspect", signature_}, 0);
  EXPECT_EQ(json["schema"], "pitser.inspect/1");
  EXPECT_EQ(json["aggregation_hash_chains"].size(), 2u);
  EXPECT_EQ(json["calendar_hash_chain"]["publication_time"], publication_->time);
  EXPECT_EQ(json["calendar_hash_chain"]["root"], publication_->hash.ToText());
  EXPECT_TRUE(json["calendar_authentication_record"].is_null());
  EXPECT_EQ(RunJson({"inspect", document_}, 4)["result"], "malformed");
  EXPECT_EQ(RunJson({"inspect", cli_.Path("none")}, 7)["result"], "error");
  EXPECT_EQ(cli_.Run({"inspect"}).code, 2);
}

TEST_F(Verify, TrustShowTellsHowTheRootWasAccepted) {
  Prepare(PublishedRecipe());
  const CliResult text = cli_.Run({"trust", "show", "--trust", trust_});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr(client::FingerprintText(TestTrust::Get().root)));
  EXPECT_THAT(text.out, HasSubstr("by its path"));
  EXPECT_THAT(text.out, HasSubstr(ledger::EncodePublicationCode(*publication_)));
  EXPECT_EQ(RunJson({"trust", "show", "--trust", trust_}, 0)["publications"], 1);
  EXPECT_EQ(RunJson({"trust", "show", "--trust", cli_.Path("none")}, 7)["result"], "error");
  cli_.Write("trust/constraint", "email=mallory@example.com\n");
  EXPECT_EQ(cli_.Run({"trust", "show", "--trust", trust_}).code, 3);
}

}  // namespace
}  // namespace pitser::testing
