#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ledger/format/publication.h"
#include "tests/unit/client/cli_harness.h"

// `pitser verify` over several files, folders and lists; its rules told one by one; extenders that
// are none; the system's store.
namespace pitser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr std::string_view kDocument = "pitser";

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class VerifyMany : public ::testing::Test {
 protected:
  VerifyMany() { trust_ = cli_.WriteTrust("trust"); }

  void AddFolder(const std::string& name) { std::filesystem::create_directories(cli_.Path(name)); }
  // A document with its signature beside it.
  std::string Add(const std::string& name, std::string_view content = kDocument) {
    const std::string document = cli_.Write(name, content);
    cli_.Write(name + ".ksig", MakeSignature(AuthenticatedRecipe()).bytes());
    return document;
  }
  std::string AddAlone(const std::string& name) {
    return cli_.Write(name, MakeSignature(AuthenticatedRecipe()).bytes());
  }

  CliResult Verify(std::vector<std::string> arguments, int code) {
    arguments.insert(arguments.begin(), "verify");
    arguments.insert(arguments.end(), {"--trust", trust_});
    const CliResult result = cli_.Run(arguments);
    EXPECT_EQ(result.code, code) << result.out << result.err;
    return result;
  }
  std::vector<Json> VerifyJson(std::vector<std::string> arguments, int code) {
    arguments.push_back("--json");
    std::vector<Json> objects;
    for (const std::string& line : Lines(Verify(std::move(arguments), code).out)) {
      objects.push_back(Json::parse(line, nullptr, /*allow_exceptions=*/false));
      EXPECT_TRUE(objects.back().is_object()) << line;
    }
    return objects;
  }

  Cli cli_;
  std::string trust_;
};

