#include "client/cli/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "client/cli/exit_code.h"
#include "client/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::cli {
namespace {

using testing::TempFolder;

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

absl::StatusOr<Settings> Load(std::string_view text) {
  const TempFolder folder;
  EXPECT_TRUE(client::WriteFile(folder / "s.toml", ledger::AsBytes(text), {}).ok());
  return LoadSettings(folder / "s.toml", Variables({}));
}

TEST(LoadSettings, TakesEveryKey) {
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Settings settings,
      Load("server = 'a:1'\ntls_ca = 'ca'\ntls_cert = 'c'\ntls_key = 'k'\ninsecure = true\n"
           "timeout = 2.5\ntrust = 't'\nalgorithm = 'sha-512'\n"));
  EXPECT_EQ(settings.server, "a:1");
  EXPECT_EQ(settings.tls_ca, "ca");
  EXPECT_EQ(settings.tls_cert, "c");
  EXPECT_EQ(settings.tls_key, "k");
  EXPECT_TRUE(settings.insecure);
  EXPECT_EQ(settings.timeout_seconds, 2.5);
  EXPECT_EQ(settings.trust, "t");
  EXPECT_EQ(settings.algorithm, "sha-512");
}

TEST(LoadSettings, RefusesWithFileAndLine) {
  for (const auto& [text, why] :
       {std::pair{"server = 'a:1'\nsevrer = 'b:1'\n", "s.toml:2: unknown setting 'sevrer'"},
        std::pair{"server = 5\n", "s.toml:1: expected a text"},
        std::pair{"insecure = 'yes'\n", "s.toml:1: expected true or false"},
        std::pair{"server = \n", "s.toml:1"}}) {
    const auto settings = Load(text);
    EXPECT_THAT(settings, testing::StatusIs(absl::StatusCode::kInvalidArgument, why));
    EXPECT_EQ(ExitCodeOf(settings.status()), ExitCode::kUsage);
  }
}

TEST(LoadSettings, NeedsTheFileOnlyWhenItIsNamed) {
  const TempFolder folder;
  const Environment environment = Variables({{"XDG_CONFIG_HOME", folder.path()}});
  PITSER_EXPECT_OK(LoadSettings("", environment));
  EXPECT_EQ(ExitCodeOf(LoadSettings(folder / "none", environment).status()), ExitCode::kLocalFile);
}

TEST(ResolveServer, PrefersFlagThenEnvironmentThenSettings) {
  Settings settings;
  settings.server = "settings:1";
  ServerOptions options;
  const Environment none = Variables({});
  const Environment variable = Variables({{"PITSER_SERVER", "variable:2"}});
  EXPECT_EQ(ResolveServer(options, settings, none)->channel.endpoint.host, "settings");
  EXPECT_EQ(ResolveServer(options, settings, variable)->channel.endpoint.host, "variable");
  options.server = "flag:3";
  EXPECT_EQ(ResolveServer(options, settings, variable)->channel.endpoint.host, "flag");
  EXPECT_EQ(ExitCodeOf(ResolveServer({}, {}, none).status()), ExitCode::kUsage);
}

TEST(ResolveServer, RefusesContradictionsAndNonsense) {
  const Environment none = Variables({});
  ServerOptions options;
  options.server = "a:1";
  options.insecure = true;
  options.tls_ca = "ca.pem";
  EXPECT_EQ(ExitCodeOf(ResolveServer(options, {}, none).status()), ExitCode::kUsage);
  options.insecure = false;
  options.tls_ca = "/nowhere/ca.pem";
  EXPECT_EQ(ExitCodeOf(ResolveServer(options, {}, none).status()), ExitCode::kLocalFile);
  options.tls_ca.clear();
  options.timeout_seconds = -1;
  EXPECT_EQ(ExitCodeOf(ResolveServer(options, {}, none).status()), ExitCode::kUsage);
}

TEST(ResolveTrustFolder, KnowsWhetherItWasNamed) {
  const Environment home = Variables({{"HOME", "/home/a"}});
  const TrustFolder standard = ResolveTrustFolder("", {}, home);
  EXPECT_EQ(standard.path, "/home/a/.config/pitser/trust");
  EXPECT_FALSE(standard.named);
  EXPECT_TRUE(ResolveTrustFolder("", {}, Variables({{"PITSER_TRUST", "t"}})).named);
  EXPECT_EQ(ResolveTrustFolder("f", {}, Variables({{"PITSER_TRUST", "t"}})).path, "f");
}

TEST(ResolveAlgorithm, RefusesWhatIsNotTrusted) {
  EXPECT_EQ(*ResolveAlgorithm("", {}), ledger::HashAlgorithm::kSha256);
  EXPECT_EQ(*ResolveAlgorithm("SHA512", {}), ledger::HashAlgorithm::kSha512);
  for (const char* name : {"sha1", "sha-1", "md5"}) {
    EXPECT_EQ(ExitCodeOf(ResolveAlgorithm(name, {}).status()), ExitCode::kUsage) << name;
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
