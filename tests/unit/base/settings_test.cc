#include "base/settings.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/edit_distance.h"
#include "base/settings_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::base {
namespace {

using ::pitser::testing::StatusIs;
using ::pitser::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Mine {
  std::string listen = "here:1";
  bool loud = false;
  std::uint64_t rounds = 3;
  absl::Duration every = absl::Hours(24);
  absl::Duration patience = absl::Seconds(30);
  std::string authority, parent;
};

const std::array kTable = {
    Setting<Mine>{"listen_on", "Places", "HOST:PORT", "where it listens", &Mine::listen},
    Setting<Mine>{"loud", "Places", "", "say more", &Mine::loud},
    Setting<Mine>{"rounds", "Times", "N", "how many rounds",
                  Setting<Mine>::Number{&Mine::rounds, 1, 3600}},
    Setting<Mine>{"every", "Times", "DURATION", "how often",
                  Setting<Mine>::Duration{&Mine::every, absl::Seconds(1), absl::Hours(48)}},
    Setting<Mine>{
        "patience", "Times", "SECONDS", "how long",
        Setting<Mine>::Duration{&Mine::patience, absl::Milliseconds(1), absl::Hours(1), true},
        "PITSER_MY_PATIENCE"},
    Setting<Mine>{"authority", "Trust", "FILE", "whom it believes", &Mine::authority, {}, {}, true},
    Setting<Mine>{"parent", "Trust", "URL", "who is above it", &Mine::parent, {}, "nobody"},
};

// The table over a struct of its own, and its layers.
class SettingsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  absl::StatusOr<std::string> Apply() {
    const Variables variables(variables_);
    return ApplyLayers(LayersOf(variables), settings_);
  }
  std::vector<std::string> Misspelt() {
    const Variables variables(variables_);
    return MisspeltVariables(LayersOf(variables), settings_);
  }
  Layers LayersOf(const Variables& variables) const {
    return {.file_flag = file_flag_,
            .file_variable = "PITSER_MY_FILE",
            .default_file = default_file_,
            .variables = variables,
            .flags = flags_};
  }
  const Origin& OriginOf(std::string_view key) { return Named(key, settings_).origin; }

  TempFolder folder_;
  Mine mine_;
  SettingsInForce settings_ = InForce(std::span<const Setting<Mine>>(kTable), mine_);
  std::string file_flag_, default_file_;
  Variables::Map variables_;
  std::vector<GivenFlag> flags_;
};

TEST_F(SettingsTest, WithoutAnythingTheDefaultsHold) {
  PITSER_ASSERT_OK_AND_ASSIGN(const std::string file, Apply());
  EXPECT_EQ(file, "");
  EXPECT_EQ(mine_.listen, "here:1");
  EXPECT_EQ(OriginOf("listen_on").layer, Origin::Layer::kDefault);
  EXPECT_EQ(OriginOf("listen_on").place, "");
}

TEST_F(SettingsTest, FlagBeforeVariableBeforeFileBeforeDefault) {
  file_flag_ = Write("my.toml", "\nlisten_on = 'file:1'\nrounds = 10\nevery = '2h'\n");
  variables_ = {{"PITSER_LISTEN_ON", "variable:1"}, {"PITSER_ROUNDS", "20"}};
  flags_ = {{"rounds", "--rounds", "29"}, {"rounds", "--rounds", "30"}};
  PITSER_ASSERT_OK_AND_ASSIGN(const std::string file, Apply());
  EXPECT_EQ(file, file_flag_);
  EXPECT_EQ(mine_.rounds, 30u);
  EXPECT_EQ(OriginOf("rounds").layer, Origin::Layer::kFlag);
  EXPECT_EQ(OriginOf("rounds").place, "--rounds");
  EXPECT_EQ(mine_.listen, "variable:1");
  EXPECT_EQ(OriginOf("listen_on").layer, Origin::Layer::kVariable);
  EXPECT_EQ(OriginOf("listen_on").place, "PITSER_LISTEN_ON");
  EXPECT_EQ(mine_.every, absl::Hours(2));
  EXPECT_EQ(OriginOf("every").layer, Origin::Layer::kFile);
  EXPECT_EQ(OriginOf("every").place, file_flag_ + ":4");
  EXPECT_EQ(mine_.patience, absl::Seconds(30));
}

