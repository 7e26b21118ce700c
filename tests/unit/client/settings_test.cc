#include "client/cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/edit_distance.h"
#include "base/settings_text.h"
#include "client/cli/exit_code.h"
#include "client/file.h"
#include "ledger/base/status.h"
#include "server/app/settings.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::cli {
namespace {

using testing::TempFolder;

// The settings of flags, environment and a settings file's text.
class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() { variables_["XDG_CONFIG_HOME"] = folder_ / "config"; }

  void WriteFile(std::string_view text) {
    options_.config = folder_ / "s.toml";
    EXPECT_TRUE(client::WriteFile(options_.config, ledger::AsBytes(text), {.replace = true}).ok());
  }
  void Flag(const std::string& key, const std::string& text) {
    options_.flags.push_back({.key = key, .flag = base::FlagOf(key), .text = text});
  }

  absl::StatusOr<Settings> Load() const {
    PITSER_ASSIGN_OR_RETURN(const auto loaded,
                            LoadedSettings::Load(options_, Environment(variables_)));
    return loaded->values();
  }
  ExitCode LoadCode() const { return ExitCodeOf(Load().status()); }

  TempFolder folder_;
  CommonOptions options_;
  Environment::Map variables_;
};

TEST_F(SettingsTest, TakesEveryKey) {
  WriteFile(
      "server = 'a:1'\ntls_ca = 'ca'\ntls_cert = 'c'\ntls_key = 'k'\ninsecure = false\n"
      "timeout = 2.5\ntrust = 't'\nalgorithm = 'sha-512'\n");
  PITSER_ASSERT_OK_AND_ASSIGN(const Settings settings, Load());
  EXPECT_EQ(settings.server, "a:1");
  EXPECT_EQ(settings.tls_ca, "ca");
  EXPECT_EQ(settings.tls_cert, "c");
  EXPECT_EQ(settings.tls_key, "k");
  EXPECT_FALSE(settings.insecure);
  EXPECT_EQ(settings.timeout, absl::Milliseconds(2500));
  EXPECT_EQ(settings.trust, "t");
  EXPECT_TRUE(settings.trust_named);
  EXPECT_EQ(settings.algorithm, "sha-512");
}

TEST_F(SettingsTest, EveryKeyIsAVariableAndAFlag) {
  const auto is = [](const Settings& settings, const std::string& wanted, const Setting& setting) {
    Settings copy = settings;
    EXPECT_EQ(base::TextOf(setting.In(copy)), wanted) << setting.key;
  };
  for (const Setting& setting : SettingsTable()) {
    Settings defaults;
    const bool is_switch = setting.In(defaults).is_switch();
    const std::string text = is_switch ? "true" : setting.key == "timeout" ? "7s" : "x";
    variables_[setting.variable()] = text;
    PITSER_ASSERT_OK_AND_ASSIGN(const Settings by_variable, Load());
    is(by_variable, text, setting);
    const std::string other = is_switch ? "true" : setting.key == "timeout" ? "8s" : "y";
    Flag(std::string(setting.key), other);
    PITSER_ASSERT_OK_AND_ASSIGN(const Settings by_flag, Load());
    is(by_flag, other, setting);
    variables_.erase(setting.variable());
    options_.flags.clear();
  }
}

TEST_F(SettingsTest, RefusesWithFileAndLineVariableOrFlag) {
  for (const auto& [text, why] :
       {std::pair{"server = 'a:1'\nsevrer = 'b:1'\n",
                  "s.toml:2: unknown key 'sevrer'; did you mean 'server'?"},
        std::pair{"server = 5\n", "s.toml:1: server: expected a text"},
        std::pair{"insecure = 'yes'\n", "s.toml:1: insecure: expected true or false"},
        std::pair{"server = \n", "s.toml:1"}}) {
    WriteFile(text);
    EXPECT_THAT(Load(), testing::StatusIs(absl::StatusCode::kInvalidArgument, why));
    EXPECT_EQ(LoadCode(), ExitCode::kUsage);
  }
  options_.config.clear();
  variables_["PITSER_TIMEOUT"] = "soon";
  EXPECT_THAT(Load(), testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                        "PITSER_TIMEOUT: expected a duration"));
  EXPECT_EQ(LoadCode(), ExitCode::kUsage);
  variables_.erase("PITSER_TIMEOUT");
  for (const char* timeout : {"-1", "0", "86401", "25h"}) {
    options_.flags.clear();
    Flag("timeout", timeout);
    EXPECT_EQ(LoadCode(), ExitCode::kUsage) << timeout;
  }
}

TEST_F(SettingsTest, NeedsTheFileOnlyWhenItIsNamed) {
  PITSER_EXPECT_OK(Load());
  variables_["PITSER_CLIENT_CONFIG"] = folder_ / "none";
  EXPECT_EQ(LoadCode(), ExitCode::kLocalFile);
  variables_.erase("PITSER_CLIENT_CONFIG");
  options_.config = folder_ / "none";
  EXPECT_EQ(LoadCode(), ExitCode::kLocalFile);
}

TEST_F(SettingsTest, LeavesPitserdsVariablesAlone) {
  variables_["PITSER_TLS_CERT"] = "the server's";
  variables_["PITSER_TLS_KEY"] = "the server's";
  variables_["PITSER_CONFIG"] = folder_ / "none";
  PITSER_ASSERT_OK_AND_ASSIGN(const Settings settings, Load());
  EXPECT_EQ(settings.tls_cert, "");
  EXPECT_EQ(settings.tls_key, "");
}

