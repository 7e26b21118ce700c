// A variable of the shell that is not set is no way to say "without": every flag of every command
// refuses an empty value. And what becomes of a user without a home.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "tests/unit/client/cli_harness.h"

namespace pitser::cli {
namespace {

using testing::Cli;
using testing::CliResult;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The commands below one, as its help tells.
std::vector<std::vector<std::string>> CommandsBelow(const std::vector<std::string>& command) {
  Cli cli;
  std::vector<std::string> arguments = command;
  arguments.push_back("--help");
  std::vector<std::vector<std::string>> all = {command};
  bool listed = false;
  for (const std::string& line : Lines(cli.Run(arguments).out)) {
    if (line.ends_with(':')) listed = line == "Commands:";
    std::smatch name;
    if (!listed || !std::regex_search(line, name, std::regex("^  ([a-z-]+) "))) continue;
    std::vector<std::string> below = command;
    below.push_back(name[1]);
    for (auto& deeper : CommandsBelow(below)) all.push_back(std::move(deeper));
  }
  return all;
}

// The flags that take a value: "  -o,--output OUT  ...", the longest name of each.
std::vector<std::string> ValuedFlags(const std::vector<std::string>& command) {
  Cli cli;
  std::vector<std::string> arguments = command;
  arguments.push_back("--help");
  std::vector<std::string> flags;
  for (const std::string& line : Lines(cli.Run(arguments).out)) {
    std::smatch flag;
    if (std::regex_search(line, flag, std::regex("^  (-[A-Za-z0-9],)?(--[a-z-]+) [A-Z]"))) {
      flags.push_back(flag[2]);
    }
  }
  return flags;
}

TEST(EmptyValue, IsRefusedByEveryFlagOfEveryCommand) {
  std::size_t tried = 0;
  for (const auto& command : CommandsBelow({})) {
    for (const std::string& flag : ValuedFlags(command)) {
      for (const bool with_equals : {false, true}) {
        std::vector<std::string> arguments = command;
        arguments.insert(arguments.end(), {with_equals ? flag + "=" : flag});
        if (!with_equals) arguments.emplace_back();
        arguments.emplace_back("more");
        const CliResult result = Cli().Run(arguments);
        EXPECT_EQ(result.code, 2) << flag;
        EXPECT_THAT(result.err, HasSubstr(flag + ": is empty")) << flag;
        EXPECT_THAT(result.out, IsEmpty()) << flag;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 200u);
}

TEST(EmptyValue, IsRefusedAsAName) {
  Cli cli;
  const std::string signature = cli.Path("x.ksig");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"verify", ""},
                                             {"verify", "", "-s", signature},
                                             {"verify", "-s", signature},
                                             {"sign", ""},
                                             {"extend", ""},
                                             {"inspect", ""},
                                             {"publications", "show", ""},
                                             {"publications", "verify", ""},
                                             {""}}) {
    EXPECT_EQ(cli.Run(arguments).code, 2) << arguments.front();
  }
}

TEST(EmptyValue, OfAVariableIsNoneButNotOfWhatIsBelieved) {
  Cli cli;
  cli.SetEnvironment("PITSER_SERVER", "");
  EXPECT_EQ(cli.Run({"config"}).code, 0);
  for (const char* variable : {"PITSER_TRUST", "PITSER_TLS_CA"}) {
    Cli other;
    other.SetEnvironment(variable, "");
    EXPECT_EQ(other.Run({"config"}).code, 2) << variable;
    EXPECT_THAT(other.Run({"config"}).err, HasSubstr(variable));
  }
  cli.SetEnvironment("SSL_CERT_FILE", "");
  const std::string document = cli.Write("doc", "x");
  EXPECT_EQ(cli.Run({"verify", document, "--system-trust"}).code, 2);
}

TEST(EmptyValue, InASettingsFileStays) {
  Cli cli;
  const std::string file = cli.Write("s.toml", "tls_ca = \"\"\nserver = \"\"\n");
  EXPECT_EQ(cli.Run({"config", "--config", file}).code, 0);
}

TEST(Home, NeedNotBe) {
  Cli cli;
  const std::string trust = cli.WriteTrust("trust");
  const std::string document = cli.Write("doc", "pitser");
  cli.Write("doc.ksig", testing::MakeSignature(testing::AuthenticatedRecipe()).bytes());
  cli.SetEnvironment("HOME", "");
  EXPECT_EQ(cli.Run({"verify", document, "--trust", trust}).code, 0);
  EXPECT_EQ(cli.Run({"verify", document}).code, 3);
  EXPECT_THAT(cli.Run({"config"}).out, HasSubstr("\ntrust = \"\"  # default"));
  EXPECT_EQ(cli.Run({"trust", "show"}).code, 2);
  EXPECT_THAT(cli.Run({"trust", "fetch", "--server", "127.0.0.1:1"}).err,
              HasSubstr("HOME is not set"));
  cli.SetEnvironment("XDG_CONFIG_HOME", "relative");
  EXPECT_THAT(cli.Run({"config"}).out, HasSubstr("\ntrust = \"\"  # default"));
}

TEST(Home, ThatCannotBeLookedIntoIsToldAndPassedOver) {
  Cli cli;
  const std::string trust = cli.WriteTrust("trust");
  const std::string document = cli.Write("doc", "pitser");
  cli.Write("doc.ksig", testing::MakeSignature(testing::AuthenticatedRecipe()).bytes());
  cli.SetEnvironment("HOME",
                     document);  // No folder: the same as one of somebody else, also for root.
  const CliResult result = cli.Run({"verify", document, "--trust", trust});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("no settings are read from"));
}

TEST(Words, OfHelpAndVersionAreUnderstood) {
  Cli cli;
  EXPECT_EQ(cli.Run({"help"}).out, cli.Run({"--help"}).out);
  EXPECT_EQ(cli.Run({"help", "verify"}).out, cli.Run({"verify", "--help"}).out);
  EXPECT_EQ(cli.Run({"help", "trust", "fetch"}).out, cli.Run({"trust", "fetch", "--help"}).out);
  EXPECT_EQ(cli.Run({"version"}).out, cli.Run({"--version"}).out);
  EXPECT_EQ(cli.Run({"-V"}).out, cli.Run({"--version"}).out);
  EXPECT_THAT(cli.Run({"verfy", "x"}).err, HasSubstr("did you mean verify?"));
  EXPECT_THAT(cli.Run({"verify", "x", "--polcy", "key"}).err, HasSubstr("did you mean --policy?"));
}

}  // namespace
}  // namespace pitser::cli