TEST_F(SettingsTest, TheFileIsTheFlagsThenTheVariablesThenTheDefaultOne) {
  default_file_ = folder_ / "default.toml";
  PITSER_ASSERT_OK(Apply());  // The default one may be absent.
  Write("default.toml", "rounds = 1\n");
  EXPECT_EQ(*Apply(), default_file_);
  EXPECT_EQ(mine_.rounds, 1u);
  variables_ = {{"PITSER_MY_FILE", Write("variable.toml", "rounds = 2\n")}};
  PITSER_ASSERT_OK(Apply());
  EXPECT_EQ(mine_.rounds, 2u);
  file_flag_ = Write("flag.toml", "rounds = 4\n");
  PITSER_ASSERT_OK(Apply());
  EXPECT_EQ(mine_.rounds, 4u);
  file_flag_ = folder_ / "none.toml";
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kNotFound, "none.toml"));
  file_flag_.clear();
  variables_ = {{"PITSER_MY_FILE", folder_ / "none.toml"}};
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kNotFound, "none.toml"));
}

TEST_F(SettingsTest, AnErrorNamesFileAndLineVariableOrFlag) {
  for (const auto& [text, why] :
       {std::pair{"rounds = 1\n\nruonds = 2\n",
                  "my.toml:3: unknown key 'ruonds'; did you mean "
                  "'rounds'?"},
        std::pair{"frobnicate = 2\n", "my.toml:1: unknown key 'frobnicate'"},
        std::pair{"[limits]\nrounds = 2\n", "my.toml:1: unknown key 'limits'"},
        std::pair{"rounds = '7'\n", "my.toml:1: rounds: expected a whole number"},
        std::pair{"rounds = 0\n", "my.toml:1: rounds: expected a number from 1 to 3600, got '0'"},
        std::pair{"rounds = -1\n", "my.toml:1: rounds: expected a number from"},
        std::pair{"loud = 1\n", "my.toml:1: loud: expected true or false, without quotes"},
        std::pair{"listen_on = 7\n", "my.toml:1: listen_on: expected a text in quotes"},
        std::pair{"every = 24\n", "my.toml:1: every: expected a text in quotes"},
        std::pair{"patience = true\n", "my.toml:1: patience: expected a number of seconds, or"},
        std::pair{"rounds = 1\nrounds = 2\n", "my.toml:2: "},
        std::pair{"rounds =\n", "my.toml:1: "},
        // toml++ asserts that a table's name begins like one.
        std::pair{"rounds = 1\n[=]\n", "my.toml:2: "},
        // And that it is not asked whether a letter is a blank.
        std::pair{"# õ\nrounds = 1\n\u035E", "my.toml:3: "},
        std::pair{"listen_on = \"\\\"õ\" õ", "my.toml:1: "}}) {
    file_flag_ = Write("my.toml", text);
    EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kInvalidArgument, why)) << text;
  }
  file_flag_.clear();
  variables_ = {{"PITSER_ROUNDS", "many"}};
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kInvalidArgument,
                                "PITSER_ROUNDS: expected a number from 1 to 3600, got 'many'"));
  variables_.clear();
  flags_ = {{"every", "--every", "24"}};
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kInvalidArgument,
                                "--every: expected a duration like 24h or 1m30s, from 1s to 48h"));
}

TEST_F(SettingsTest, TextsAndCommentsMayHoldAnyCharacter) {
  for (const std::string_view text :
       {"\uFEFFlisten_on = \"õ\" # õ", "listen_on = 'õ'", "listen_on = '''\nõ'''",
        "listen_on = \"\"\"\\\nõ\"\"\"", "# \"\nlisten_on = \"õ\""}) {
    file_flag_ = Write("my.toml", std::string(text));
    PITSER_EXPECT_OK(Apply());
    EXPECT_EQ(mine_.listen, "õ") << text;
  }
}

