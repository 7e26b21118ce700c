#include "client/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/exit_code.h"
#include "tests/unit/client/cli_harness.h"

namespace pitser::cli {
namespace {

using ::testing::AllOf;
using testing::Cli;
using testing::CliResult;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const std::vector<std::vector<std::string>>& AllCommands() {
  static const std::vector<std::vector<std::string>> commands = {
      {},          {"sign"},  {"verify"},         {"extend"},
      {"inspect"}, {"trust"}, {"trust", "fetch"}, {"trust", "show"}};
  return commands;
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Help, OfEveryCommandHasItsSections) {
  for (std::vector<std::string> command : AllCommands()) {
    command.push_back("--help");
    Cli cli;
    const CliResult result = cli.Run(command);
    const std::string name = command.front();
    EXPECT_EQ(result.code, 0) << name;
    EXPECT_THAT(result.err, IsEmpty()) << name;
    EXPECT_THAT(result.out, AllOf(StartsWith("Usage: pitser "), HasSubstr("\nOptions:\n"),
                                  HasSubstr("\nExit codes:\n"), HasSubstr("\nExamples:\n")))
        << name;
    EXPECT_EQ(Count(result.out, "\n  $ pitser "), 2u) << name;
    // A paragraph between usage and options.
    EXPECT_GT(result.out.find("\nOptions:"), result.out.find("\n\n") + 80) << name;
  }
}

TEST(CommandLine, RefusesInOneLineWithAHint) {
  Cli cli;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"frobnicate"},
                                             {"verify", "--frobnicate"},
                                             {"trust"},
                                             {"extend"},
                                             {"sign", "--timeout", "soon", "x"},
                                             {"verify", "x", "--policy"}}) {
    const CliResult result = cli.Run(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_EQ(Count(result.err, "\n"), 2u) << result.err;
    EXPECT_THAT(result.err, StartsWith("pitser: "));
    EXPECT_THAT(result.err, HasSubstr("\npitser: hint: pitser"));
  }
}

TEST(CommandLine, SaysItsVersion) {
  Cli cli;
  EXPECT_THAT(cli.Run({"--version"}).out, MatchesRegex("pitser [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Sign, ChecksTheCommandLineBeforeItDoesAnything) {
  Cli cli;
  const std::string document = cli.Write("doc", "pitser");
  const std::string server = "127.0.0.1:1";
  const std::string sha1 = "sha-1:0000000000000000000000000000000000000000";
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"sign"},
           {"sign", document},  // No server.
           {"sign", document, "--server", "nowhere"},
           {"sign", document, "--server", server, "-o", document},
           {"sign", document, "--server", server, "-o", cli.Path("./doc"), "--force"},
           {"sign", document, document, "--server", server},
           {"sign", document, cli.Path("b"), "-o", "x", "--server", server},
           {"sign", document, "--hash", sha1, "--server", server},
           {"sign", "--hash", sha1, "--server", server},
           {"sign", "--hash", "sha-256:12", "--server", server},
           {"sign", document, "--algorithm", "sha-1", "--server", server},
           {"sign", document, "--json", "-o", "-", "--server", server}}) {
    EXPECT_EQ(cli.Run(arguments).code, 2) << cli.Run(arguments).err;
  }
  cli.Write("doc.ksig", "there");
  EXPECT_EQ(cli.Run({"sign", document, "--server", server}).code, 7);
  EXPECT_EQ(cli.Run({"sign", cli.Path("none"), "--server", server}).code, 7);
}

TEST(Sign, KeepsBytesFromATerminalThatDidNotAskForThem) {
  Cli cli;
  cli.SetOutIsTerminal();
  const std::string hash = testing::SomeImprint("x").ToText();
  const CliResult result = cli.Run({"sign", "--hash", hash, "--server", "127.0.0.1:1"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("terminal"));
}

TEST(Settings, OfTheDefaultPlaceAreUsedAndWrongOnesAreRefused) {
  Cli cli;
  std::filesystem::create_directories(cli.Path(".config/pitser"));
  cli.Write(".config/pitser/pitser.toml", "sevrer = 'x'\n");
  const CliResult result = cli.Run({"inspect", "x"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("pitser.toml:1: unknown setting 'sevrer'"));
}

}  // namespace
}  // namespace pitser::cli
