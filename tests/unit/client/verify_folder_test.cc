// `pitser verify` says nothing good about documents that are not there, and tells of those that
// nobody signed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/unit/client/cli_harness.h"

namespace pitser::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

class VerifyFolder : public ::testing::Test {
 protected:
  VerifyFolder() {
    trust_ = cli_.WriteTrust("trust");
    fs::create_directories(cli_.Path("all/sub"));
    Sign("all/a");
    Sign("all/sub/b");
  }

  void Sign(const std::string& name, std::string_view content = "pitser") {
    cli_.Write(name, content);
    cli_.Write(name + ".ksig", MakeSignature(AuthenticatedRecipe()).bytes());
  }
  CliResult Verify(std::vector<std::string> arguments, int code) {
    arguments.insert(arguments.begin(), "verify");
    arguments.insert(arguments.end(), {"--trust", trust_});
    const CliResult result = cli_.Run(arguments);
    EXPECT_EQ(result.code, code) << result.out << result.err;
    return result;
  }
  CliResult VerifyAll(int code, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"-r", cli_.Path("all")});
    return Verify(more, code);
  }

  Cli cli_;
  std::string trust_;
};

TEST_F(VerifyFolder, ADocumentThatIsNotThereIsNeverAYes) {
  VerifyAll(0);
  fs::remove(cli_.Path("all/a"));
  EXPECT_THAT(VerifyAll(3).out, AllOf(HasSubstr("missing      " + cli_.Path("all/a") + "  "),
                                      HasSubstr("\n2 inputs: 1 verified, 1 missing\n"),
                                      HasSubstr("1 document is not there")));
  const CliResult json = VerifyAll(3, {"--json"});
  const Json object = Json::parse(json.out.substr(0, json.out.find('\n')));
  EXPECT_EQ(object["result"], "inconclusive");
  EXPECT_EQ(object["reason_code"], "inconclusive");
  EXPECT_EQ(object["missing_document"], cli_.Path("all/a"));
  EXPECT_THAT(VerifyAll(0, {"--signatures-only"}).out, HasSubstr("2 inputs: 2 verified"));
  // What is wrong in itself stays wrong.
  cli_.Write("all/a.ksig", MakeSignature(PublishedRecipe()).bytes());
  VerifyAll(3, {"--policy", "key"});
}

TEST_F(VerifyFolder, WhatStandsInADocumentsPlaceIsInTheWay) {
  const std::string document = cli_.Path("all/a");
  fs::remove(document);
  fs::create_directory(document);
  EXPECT_THAT(VerifyAll(7).out, HasSubstr("is a folder, not a file"));
  fs::remove(document);
  ASSERT_EQ(mkfifo(document.c_str(), 0600), 0);
  EXPECT_THAT(VerifyAll(7).out, HasSubstr("is a named pipe, not a file"));
  fs::remove(document);
  fs::create_symlink("/dev/null", document);
  EXPECT_THAT(VerifyAll(7).out, HasSubstr("is a device, not a file"));
  fs::remove(document);
  fs::create_symlink(cli_.Path("gone"), document);
  EXPECT_THAT(VerifyAll(7).out, HasSubstr("No such file"));
  EXPECT_THAT(Verify({document + ".ksig"}, 7).err, HasSubstr("No such file"));
}

TEST_F(VerifyFolder, ASignatureThatIsNoFileIsToldAndNotWaitedFor) {
  fs::remove(cli_.Path("all/a.ksig"));
  ASSERT_EQ(mkfifo(cli_.Path("all/a.ksig").c_str(), 0600), 0);
  EXPECT_THAT(VerifyAll(7).out, HasSubstr("is a named pipe"));
  EXPECT_THAT(cli_.Run({"inspect", cli_.Path("all/a.ksig")}).err, HasSubstr("is a named pipe"));
  Verify({cli_.Path("all/a")}, 7);
}