TEST_F(SettingsTest, AnEmptyVariableIsNone) {
  variables_ = {{"PITSER_ROUNDS", ""}};
  PITSER_ASSERT_OK(Apply());
  EXPECT_EQ(OriginOf("rounds").layer, Origin::Layer::kDefault);
}

TEST_F(SettingsTest, AVariableOfItsOwnReplacesTheDerivedOne) {
  variables_ = {{"PITSER_PATIENCE", "1"}, {"PITSER_MY_PATIENCE", "2"}};
  PITSER_ASSERT_OK(Apply());
  EXPECT_EQ(mine_.patience, absl::Seconds(2));
  EXPECT_EQ(OriginOf("patience").place, "PITSER_MY_PATIENCE");
}

TEST_F(SettingsTest, VariablesThatAreNoSettingAreIgnoredAndSpellingIsHelpedWith) {
  variables_ = {{"PITSER_RUONDS", "5"}, {"PITSER_SOURCE_DIR", "/x"}, {"PITSER_BIN_DIR", "/x/bin"},
                {"PATIENCE", "1"},      {"PITSER_MY_FILE", ""},      {"PITSER_LOUDER", "true"}};
  PITSER_ASSERT_OK(Apply());
  EXPECT_THAT(Misspelt(),
              ElementsAre("the variable PITSER_LOUDER is no setting; PITSER_LOUD is",
                          "the variable PITSER_RUONDS is no setting; PITSER_ROUNDS is"));
}

TEST(SetFromText, TakesSecondsWithoutAUnitOnlyWhereTheTableSaysSo) {
  Mine mine;
  const SettingIn patience = kTable[4].In(mine);
  for (const auto& [text, duration] :
       {std::pair{"2", absl::Seconds(2)}, std::pair{"2.5", absl::Milliseconds(2500)},
        std::pair{"1m30s", absl::Seconds(90)}}) {
    PITSER_EXPECT_OK(SetFromText(patience, text));
    EXPECT_EQ(mine.patience, duration) << text;
  }
  for (const char* text : {"", "0", "-1", "+1", "1e3", ".", "1.2.3", "3601", "inf", "soon"}) {
    EXPECT_THAT(SetFromText(patience, text),
                StatusIs(absl::StatusCode::kInvalidArgument, "or a number of seconds, from 1ms"))
        << text;
  }
  EXPECT_EQ(mine.patience, absl::Seconds(90));
}

TEST_F(SettingsTest, IsShownAsAFileThatGivesTheSameSettings) {
  mine_.listen = "a \"quoted\" \\ text\nof two lines";
  variables_ = {{"PITSER_ROUNDS", "20"}};
  flags_ = {{"loud", "--loud", "true"}};
  PITSER_ASSERT_OK(Apply());
  const std::string text = InForceAsToml("", settings_);
  EXPECT_THAT(text, HasSubstr("# no configuration file\n\n## Places\n"));
  EXPECT_THAT(text, HasSubstr("rounds = 20  # variable PITSER_ROUNDS\n"));
  EXPECT_THAT(text, HasSubstr("loud = true  # flag --loud\n"));
  EXPECT_THAT(text, HasSubstr("every = \"24h\"  # default\n"));
  EXPECT_THAT(InForceAsToml("/x.toml", settings_), HasSubstr("# configuration file /x.toml\n"));

  Mine again;
  SettingsInForce read = InForce(std::span<const Setting<Mine>>(kTable), again);
  const Variables none({});
  PITSER_ASSERT_OK(ApplyLayers({.file_flag = Write("shown.toml", text),
                                .file_variable = "PITSER_MY_FILE",
                                .default_file = {},
                                .variables = none,
                                .flags = {}},
                               read));
  EXPECT_EQ(again.listen, mine_.listen);
  EXPECT_EQ(again.rounds, 20u);
  EXPECT_TRUE(again.loud);
}

