#include "server/app/settings.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "gtest/gtest.h"
#include "server/app/command_line.h"
#include "server/app/config_file.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using ::pitser::testing::StatusIs;
using ::testing::HasSubstr;

const Setting& Named(std::string_view key) {
  for (const Setting& setting : SettingsTable()) {
    if (setting.key == key) return setting;
  }
  ADD_FAILURE() << "no setting " << key;
  std::abort();
}

std::string ReadSource(const std::string& path) {
  const char* root = std::getenv("PITSER_SOURCE_DIR");
  std::ifstream in(std::string(root == nullptr ? "." : root) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string WriteTemp(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/pitser_settings_" + name;
  std::ofstream(path) << text;
  return path;
}

CommandLine Parse(std::vector<const char*> args) {
  args.insert(args.begin(), "pitserd");
  return ParseCommandLine(static_cast<int>(args.size()), args.data());
}

TEST(SettingsTable, DefaultsLieInTheirRangesAndReadBack) {
  std::set<std::string_view> keys;
  for (const Setting& setting : SettingsTable()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    Settings settings;
    const std::string text = TextOf(setting, settings);
    PITSER_EXPECT_OK(SetFromText(setting, text, settings)) << setting.key;
    EXPECT_EQ(TextOf(setting, settings), text) << setting.key;
    EXPECT_GT(setting.help.size(), 10u) << setting.key;
  }
}

TEST(SetFromText, RefusesWhatIsNoValue) {
  Settings settings;
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0", "1e3", "99999999999999999999999"}) {
    EXPECT_THAT(SetFromText(Named("max_pending"), text, settings),
                StatusIs(absl::StatusCode::kInvalidArgument, "expected a number from 1 to"))
        << text;
  }
  for (const char* text : {"", "24", "-1s", "0s", "inf", "one day"}) {
    EXPECT_THAT(SetFromText(Named("publish_every"), text, settings),
                StatusIs(absl::StatusCode::kInvalidArgument, "expected a duration"))
        << text;
  }
  EXPECT_THAT(SetFromText(Named("accept_gap"), "yes", settings),
              StatusIs(absl::StatusCode::kInvalidArgument, "expected true or false, got 'yes'"));
  EXPECT_EQ(settings.max_pending, Settings().max_pending);
}

TEST(ConfigFile, SetsWhatItSaysAndNothingElse) {
  Settings settings;
  PITSER_ASSERT_OK(ReadConfigFile(WriteTemp("ok.toml",
                                            "data = \"/srv/x\"\n"
                                            "insecure_listen = true\n"
                                            "max_pending = 7\n"
                                            "publish_every = \"1h\"\n"),
                                  settings));
  EXPECT_EQ(settings.data, "/srv/x");
  EXPECT_TRUE(settings.insecure_listen);
  EXPECT_EQ(settings.max_pending, 7u);
  EXPECT_EQ(settings.publish_every, absl::Hours(1));
  EXPECT_EQ(settings.grpc_listen, Settings().grpc_listen);
}

TEST(ConfigFile, NamesFileAndLineOfWhatIsWrong) {
  const struct {
    const char *name, *text, *message;
  } cases[] = {
      {"unknown.toml", "account = \"a\"\n\nmax_pendign = 7\n",
       "unknown.toml:3: unknown key 'max_pendign'"},
      {"section.toml", "[limits]\nmax_pending = 7\n", "section.toml:1: unknown key 'limits'"},
      {"kind.toml", "max_pending = \"7\"\n", "kind.toml:1: max_pending: expected a whole number"},
      {"text.toml", "account = 7\n", "text.toml:1: account: expected a text in quotes"},
      {"switch.toml", "accept_gap = 1\n", "switch.toml:1: accept_gap: expected true or false"},
      {"range.toml", "\nmax_level = 255\n", "range.toml:2: max_level: expected a number"},
      {"negative.toml", "max_level = -1\n", "negative.toml:1: max_level: expected a number"},
      {"syntax.toml", "data = \n", "syntax.toml:1: "},
  };
  for (const auto& c : cases) {
    Settings settings;
    EXPECT_THAT(ReadConfigFile(WriteTemp(c.name, c.text), settings),
                StatusIs(absl::StatusCode::kInvalidArgument, c.message))
        << c.name;
  }
}

TEST(ConfigFile, SaysWhenThereIsNone) {
  Settings settings;
  EXPECT_THAT(ReadConfigFile("/nonexistent/pitserd.toml", settings),
              StatusIs(absl::StatusCode::kNotFound, "/nonexistent/pitserd.toml"));
}

TEST(CommandLine, FlagBeforeFileBeforeDefault) {
  const std::string file = WriteTemp("order.toml", "max_pending = 7\nmax_level = 9\n");
  const CommandLine line = Parse({"--config", file.c_str(), "--max-pending", "8"});
  EXPECT_EQ(line.action, CommandLine::Action::kServe) << line.text;
  EXPECT_EQ(line.settings.max_pending, 8u);
  EXPECT_EQ(line.settings.max_level, 9u);
  EXPECT_EQ(line.settings.max_message_bytes, Settings().max_message_bytes);
}

TEST(CommandLine, EveryKeyIsAFlag) {
  const std::string help = Parse({"--help"}).text;
  for (const Setting& setting : SettingsTable()) {
    EXPECT_THAT(help, HasSubstr(setting.flag()));
    const bool is_switch = std::holds_alternative<Setting::Switch>(setting.field);
    const std::string text = is_switch ? "true" : TextOf(setting, Settings());
    const std::string argument = setting.flag() + "=" + text;
    if (text.empty()) continue;
    const CommandLine line = Parse({argument.c_str()});
    EXPECT_EQ(line.action, CommandLine::Action::kServe) << argument << ": " << line.text;
    EXPECT_EQ(TextOf(setting, line.settings), text);
  }
}

TEST(CommandLine, UsageErrorsAreRefused) {
  const std::string bad = WriteTemp("bad.toml", "nonsense = 1\n");
  for (const std::vector<const char*>& args :
       std::vector<std::vector<const char*>>{{"--nonsense"},
                                             {"serve"},
                                             {"--max-pending"},
                                             {"--max-pending", "x"},
                                             {"--max-pending", "1", "--max-pending", "2"},
                                             {"--config", bad.c_str()}}) {
    const CommandLine line = Parse(args);
    EXPECT_EQ(line.action, CommandLine::Action::kRefuse) << args[0];
    EXPECT_EQ(line.exit_code, ExitCode::kUsage) << args[0];
    EXPECT_FALSE(line.text.empty());
    EXPECT_THAT(line.text, ::testing::Not(HasSubstr("\n")));
  }
  EXPECT_EQ(Parse({"--config", "/nonexistent"}).exit_code, ExitCode::kLocalFile);
}

TEST(CommandLine, PublishTakesTheDataFolderOnEitherSide) {
  for (const std::vector<const char*>& args : std::vector<std::vector<const char*>>{
           {"publish", "--data", "/srv/x"}, {"--data", "/srv/x", "publish"}}) {
    const CommandLine line = Parse(args);
    EXPECT_EQ(line.action, CommandLine::Action::kPublish) << line.text;
    EXPECT_EQ(line.settings.data, "/srv/x");
  }
  EXPECT_THAT(Parse({"publish", "--help"}).text, HasSubstr("pitserd publish --data"));
}

TEST(CommandLine, HelpAndVersionAreResults) {
  for (const char* flag : {"--help", "-h", "--version", "--sample-config"}) {
    const CommandLine line = Parse({flag});
    EXPECT_EQ(line.action, CommandLine::Action::kPrint) << flag;
    EXPECT_EQ(line.exit_code, ExitCode::kOk);
  }
  EXPECT_THAT(Parse({"--version"}).text, ::testing::MatchesRegex("pitserd [0-9]+\\.[0-9.]+\n"));
  EXPECT_THAT(Parse({"--help"}).text, HasSubstr("Exit codes:"));
  EXPECT_THAT(Parse({"--help"}).text, HasSubstr("Examples:"));
}

TEST(SampleConfig, IsWhatTheProjectShips) {
  EXPECT_EQ(SampleConfig(), ReadSource("deploy/pitserd.toml"))
      << "run: pitserd --sample-config > deploy/pitserd.toml";
}

TEST(SampleConfig, IsValidWithEveryLineInForce) {
  std::istringstream sample(SampleConfig());
  std::string text;
  std::size_t keys = 0;
  for (std::string line; std::getline(sample, line);) {
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ' && line[1] != '#') {
      text += line.substr(1) + "\n";
      ++keys;
    }
  }
  EXPECT_EQ(keys, SettingsTable().size());
  Settings settings;
  PITSER_ASSERT_OK(ReadConfigFile(WriteTemp("sample.toml", text), settings));
  for (const Setting& setting : SettingsTable()) {
    EXPECT_EQ(TextOf(setting, settings), TextOf(setting, Settings())) << setting.key;
  }
}

TEST(SettingsMarkdown, IsWhatTheDocumentationShows) {
  EXPECT_THAT(ReadSource("docs/settings.md"), HasSubstr(SettingsMarkdown()));
}

}  // namespace
}  // namespace pitser::server