TEST_F(VerifyFolder, ANameInAnotherUnicodeFormIsToldAsSuch) {
  const std::string composed = "all/caf\u00E9.txt", decomposed = "all/cafe\u0301.txt";
  Sign(composed);
  fs::rename(cli_.Path(composed), cli_.Path(decomposed));
  const std::string text = VerifyAll(3, {"--require-all"}).out;
  EXPECT_THAT(text, AllOf(HasSubstr("missing      " + cli_.Path(composed)),
                          HasSubstr("another Unicode form"), HasSubstr(cli_.Path(decomposed)),
                          HasSubstr("2 verified, 1 missing"), Not(HasSubstr("unsigned"))));
  // The same for names that a shell gives.
  const std::string signature = cli_.Path(composed) + ".ksig";
  EXPECT_THAT(Verify({signature, cli_.Path("all/a")}, 3).out, HasSubstr("another Unicode form"));
  Verify({cli_.Path(decomposed), "-s", signature}, 0);
}

TEST_F(VerifyFolder, CountsDocumentsThatNobodySigned) {
  cli_.Write("all/sub/new", "x");
  cli_.Write("all/.hidden", "x");
  EXPECT_THAT(VerifyAll(0).out, HasSubstr("2 documents have no signature"));
  const std::string text = VerifyAll(3, {"--require-all"}).out;
  EXPECT_THAT(text, AllOf(HasSubstr("unsigned     " + cli_.Path("all/sub/new")),
                          HasSubstr("\n4 inputs: 2 verified, 2 unsigned")));
  const std::string json = VerifyAll(3, {"--require-all", "--json"}).out;
  const Json object = Json::parse(json.substr(0, json.find('\n')));
  EXPECT_EQ(object["file"], cli_.Path("all/.hidden"));
  EXPECT_TRUE(object["signature"].is_null());
  EXPECT_EQ(object["reason_code"], "inconclusive");
}

TEST_F(VerifyFolder, NothingVerifiedIsNoYes) {
  fs::create_directory(cli_.Path("empty"));
  EXPECT_THAT(Verify({"-r", cli_.Path("empty")}, 3).err, HasSubstr("nothing was verified"));
  EXPECT_THAT(Verify({"-r", cli_.Path("empty"), "--json"}, 3).out, IsEmpty());
  Verify({"--files-from", cli_.Write("list", "\n")}, 3);
  cli_.Write("empty/unsigned", "x");
  Verify({"-r", cli_.Path("empty")}, 3);
}

TEST_F(VerifyFolder, SignaturesAreHeldAgainstTheDocumentsBesideThem) {
  cli_.Write("all/a", "tampered");
  const std::string a = cli_.Path("all/a.ksig"), b = cli_.Path("all/sub/b.ksig");
  EXPECT_THAT(Verify({a}, 1).out, HasSubstr("FAILED"));
  EXPECT_THAT(Verify({a, b}, 1).out, HasSubstr("1 verified, 1 FAILED"));
  Verify({a, b, "--signatures-only"}, 0);
  // One alone, as documented.
  fs::remove(cli_.Path("all/a"));
  EXPECT_THAT(Verify({a}, 0).out, HasSubstr("no document was given"));
  Verify({a, b}, 3);
}

TEST_F(VerifyFolder, TellsOfFailuresAloneAndQuietlyOfNothingElse) {
  EXPECT_THAT(VerifyAll(0, {"--quiet"}).out, IsEmpty());
  EXPECT_THAT(Verify({cli_.Path("all/a"), "-q"}, 0).out, IsEmpty());
  EXPECT_EQ(VerifyAll(0, {"--failures"}).out, "2 inputs: 2 verified\n");
  cli_.Write("all/a", "tampered");
  for (const char* flag : {"--quiet", "--failures"}) {
    const CliResult result = VerifyAll(1, {flag});
    EXPECT_THAT(result.out, AllOf(HasSubstr("FAILED       " + cli_.Path("all/a")),
                                  HasSubstr("1 verified, 1 FAILED"), Not(HasSubstr("all/sub/b"))));
    EXPECT_THAT(result.err, IsEmpty());
  }
}

}  // namespace
}  // namespace pitser::testing