TEST_F(SettingsTest, IsShownAsJson) {
  file_flag_ = Write("my.toml", "every = '2h'\n");
  flags_ = {{"loud", "--loud", "true"}};
  PITSER_ASSERT_OK_AND_ASSIGN(const std::string file, Apply());
  const auto json = nlohmann::json::parse(InForceAsJson("my.config/1", file, settings_));
  EXPECT_EQ(json["schema"], "my.config/1");
  EXPECT_EQ(json["result"], "ok");
  EXPECT_TRUE(json["reason_code"].is_null());
  EXPECT_EQ(json["file"], file_flag_);
  ASSERT_EQ(json["settings"].size(), kTable.size());
  EXPECT_EQ(json["settings"][1], nlohmann::json::parse(R"({"key": "loud", "value": true,
      "layer": "flag", "place": "--loud", "flag": "--loud", "variable": "PITSER_LOUD"})"));
  EXPECT_EQ(json["settings"][2]["value"], 3);
  EXPECT_TRUE(json["settings"][2]["place"].is_null());
  EXPECT_EQ(json["settings"][3]["layer"], "file");
  EXPECT_EQ(json["settings"][3]["place"], file_flag_ + ":1");
  EXPECT_EQ(json["settings"][3]["value"], "2h");
}

TEST_F(SettingsTest, AnEmptyVariableIsNoneButNotWhereSomethingElseWouldBeBelieved) {
  variables_ = {{"PITSER_LISTEN_ON", ""}, {"PITSER_PARENT", ""}};
  PITSER_EXPECT_OK(Apply());
  EXPECT_EQ(mine_.listen, "here:1");
  variables_ = {{"PITSER_AUTHORITY", ""}};
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kInvalidArgument, "PITSER_AUTHORITY is empty"));
  flags_ = {{"authority", "--authority", "a.pem"}};
  PITSER_EXPECT_OK(Apply());
}

TEST_F(SettingsTest, SaysWhatAnEmptyValueMeansAndWhichFlagMayBeEmpty) {
  EXPECT_EQ(Named("parent", settings_).setting.help, "who is above it. Empty: nobody");
  const std::span<const Setting<Mine>> table = kTable;
  EXPECT_TRUE(FlagMayBeEmpty(table, "--parent"));
  EXPECT_FALSE(FlagMayBeEmpty(table, "--authority"));
  EXPECT_FALSE(FlagMayBeEmpty(table, "--frobnicate"));
}

TEST_F(SettingsTest, AFileMayBeginWithAByteOrderMark) {
  file_flag_ = Write("marked.toml", "\xEF\xBB\xBFlisten_on = \"there:2\"\nauthority = \"\"\n");
  PITSER_ASSERT_OK(Apply());
  EXPECT_EQ(mine_.listen, "there:2");
  file_flag_ = Write("wide.toml", std::string("\xFF\xFEl\0", 4));
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kInvalidArgument, "UTF-16"));
}

TEST(NearestName, FindsWhatIsAllButSpeltSo) {
  const std::vector<std::string_view> names = {"rounds", "listen_on", "loud"};
  EXPECT_EQ(NearestName("ruonds", names), "rounds");
  EXPECT_EQ(NearestName("round", names), "rounds");
  EXPECT_EQ(NearestName("listenon", names), "listen_on");
  EXPECT_EQ(NearestName("loudly", names), "loud");
  EXPECT_THAT(NearestName("loud", names), IsEmpty());
  EXPECT_THAT(NearestName("quiet", names), IsEmpty());
  EXPECT_THAT(NearestName("", names), IsEmpty());
  EXPECT_THAT(NearestName(std::string(100'000, 'x'), names), IsEmpty());
}

}  // namespace
}  // namespace pitser::base