TEST_F(VerifyMany, GivesEachInputALineAndThenTheSum) {
  const std::string good = Add("good");
  const std::string changed = Add("changed", "pitsex");
  const std::string bad = cli_.Write("bad.ksig", "no signature");
  const std::string alone = AddAlone("alone.ksig");
  const CliResult result = Verify({good, changed, bad, cli_.Path("none"), alone}, 1);
  const auto lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 7u) << result.out;
  EXPECT_EQ(lines[0], "verified     " + good + "  2023-11-14T22:13:21Z  by the ledger's key");
  EXPECT_EQ(lines[1], "FAILED       " + changed + "  2023-11-14T22:13:21Z  GEN-01 Wrong document");
  EXPECT_THAT(lines[2], AllOf(StartsWith("malformed    " + bad), HasSubstr("no signature")));
  EXPECT_THAT(lines[3], AllOf(StartsWith("error        " + cli_.Path("none")),
                              HasSubstr("No such file or directory")));
  EXPECT_EQ(lines[4],
            "missing      " + cli_.Path("alone") + "  2023-11-14T22:13:21Z  is not there");
  EXPECT_EQ(lines[5], "5 inputs: 1 verified, 1 missing, 1 malformed, 1 not read, 1 FAILED");
  EXPECT_THAT(lines[6], HasSubstr("1 document is not there"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(VerifyMany, TheWorstIsTheExitCode) {
  const std::string good = Add("good");
  const std::string bad = cli_.Write("bad.ksig", "no signature");
  Verify({good, Add("also")}, 0);
  Verify({good, bad}, 4);
  Verify({good, cli_.Path("none")}, 7);
  Verify({good, cli_.Path("none"), bad}, 4);
  Verify({good, Add("changed", "x"), bad}, 1);
  Verify({good, good, "--policy", "publications-file"}, 3);
}

TEST_F(VerifyMany, KeepsTheOrderHoweverManyThereAre) {
  std::vector<std::string> names;
  for (int i = 0; i < 1500; ++i) {
    names.push_back(cli_.Path(i % 7 == 0 ? "none" + std::to_string(i) : "doc"));
  }
  Add("doc");
  const auto objects = VerifyJson(names, 7);
  ASSERT_EQ(objects.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(objects[i]["file"], names[i]);
    EXPECT_EQ(objects[i]["result"], i % 7 == 0 ? "error" : "ok");
  }
}

TEST_F(VerifyMany, FindsTheSignaturesBelowAFolder) {
  AddFolder("all/b");
  Add("all/c.txt");
  Add("all/b/deep.txt");
  AddAlone("all/a.ksig");
  cli_.Write("all/unsigned.txt", kDocument);
  std::filesystem::create_directory_symlink(cli_.Path("all"), cli_.Path("all/loop"));
  std::filesystem::create_symlink(cli_.Path("gone"), cli_.Path("all/z.ksig"));
  const auto objects = VerifyJson({"-r", cli_.Path("all")}, 7);
  ASSERT_EQ(objects.size(), 4u);
  EXPECT_TRUE(objects[0]["file"].is_null());
  EXPECT_EQ(objects[0]["signature"], cli_.Path("all/a.ksig"));
  EXPECT_EQ(objects[0]["missing_document"], cli_.Path("all/a"));
  EXPECT_EQ(objects[0]["result"], "inconclusive");
  EXPECT_EQ(objects[1]["file"], cli_.Path("all/b/deep.txt"));
  EXPECT_EQ(objects[2]["file"], cli_.Path("all/c.txt"));
  EXPECT_EQ(objects[3]["signature"], cli_.Path("all/z.ksig"));
  EXPECT_EQ(objects[3]["reason_code"], "local-file");

  // Files may stand beside folders, and one of those may be empty.
  AddFolder("empty");
  const auto lines = Lines(Verify({"-r", cli_.Path("empty"), cli_.Path("all/c.txt")}, 0).out);
  EXPECT_THAT(lines, ElementsAre(StartsWith("verified"), "1 input: 1 verified"));
}

TEST_F(VerifyMany, AFolderNeedsTheFlag) {
  AddFolder("all");
  const CliResult result = Verify({cli_.Path("all")}, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("is a folder"), HasSubstr("hint: -r")));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(VerifyMany, TakesTheNamesFromAList) {
  const std::string good = Add("good");
  const std::string odd = Add("odd\nname");
  const std::string alone = AddAlone("alone.ksig");
  const std::string list = cli_.Write("list", good + "\n\n" + alone + "\n");
  EXPECT_THAT(Lines(Verify({"--files-from", list}, 3).out),
              ElementsAre(StartsWith("verified     " + good),
                          StartsWith("missing      " + cli_.Path("alone")),
                          "2 inputs: 1 verified, 1 missing", HasSubstr("is not there")));
  const std::string null_list = cli_.Write("list0", good + '\0' + odd + '\0');
  const auto objects = VerifyJson({"--files-from", null_list, "-0"}, 0);
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[1]["file"], odd);

  // A folder in a list: with -r all in it, without it a mistake of the list and not of the command.
  AddFolder("all");
  const std::string inside = Add("all/inside");
  cli_.Write("list", cli_.Path("all") + "\n" + good + "\n");
  EXPECT_THAT(Lines(Verify({"--files-from", list}, 7).out),
              ElementsAre(StartsWith("error        " + cli_.Path("all")), StartsWith("verified"),
                          "2 inputs: 1 verified, 1 not read"));
  EXPECT_EQ(VerifyJson({"--files-from", list, "-r"}, 0)[0]["file"], inside);
}

TEST_F(VerifyMany, ABrokenListEndsWithWhatWasReadBefore) {
  const std::string good = Add("good");
  std::string names;
  for (int i = 0; i < 300; ++i) names += good + "\n";
  const std::string list = cli_.Write("list", names + std::string(5000, 'x') + "\n");
  const CliResult result = Verify({"--files-from", list}, 4);
  EXPECT_THAT(result.out, HasSubstr("inputs: "));
  EXPECT_THAT(result.err, HasSubstr("a name of more than"));
  Verify({"--files-from", cli_.Path("none")}, 7);
}

TEST_F(VerifyMany, RefusesWhatDoesNotGoTogether) {
  const std::string good = Add("good");
  const std::string signature = good + ".ksig";
  const std::string list = cli_.Write("list", good + "\n");
  Verify({good, "--files-from", list}, 2);
  Verify({"-s", signature, "--files-from", list}, 2);
  Verify({"-r", good, "-s", signature}, 2);
  Verify({"-r", "--hash", SomeImprint("pitser").ToText(), signature}, 2);
  Verify({"-r"}, 2);
  Verify({good, "-0"}, 2);
  Verify({"-s", signature}, 2);
  Verify({good, "-s", signature, "--signatures-only"}, 2);
  Verify({good, "--require-all"}, 2);
  Verify({"-r", good, "--require-all", "--signatures-only"}, 2);
  Verify({good, "-"}, 2);
}

TEST_F(VerifyMany, ToldOnceWhatHoldsForAll) {
  const std::string good = Add("good");
  cli_.Write("trust/constraint", "email=mallory@example.com\n");
  const CliResult result = Verify({good, good, good}, 3);
  const auto lines = Lines(result.out);
  ASSERT_EQ(lines.size(), 5u) << result.out;
  EXPECT_EQ(lines[3], "3 inputs: 3 inconclusive");
  EXPECT_THAT(lines[4], HasSubstr("publications.bin is not used"));
  // Nothing can be judged: people are told once, programs for every input.
  cli_.Write("trust/publications.bin", "KSIPUBLF");
  EXPECT_EQ(Lines(Verify({good, good}, 4).err).size(), 1u);
  EXPECT_EQ(VerifyJson({good, good}, 4).size(), 2u);
}

TEST_F(VerifyMany, KeepsControlCharactersFromTheTerminal) {
  const std::string odd = Add("odd\033[2Jname");
  const CliResult result = Verify({odd, cli_.Path("none\033")}, 7);
  EXPECT_THAT(result.out, Not(HasSubstr("\033")));
  EXPECT_THAT(result.out, HasSubstr("odd\\x1b[2Jname"));
}

// --- What is newer ---

TEST_F(VerifyMany, TellsOfAPublicationThatCoversTheSignature) {
  const ledger::PublicationRecord record = *MakeSignature(PublishedRecipe()).publication_record();
  trust_ = cli_.WriteTrust("newer", {record});
  const std::string good = Add("good");
  const std::string text = Verify({good}, 0).out;
  EXPECT_THAT(text, HasSubstr("the publication of 2023-11-24T22:13:21Z covers it: `pitser extend " +
                              good + ".ksig` makes this signature independent of any key"));
  const Json json = VerifyJson({good}, 0).at(0);
  EXPECT_EQ(json["suggestion"]["code"], ledger::EncodePublicationCode(record.data));
  EXPECT_EQ(json["suggestion"]["references"].size(), 2u);
  EXPECT_EQ(json["trust"]["basis"], "key");
  EXPECT_THAT(Verify({good, good}, 0).out, HasSubstr("a publication covers 2 of them"));
  // None, and none when it is wrong.
  cli_.Write("good", "changed");
  EXPECT_TRUE(VerifyJson({good}, 1).at(0)["suggestion"].is_null());
  trust_ = cli_.WriteTrust("older");
  cli_.Write("good", kDocument);
  EXPECT_TRUE(VerifyJson({good}, 0).at(0)["suggestion"].is_null());
}

// --- --explain ---

TEST_F(VerifyMany, ExplainsEveryRuleByThePolicyItBelongsTo) {
  const std::string good = Add("good");
  const Json json = VerifyJson({good, "--explain"}, 0).at(0);
  ASSERT_EQ(json["rules"].size(), 3u);
  EXPECT_EQ(json["rules"][0]["policy"], "internal");
  EXPECT_EQ(json["rules"][0]["verdicts"][1]["rule"], "document-hash-matches");
  for (const Json& verdict : json["rules"][0]["verdicts"]) {
    EXPECT_EQ(verdict["outcome"], "ok");
    EXPECT_TRUE(verdict["reason_code"].is_null());
  }
  EXPECT_EQ(json["rules"][1]["policy"], "publications-file-based");
  EXPECT_EQ(json["rules"][1]["verdicts"].back()["outcome"], "inconclusive");
  EXPECT_EQ(json["rules"][1]["verdicts"].back()["reason_code"], "GEN-02");
  EXPECT_EQ(json["rules"][2]["policy"], "key-based");
  EXPECT_FALSE(VerifyJson({good}, 0).at(0).contains("rules"));

  const std::string text = Verify({good, "--explain"}, 0).out;
  EXPECT_THAT(text, AllOf(HasSubstr("\n  rules: internal\n    ok           "),
                          HasSubstr("\n  rules: key-based\n")));
  EXPECT_LT(text.find("rules: internal"), text.find("rules: publications-file-based"));
  EXPECT_LT(text.find("rules: publications-file-based"), text.find("rules: key-based"));
  // Also of several, below each one's line.
  cli_.Write("good", "changed");
  const auto lines = Lines(Verify({good, good, "--explain"}, 1).out);
  EXPECT_THAT(lines[1], StartsWith("  rules: internal"));
  EXPECT_THAT(lines[3], AllOf(StartsWith("    failed"), HasSubstr("GEN-01")));
  EXPECT_THAT(lines[4], StartsWith("FAILED"));
}

// --- Extenders that are none. Real ones: verify_extender_test.cc ---

TEST_F(VerifyMany, NamesWhatIsWrongWithAnExtendersAddress) {
  const std::string good = Add("good");
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"ksi+http://ledger.example:80", "give --credentials FILE"},
      {"ksi+tcp://user:key@ledger.example:3332", "keys have no place in an address"},
      {"http://ledger.example:80", "begins with neither grpc:// nor ksi+"},
      {"ledger.example:7380", "begins with neither grpc:// nor ksi+"},
      {"grpc://user:key@ledger.example:7380", "names and keys have no place in an address"},
      {"grpc://ledger.example", "--extender: "},
      {"grpc://", "--extender: "},
  };
  for (const auto& [url, expected] : wrong) {
    const CliResult result = Verify({good, "--extender", url}, 2);
    EXPECT_THAT(result.err, HasSubstr(expected)) << url;
    EXPECT_THAT(result.err, Not(HasSubstr("key@"))) << url;
    EXPECT_THAT(result.out, IsEmpty()) << url;
  }
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--extend"}, {"--policy", "calendar"}}) {
    std::vector<std::string> arguments = {good};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    EXPECT_THAT(Verify(arguments, 2).err, HasSubstr("no extender is named"));
  }
  Verify({good, "--extend", "--server", "no address at all"}, 2);
  Verify({good, "--extend", "--server", "127.0.0.1:1", "--tls-ca", cli_.Path("none")}, 7);
}

