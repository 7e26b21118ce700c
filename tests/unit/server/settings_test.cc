#include "server/app/settings.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/settings_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/app/command_line.h"
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

CommandLine Parse(std::vector<const char*> args, base::Variables::Map variables = {}) {
  args.insert(args.begin(), "pitserd");
  return ParseCommandLine(static_cast<int>(args.size()), args.data(),
                          base::Variables(std::move(variables)));
}

std::string TextOf(const Setting& setting, Settings settings) {
  return base::TextOf(setting.In(settings));
}
absl::Status SetFromText(const Setting& setting, std::string_view text, Settings& settings) {
  return base::SetFromText(setting.In(settings), text);
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
  const std::string file = WriteTemp("ok.toml",
                                     "data = \"/srv/x\"\n"
                                     "insecure_listen = true\n"
                                     "max_pending = 7\n"
                                     "publish_every = \"1h\"\n");
  for (const CommandLine& line :
       {Parse({"--config", file.c_str()}), Parse({}, {{"PITSER_CONFIG", file}})}) {
    EXPECT_EQ(line.action, CommandLine::Action::kServe) << line.text;
    EXPECT_EQ(line.settings.data, "/srv/x");
    EXPECT_TRUE(line.settings.insecure_listen);
    EXPECT_EQ(line.settings.max_pending, 7u);
    EXPECT_EQ(line.settings.publish_every, absl::Hours(1));
    EXPECT_EQ(line.settings.grpc_listen, Settings().grpc_listen);
  }
}

TEST(CommandLine, FlagBeforeVariableBeforeFileBeforeDefault) {
  const std::string file =
      WriteTemp("order.toml", "max_pending = 7\nmax_level = 9\naccount = \"file\"\n");
  const CommandLine line = Parse({"--config", file.c_str(), "--max-pending", "8"},
                                 {{"PITSER_MAX_PENDING", "10"}, {"PITSER_ACCOUNT", "variable"}});
  EXPECT_EQ(line.action, CommandLine::Action::kServe) << line.text;
  EXPECT_EQ(line.settings.max_pending, 8u);
  EXPECT_EQ(line.settings.max_level, 9u);
  EXPECT_EQ(line.settings.account, "variable");
  EXPECT_EQ(line.settings.max_message_bytes, Settings().max_message_bytes);
}

TEST(CommandLine, WrongVariablesAreRefusedAndMisspeltOnesTold) {
  const CommandLine wrong = Parse({}, {{"PITSER_MAX_PENDING", "many"}});
  EXPECT_EQ(wrong.action, CommandLine::Action::kRefuse);
  EXPECT_EQ(wrong.exit_code, ExitCode::kUsage);
  EXPECT_THAT(wrong.text, HasSubstr("PITSER_MAX_PENDING: expected a number from 1 to"));
  EXPECT_EQ(Parse({}, {{"PITSER_CONFIG", "/nonexistent"}}).exit_code, ExitCode::kLocalFile);

  const CommandLine misspelt = Parse({}, {{"PITSER_MAX_PENDIGN", "7"}, {"PITSER_BIN_DIR", "/x"}});
  EXPECT_EQ(misspelt.action, CommandLine::Action::kServe) << misspelt.text;
  EXPECT_THAT(misspelt.hints,
              ::testing::ElementsAre(HasSubstr("PITSER_MAX_PENDIGN is no setting")));
}