TEST_F(SettingsTest, TakesCertificatesFromOneLayerAlone) {
  WriteFile("tls_ca = 'file-ca'\ntls_cert = 'file-cert'\ntls_key = 'file-key'\n");
  EXPECT_EQ(Load()->tls_cert, "file-cert");
  variables_["PITSER_TLS_CA"] = "variable-ca";
  PITSER_ASSERT_OK_AND_ASSIGN(const Settings by_variable, Load());
  EXPECT_EQ(by_variable.tls_ca, "variable-ca");
  EXPECT_EQ(by_variable.tls_cert, "");
  EXPECT_EQ(by_variable.tls_key, "");
  Flag("insecure", "true");
  PITSER_ASSERT_OK_AND_ASSIGN(const Settings by_flag, Load());
  EXPECT_TRUE(by_flag.insecure);
  EXPECT_EQ(by_flag.tls_ca, "");

  WriteFile("insecure = true\n");
  options_.flags.clear();
  PITSER_ASSERT_OK_AND_ASSIGN(const Settings secure, Load());
  EXPECT_FALSE(secure.insecure);
  EXPECT_EQ(secure.tls_ca, "variable-ca");

  // A switch that is off says nothing about certificates.
  variables_ = {{"PITSER_INSECURE", "false"}};
  WriteFile("tls_ca = 'file-ca'\n");
  EXPECT_EQ(Load()->tls_ca, "file-ca");
}

TEST_F(SettingsTest, KnowsWhetherTheTrustFolderWasNamed) {
  EXPECT_EQ(Load()->trust, folder_ / "config/pitser/trust");
  EXPECT_FALSE(Load()->trust_named);
  variables_["PITSER_TRUST"] = "t";
  EXPECT_EQ(Load()->trust, "t");
  EXPECT_TRUE(Load()->trust_named);
  variables_ = {{"HOME", "/home/a"}};
  EXPECT_EQ(Load()->trust, "/home/a/.config/pitser/trust");
}

TEST(SettingsMarkdown, IsWhatTheDocumentationShows) {
  const char* root = std::getenv("PITSER_SOURCE_DIR");
  PITSER_ASSERT_OK_AND_ASSIGN(
      const ledger::ByteVector page,
      client::ReadFile(std::string(root == nullptr ? "." : root) + "/docs/settings.md", 1 << 20));
  Settings defaults;
  EXPECT_THAT(ledger::ToString(page), ::testing::HasSubstr(base::SettingsMarkdown(
                                          base::InForce(SettingsTable(), defaults), 3)));
}

// Both programs are run in one shell.
TEST(Variables, MeanOneThingToOneProgramAlone) {
  std::vector<std::string> servers = {std::string(server::kConfigVariable)};
  for (const server::Setting& setting : server::SettingsTable()) {
    servers.push_back(setting.variable());
  }
  std::vector<std::string> clients = {std::string(kConfigVariable)};
  for (const Setting& setting : SettingsTable()) clients.push_back(setting.variable());
  const std::vector<std::string_view> server_names(servers.begin(), servers.end());
  for (const std::string& name : clients) {
    EXPECT_THAT(servers, ::testing::Not(::testing::Contains(name)));
    EXPECT_EQ(base::NearestName(name, server_names), "") << name << " would be taken for a slip";
  }
}

TEST(ResolveServer, NeedsOneThatMakesSense) {
  Settings settings;
  EXPECT_EQ(ExitCodeOf(ResolveServer(settings).status()), ExitCode::kUsage);
  settings.server = "nowhere";
  EXPECT_EQ(ExitCodeOf(ResolveServer(settings).status()), ExitCode::kUsage);
  settings.server = "a:1";
  EXPECT_EQ(ResolveServer(settings)->channel.endpoint.host, "a");
  EXPECT_EQ(ResolveServer(settings)->timeout, absl::Seconds(30));
  settings.server = "grpc://a:7/";
  EXPECT_EQ(ResolveServer(settings)->channel.endpoint.host, "a");
  settings.insecure = true;
  settings.tls_ca = "ca.pem";
  EXPECT_EQ(ExitCodeOf(ResolveServer(settings).status()), ExitCode::kUsage);
  settings.insecure = false;
  settings.tls_ca = "/nowhere/ca.pem";
  EXPECT_EQ(ExitCodeOf(ResolveServer(settings).status()), ExitCode::kLocalFile);
}

TEST(ResolveAlgorithm, RefusesWhatIsNotTrusted) {
  Settings settings;
  EXPECT_EQ(*ResolveAlgorithm(settings), ledger::HashAlgorithm::kSha256);
  settings.algorithm = "SHA512";
  EXPECT_EQ(*ResolveAlgorithm(settings), ledger::HashAlgorithm::kSha512);
  for (const char* name : {"sha1", "sha-1", "md5"}) {
    settings.algorithm = name;
    EXPECT_EQ(ExitCodeOf(ResolveAlgorithm(settings).status()), ExitCode::kUsage) << name;
  }
}

TEST(ParseTime, TakesBothForms) {
  EXPECT_EQ(*ParseTime("1700000001"), 1700000001u);
  EXPECT_EQ(*ParseTime("2023-11-14T22:13:21Z"), 1700000001u);
  EXPECT_EQ(*ParseTime("2023-11-15T00:13:21+02:00"), 1700000001u);
  EXPECT_EQ(FormatTime(1700000001), "2023-11-14T22:13:21Z");
  for (const char* text : {"", "yesterday", "2023-11-14", "-5", "1700000001x"}) {
    EXPECT_EQ(ExitCodeOf(ParseTime(text).status()), ExitCode::kUsage) << text;
  }
}

}  // namespace
}  // namespace pitser::cli