// --- The system's store ---

TEST_F(VerifyMany, BelievesTheSystemOnlyWhenItIsAskedTo) {
  const std::string good = Add("good");
  const ledger::SubjectConstraint constraint = TestTrust::Get().constraint();
  cli_.SetEnvironment("SSL_CERT_FILE", trust_ + "/root.pem");
  cli_.SetEnvironment("SSL_CERT_DIR", cli_.Path("none"));
  const std::vector<std::string> base = {"verify",
                                         good,
                                         "--publications-file",
                                         trust_ + "/publications.bin",
                                         "--publisher-constraint",
                                         constraint.oid + "=" + constraint.value};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = base;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cli_.Run(arguments);
  };
  EXPECT_THAT(with({}).out, HasSubstr("no root certificate to check its signature with"));
  EXPECT_EQ(with({}).code, 3);
  const CliResult asked = with({"--system-trust"});
  EXPECT_EQ(asked.code, 0) << asked.out << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("that this system believes for all purposes"));
  const Json json = Json::parse(with({"--system-trust", "--json"}).out);
  EXPECT_EQ(json["trust"]["accepted"], "system");
  EXPECT_THAT(json["trust"]["roots"], IsEmpty());

  // A folder of certificates, named by their hashes; the constraint still has to hold.
  AddFolder("store");
  cli_.Write("store/0123abcd.0", TestTrust::Get().root.pem());
  cli_.Write("store/README", "no certificate");
  cli_.Write("store/0123abcd.1", "no certificate either");
  cli_.SetEnvironment("SSL_CERT_FILE", cli_.Path("none"));
  cli_.SetEnvironment("SSL_CERT_DIR", cli_.Path("none") + ":" + cli_.Path("store"));
  EXPECT_EQ(with({"--system-trust"}).code, 0);
  EXPECT_EQ(with({"--system-trust", "--publisher-email", "mallory@example.com"}).code, 3);
  // The folder's root is not believed beside it.
  cli_.SetEnvironment("SSL_CERT_DIR", cli_.Path("none"));
  const CliResult none = with({"--system-trust", "--trust", trust_});
  EXPECT_EQ(none.code, 7);
  EXPECT_THAT(none.err, HasSubstr("the system has no certificates of authorities"));
}

}  // namespace
}  // namespace pitser::testing