TEST(CommandLine, ConfigShowsWhatIsInForceAndWhereFrom) {
  const std::string file = WriteTemp("shown.toml", "\nmax_level = 9\n");
  for (const std::vector<const char*>& args : std::vector<std::vector<const char*>>{
           {"config", "--config", file.c_str(), "--data", "/srv/x"},
           {"--config", file.c_str(), "--data", "/srv/x", "config"}}) {
    const CommandLine line = Parse(args, {{"PITSER_ACCOUNT", "me"}});
    EXPECT_EQ(line.action, CommandLine::Action::kPrint) << line.text;
    EXPECT_THAT(line.text, HasSubstr("# configuration file " + file + "\n"));
    EXPECT_THAT(line.text, HasSubstr("max_level = 9  # file " + file + ":2\n"));
    EXPECT_THAT(line.text, HasSubstr("account = \"me\"  # variable PITSER_ACCOUNT\n"));
    EXPECT_THAT(line.text, HasSubstr("data = \"/srv/x\"  # flag --data\n"));
    EXPECT_THAT(line.text, HasSubstr("round_seconds = 1  # default\n"));
  }
  const std::string shown = WriteTemp("again.toml", Parse({"config", "--max-level", "4"}).text);
  const CommandLine again = Parse({"--config", shown.c_str()});
  EXPECT_EQ(again.action, CommandLine::Action::kServe) << again.text;
  EXPECT_EQ(again.settings.max_level, 4u);

  const std::string json = Parse({"config", "--json"}).text;
  EXPECT_THAT(json, ::testing::StartsWith(R"({"schema":"pitserd.config/1","result":"ok",)"));
  EXPECT_THAT(json, HasSubstr(R"({"key":"max_level","value":200,"layer":"default",)"));
  EXPECT_THAT(json, ::testing::EndsWith("}\n"));
  EXPECT_EQ(Parse({"config", "--config", "/nonexistent"}).exit_code, ExitCode::kLocalFile);
  EXPECT_THAT(Parse({"config", "--help"}).text, HasSubstr("pitserd config --json"));
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

TEST(CommandLine, AnEmptyValueIsRefusedUnlessItsRowSaysWhatItMeans) {
  std::set<std::string_view> may_be_empty;
  for (const Setting& setting : SettingsTable()) {
    if (std::holds_alternative<Setting::Switch>(setting.field)) continue;
    for (const char* command : {"", "config"}) {
      std::vector<const char*> args;
      if (*command != '\0') args.push_back(command);
      const std::string flag = setting.flag(), with_equals = flag + "=";
      args.insert(args.end(), {flag.c_str(), ""});
      const CommandLine spaced = Parse(args);
      args.resize(args.size() - 2);
      args.push_back(with_equals.c_str());
      const CommandLine equalled = Parse(args);
      for (const CommandLine* line : {&spaced, &equalled}) {
        if (line->action != CommandLine::Action::kRefuse) {
          may_be_empty.insert(setting.key);
          continue;
        }
        EXPECT_EQ(line->exit_code, ExitCode::kUsage) << flag;
        EXPECT_THAT(line->text, HasSubstr(flag + ": is empty")) << flag;
      }
    }
  }
  EXPECT_EQ(may_be_empty,
            (std::set<std::string_view>{"ksi_sign_listen", "ksi_extend_listen", "ksi_cors_origins",
                                        "parent", "parent_publications", "genesis", "machine_id"}));
}

TEST(CommandLine, NoCommandTakesAnEmptyValue) {
  for (const std::vector<const char*>& args :
       std::vector<std::vector<const char*>>{{"--config", ""},
                                             {"publish", "--data", ""},
                                             {"status", "--data="},
                                             {"drain", "--timeout", ""},
                                             {"account", "add", ""},
                                             {"account", "add", "a", "--key-file", ""},
                                             {"account", "add", "a", "--services", ""},
                                             {"account", "change", "a", "--hmac", ""},
                                             {"account", "change", "a", "--max-level="},
                                             {"account", "list", "--data", ""}}) {
    const CommandLine line = Parse(args);
    EXPECT_EQ(line.action, CommandLine::Action::kRefuse) << args[0] << " " << args[1];
    EXPECT_THAT(line.text, HasSubstr("is empty"));
  }
}

TEST(CommandLine, AnEmptyVariableIsNoneButNotOfWhatIsBelieved) {
  EXPECT_EQ(Parse({}, {{"PITSER_TLS_CERT", ""}, {"PITSER_PARENT", ""}}).action,
            CommandLine::Action::kServe);
  for (const char* variable : {"PITSER_TLS_CLIENT_CA", "PITSER_PARENT_CA"}) {
    EXPECT_EQ(Parse({}, {{variable, ""}}).exit_code, ExitCode::kUsage) << variable;
  }
}

TEST(CommandLine, UnderstandsWordsAndSaysWhatWasProbablyMeant) {
  EXPECT_EQ(Parse({"help"}).text, Parse({"--help"}).text);
  EXPECT_EQ(Parse({"help", "account", "add"}).text, Parse({"account", "add", "--help"}).text);
  EXPECT_THAT(Parse({"help", "account", "add"}).text, HasSubstr("pitserd account add"));
  EXPECT_EQ(Parse({"version"}).text, Parse({"-V"}).text);
  EXPECT_THAT(Parse({"statsu"}).text, HasSubstr("did you mean status?"));
  EXPECT_THAT(Parse({"--grpc-lisen", "x"}).text, HasSubstr("did you mean --grpc-listen?"));
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

TEST(CommandLine, StatusAndDrainTakeTheirFlags) {
  const CommandLine status = Parse({"status", "--json", "--data", "/srv/x"});
  EXPECT_EQ(status.action, CommandLine::Action::kStatus) << status.text;
  EXPECT_TRUE(status.json);
  EXPECT_EQ(status.settings.data, "/srv/x");
  EXPECT_FALSE(Parse({"status"}).json);
  const CommandLine drain = Parse({"drain", "--undo", "--timeout", "1m30s"});
  EXPECT_EQ(drain.action, CommandLine::Action::kDrain) << drain.text;
  EXPECT_TRUE(drain.undo);
  EXPECT_EQ(drain.timeout, absl::Seconds(90));
  EXPECT_FALSE(Parse({"drain"}).undo);
  EXPECT_EQ(Parse({"drain"}).timeout, absl::Seconds(60));
  EXPECT_EQ(Parse({"drain", "--timeout", "5"}).timeout, absl::Seconds(5));  // As of `pitser`.
  for (const char* wrong : {"soon", "-1s", "-1", "60 apples"}) {
    EXPECT_EQ(Parse({"drain", "--timeout", wrong}).exit_code, ExitCode::kUsage) << wrong;
  }
  EXPECT_THAT(Parse({"status", "--help"}).text, HasSubstr("pitserd status --json"));
  EXPECT_THAT(Parse({"drain", "--help"}).text, HasSubstr("pitserd drain --undo"));
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
  const CommandLine line = Parse({"--config", WriteTemp("sample.toml", text).c_str()});
  EXPECT_EQ(line.action, CommandLine::Action::kServe) << line.text;
  for (const Setting& setting : SettingsTable()) {
    EXPECT_EQ(TextOf(setting, line.settings), TextOf(setting, Settings())) << setting.key;
  }
}

TEST(SettingsMarkdown, IsWhatTheDocumentationShows) {
  Settings defaults;
  EXPECT_THAT(ReadSource("docs/settings.md"),
              HasSubstr(base::SettingsMarkdown(base::InForce(SettingsTable(), defaults), 3)));
}

}  // namespace
}  // namespace pitser::server
