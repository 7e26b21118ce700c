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
      {},        {"sign"},           {"verify"},        {"extend"}, {"inspect"},
      {"trust"}, {"trust", "fetch"}, {"trust", "show"}, {"config"}};
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
    EXPECT_GE(Count(result.out, "\n  $ pitser "), 2u) << name;
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
                                             {"sign", "--timeout", "1", "--timeout", "2", "x"},
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
  EXPECT_EQ(cli.Run({"sign", document, "--server", server}).code, 4);  // Which is no signature.
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
  EXPECT_THAT(result.err, HasSubstr("pitser.toml:1: unknown key 'sevrer'"));
}

TEST(Settings, OfAWrongKindAreUsageErrors) {
  Cli cli;
  const CliResult flag = cli.Run({"sign", "--timeout", "soon", "x"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_THAT(flag.err, StartsWith("pitser: --timeout: expected a duration"));
  cli.SetEnvironment("PITSER_INSECURE", "maybe");
  const CliResult variable = cli.Run({"sign", "x"});
  EXPECT_EQ(variable.code, 2);
  EXPECT_THAT(variable.err, StartsWith("pitser: PITSER_INSECURE: expected true or false"));
}

TEST(Config, ShowsWhatIsInForceAndWhereFrom) {
  Cli cli;
  const std::string file = cli.Write("s.toml", "\nalgorithm = 'sha-512'\n");
  cli.SetEnvironment("PITSER_SERVER", "a:1");
  cli.SetEnvironment("PITSER_SEVRER", "b:1");
  const CliResult text = cli.Run({"config", "--config", file, "--timeout", "5"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("# configuration file " + file + "\n"));
  EXPECT_THAT(text.out, HasSubstr("\nserver = \"a:1\"  # variable PITSER_SERVER\n"));
  EXPECT_THAT(text.out, HasSubstr("\ntimeout = \"5s\"  # flag --timeout\n"));
  EXPECT_THAT(text.out, HasSubstr("\nalgorithm = \"sha-512\"  # file " + file + ":2\n"));
  EXPECT_THAT(text.out, HasSubstr("/.config/pitser/trust\"  # default\n"));
  EXPECT_EQ(text.err, "pitser: hint: the variable PITSER_SEVRER is no setting; PITSER_SERVER is\n");
  const std::string shown = cli.Write("shown.toml", text.out);
  EXPECT_EQ(cli.Run({"config", "--config", shown}).code, 0);

  const CliResult json = cli.Run({"config", "--json", "--config", file});
  EXPECT_EQ(json.code, 0);
  EXPECT_THAT(json.err, IsEmpty());
  EXPECT_THAT(json.out, StartsWith(R"({"schema":"pitser.config/1","result":"ok",)"));
  EXPECT_THAT(json.out, HasSubstr(R"({"key":"server","value":"a:1","layer":"variable",)"));
  EXPECT_EQ(Count(json.out, "\n"), 1u);
  EXPECT_EQ(cli.Run({"config", "--config", cli.Path("none")}).code, 7);
}

}  // namespace
}  // namespace pitser::cli
