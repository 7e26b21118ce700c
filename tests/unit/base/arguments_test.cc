#include "base/arguments.h"

#include <CLI/CLI.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::base {
namespace {

using ::pitser::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A program as ours are: commands, flags, arguments.
class Program {
 public:
  Program() {
    app_.add_flag("--version", version);
    CLI::App* sign = app_.add_subcommand("sign");
    sign->add_option("FILE", files);
    sign->add_option("-s,--server", server);
    sign->add_option("--name", name);
    sign->add_option("--last", last);
    sign->add_flag("--json", json);
    CLI::App* trust = app_.add_subcommand("trust");
    trust->require_subcommand(1);
    trust->add_subcommand("fetch")->add_option("--server", server);
    RefuseEmptyValues(app_, [](std::string_view flag) { return flag == "--name"; });
  }

  absl::StatusOr<std::optional<std::string>> Parse(const std::vector<std::string>& arguments) {
    return ParseArguments(app_, PlainArguments(arguments));
  }
  std::string Refusal(const std::vector<std::string>& arguments) {
    const auto parsed = Parse(arguments);
    EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument));
    return std::string(parsed.status().message());
  }
  std::string Command() const { return CommandOf(app_); }

  bool version = false, json = false;
  std::vector<std::string> files;
  std::string server = "untouched", name = "untouched";
  int last = 0;

 private:
  CLI::App app_{"", "pitser"};
};

TEST(RefuseEmptyValues, HoldsForFlagsAndArgumentsOfEveryCommand) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"sign", "--server", ""},
                                             {"sign", "--server="},
                                             {"sign", "--server=", "document"},
                                             {"sign", "-s", ""},
                                             {"sign", ""},
                                             {"sign", "a", "", "b"},
                                             {"sign", "--last", ""},
                                             {"trust", "fetch", "--server", ""}}) {
    EXPECT_THAT(Program().Refusal(arguments), HasSubstr("is empty")) << arguments.back();
  }
  Program program;
  PITSER_ASSERT_OK(program.Parse({"sign", "--name", "", "a"}));
  EXPECT_EQ(program.name, "");
  Program other;
  PITSER_ASSERT_OK(other.Parse({"sign", "--name=", "a"}));
  EXPECT_EQ(other.name, "");
  EXPECT_THAT(other.files, ElementsAre("a"));
}

TEST(PlainArguments, KnowsTheWordsThatPeopleTry) {
  EXPECT_THAT(PlainArguments({"help"}), ElementsAre("--help"));
  EXPECT_THAT(PlainArguments({"help", "trust", "fetch"}), ElementsAre("trust", "fetch", "--help"));
  EXPECT_THAT(PlainArguments({"version"}), ElementsAre("--version"));
  EXPECT_THAT(PlainArguments({"sign", "help", "version"}), ElementsAre("sign", "help", "version"));
  // Behind -- everything is a name.
  EXPECT_THAT(PlainArguments({"sign", "--", "--a="}), ElementsAre("sign", "--", "--a="));
  EXPECT_THAT(PlainArguments({}), IsEmpty());
}

TEST(ParseArguments, GivesTheHelpOfTheCommand) {
  Program program;
  const auto help = program.Parse({"help", "sign"});
  PITSER_ASSERT_OK(help);
  EXPECT_THAT(help->value(), HasSubstr("--server"));
  EXPECT_EQ(program.Command(), "pitser sign");
}

TEST(ParseArguments, SaysWhatWasProbablyMeant) {
  EXPECT_EQ(Program().Refusal({"sgin", "a"}),
            "'sgin' is no command of `pitser`; did you mean sign?");
  EXPECT_EQ(Program().Refusal({"SIGN", "a"}),
            "'SIGN' is no command of `pitser`; did you mean sign?");
  EXPECT_EQ(Program().Refusal({"trust", "ftech"}),
            "'ftech' is no command of `pitser trust`; did you mean fetch?");
  EXPECT_EQ(Program().Refusal({"sign", "--sevrer", "x"}),
            "--sevrer is no flag of `pitser sign`; did you mean --server?");
  EXPECT_EQ(Program().Refusal({"sign", "--sevrer=x"}),
            "--sevrer is no flag of `pitser sign`; did you mean --server?");
  EXPECT_EQ(Program().Refusal({"--json", "sign", "a"}),
            "--json stands behind the command: pitser COMMAND --json");
  EXPECT_EQ(Program().Refusal({"frobnicate"}), "'frobnicate' is no command of `pitser`");
  EXPECT_THAT(Program().Refusal({"sign", "\u2014json", "a"}), HasSubstr("did you mean --json?"));
  EXPECT_THAT(Program().Refusal({"sign", "\u2013-server=x"}), HasSubstr("did you mean --server?"));
  // A file may be called so.
  PITSER_EXPECT_OK(Program().Parse({"sign", "\u2013 draft"}));
  PITSER_EXPECT_OK(Program().Parse({"sign", "--", "\u2014json"}));
}

}  // namespace
}  // namespace pitser::base
