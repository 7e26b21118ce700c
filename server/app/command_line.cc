#include "server/app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/arguments.h"
#include "base/build_info.h"
#include "base/settings_text.h"
#include "ledger/base/bytes.h"

namespace pitser::server {
namespace {

using ledger::ToAbsl;

constexpr const char* kFooter =
    "\nOn the ready line, the only one on standard output, stands where the server listens:\n"
    "  pitserd ready grpc=127.0.0.1:7380\n"
    "SIGTERM and SIGINT end it once all that is pending is answered; a second one ends it at "
    "once.\n"
    "\nEvery flag of a setting is also an environment variable (PITSER_GRPC_LISTEN) and a key of\n"
    "the configuration file (grpc_listen); the flag counts most, then the variable.\n"
    "\nExit codes: 0 done; 2 usage or configuration; 5 refused by the running server;\n"
    "6 no running server or a port that cannot be had; 7 data folder, key or file;\n"
    "70 damaged data or our bug.\n"
    "\nExamples:\n"
    "  pitserd --data /var/lib/pitser --grpc-listen 127.0.0.1:7380\n"
    "  PITSER_DATA=/var/lib/pitser pitserd config\n"
    "  pitserd publish --data /var/lib/pitser\n"
    "  pitserd status --data /var/lib/pitser\n";

constexpr std::string_view kConfigSchema = "pitserd.config/1";

// Makes a setting a flag of a (sub)command, which puts what it is given into `given`.
void AddFlag(CLI::App& app, const Setting& setting, const Settings& defaults,
             std::vector<base::GivenFlag>& given) {
  const auto take = [&setting, &given](std::string text) {
    given.push_back({std::string(setting.key), setting.flag(), std::move(text)});
  };
  Settings copy = defaults;
  const base::SettingIn in = setting.In(copy);
  const std::string& help = in.help;
  CLI::Option* option = nullptr;
  if (in.is_switch()) {
    option = app.add_flag_function(
        setting.flag(), [take](std::int64_t on) { take(on > 0 ? "true" : "false"); }, help);
  } else {
    const std::string value = base::TextOf(in);
    option = app.add_option_function<std::string>(
        setting.flag(), take, value.empty() ? help : absl::StrCat(help, " (default ", value, ")"));
    option->type_name(std::string(setting.shape));
  }
  option->group(std::string(setting.section));
}

struct Commands {
  CLI::App app{
      "The server of the Pitser integrity ledger: signs hashes in rounds of a second, keeps\n"
      "the calendar, extends and publishes. Without any setting it is a whole ledger on\n"
      "this machine, with its own data folder and keys made on the first start.",
      "pitserd"};
  CLI::App* publish = nullptr;
  CLI::App* status = nullptr;
  CLI::App* drain = nullptr;
  CLI::App* show_config = nullptr;
  CLI::App* publications = nullptr;
  // `pitserd --data DIR publish` means the same as `pitserd publish --data DIR`.
  std::vector<base::GivenFlag> flags;
  std::string config;
  std::string timeout;  // Of drain and status.
  bool version = false, sample_config = false, json = false, undo = false, wait = false;
  CLI::App* account = nullptr;
  AccountCommand account_command;
  std::string account_services;  // Of add and change.

  Commands() {
    const Settings defaults;
    app.set_help_flag("-h,--help", "print this help and exit");
    app.footer(kFooter);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    app.add_flag("-V,--version", version, "print the version and exit");
    app.add_flag("--sample-config", sample_config, "print a commented configuration and exit");
    AddConfig(app);
    for (const Setting& setting : SettingsTable()) AddFlag(app, setting, defaults, flags);
    publish = app.add_subcommand(
        "publish", "Have the running server of a data folder publish the newest second now");
    publish->footer(
        "\nPrints the publication: its time and its code. Exit codes: 0 done; 5 refused by the\n"
        "server; 6 no server runs on the data folder, or it does not answer.\n"
        "\nExamples:\n"
        "  pitserd publish\n"
        "  pitserd publish --data /var/lib/pitser\n");
    AddConfig(*publish);
    AddFlag(*publish, SettingsTable().front(), defaults, flags);  // data
    AddStatus(defaults);
    AddDrain(defaults);
    AddAccount(defaults);
    AddPublications(defaults);

    show_config = app.add_subcommand(
        "config", "Show every setting that is in force and where its value comes from");
    show_config->footer(
        "\nA flag counts more than an environment variable, that more than the configuration\n"
        "file, that more than the default. What is printed is itself a configuration file.\n"
        "Exit codes: 0 done; 2 a flag, a variable or the file is wrong; 7 the file cannot be "
        "read.\n"
        "\nExamples:\n"
        "  pitserd config\n"
        "  pitserd config --json\n");
    show_config->add_flag("--json", json, "one JSON object");
    AddConfig(*show_config);
    for (const Setting& setting : SettingsTable()) AddFlag(*show_config, setting, defaults, flags);
    base::RefuseEmptyValues(
        app, [](std::string_view flag) { return base::FlagMayBeEmpty(SettingsTable(), flag); });
  }

  void AddStatus(const Settings& defaults) {
    status = app.add_subcommand("status", "Show how the running server of a data folder is");
    status->footer(
        "\nRounds, requests, head, publications, days until certificates run out, limits, and\n"
        "whether requests are taken, and if not, why. Exit codes: 0 told, whatever it is; 6 no\n"
        "server runs on the data folder, or it does not answer; with --wait, or it does not serve\n"
        "in time.\n"
        "\nExamples:\n"
        "  pitserd status\n"
        "  pitserd status --wait --timeout 30s\n"
        "  pitserd status --json --data /var/lib/pitser\n");
    status->add_flag("--json", json, "one JSON object");
    status->add_flag("--wait", wait,
                     "first wait until it takes requests: for scripts that start it");
    AddTimeout(*status);
    AddConfig(*status);
    AddFlag(*status, SettingsTable().front(), defaults, flags);  // data
  }

  void AddDrain(const Settings& defaults) {
    drain = app.add_subcommand(
        "drain", "Have the running server take no more requests for signing, and wait");
    drain->footer(
        "\nNew requests are refused and health says so; what was taken is answered, and all else\n"
        "is served. Ends when nothing is pending. A restart begins undrained. Exit codes: 0 done;\n"
        "5 refused by the server; 6 no server runs on the data folder, or not done in time.\n"
        "\nExamples:\n"
        "  pitserd drain\n"
        "  pitserd drain --undo\n");
    drain->add_flag("--undo", undo, "take requests again");
    AddTimeout(*drain);
    AddConfig(*drain);
    AddFlag(*drain, SettingsTable().front(), defaults, flags);  // data
  }

  void AddPublications(const Settings& defaults) {
    publications =
        app.add_subcommand("publications", "What a stopped node's data folder says was published");
    publications->require_subcommand(1);
    publications->footer(
        "\nOf a folder that no node runs on. Exit codes: 0 done; 2 usage; 7 data folder or file;\n"
        "70 damaged data.\n"
        "\nExamples:\n"
        "  pitserd publications restore\n"
        "  pitserd publications restore --data /var/lib/pitser\n");
    CLI::App& restore = *publications->add_subcommand(
        "restore", "Make a lost or damaged publications file again, of the store beside it");
    restore.footer(
        "\nThe node must not run. A damaged file is kept as publications.bin.damaged. Give the "
        "same\n"
        "settings as to the node, where it has keys of its own. Exit codes: 0 done; 7 no store, "
        "or\n"
        "a node runs on the data folder; 70 store and file contradict each other.\n"
        "\nExamples:\n"
        "  pitserd publications restore\n"
        "  pitserd publications restore --data /var/lib/pitser\n");
    AddConfig(restore);
    for (const Setting& setting : SettingsTable()) AddFlag(restore, setting, defaults, flags);
  }

  void AddAccount(const Settings& defaults) {
    account = app.add_subcommand(
        "account",
        "The accounts of the KSI service protocol: who may sign and extend, and how much");
    account->footer(
        "\nEach asks the running server of a data folder; what it changes is in force for the "
        "next\n"
        "request. Exit codes: 0 done; 2 not to be had so; 5 refused by the server; 6 no server "
        "runs\n"
        "on the data folder; 7 a key file.\n"
        "\nExamples:\n"
        "  pitserd account add health.example\n"
        "  openssl rand -hex 32 | pitserd account add scanner --key-file - --services sign\n"
        "  pitserd account change scanner --max-requests 100\n"
        "  pitserd account disable scanner\n"
        "  pitserd account list --json\n");
    account->require_subcommand(1);
    AddAccountAction(defaults, AccountCommand::Action::kAdd, "add",
                     "Make an account; its key is shown this once, unless a file gives it");
    AddAccountAction(defaults, AccountCommand::Action::kList, "list", "Show all, without keys");
    AddAccountAction(defaults, AccountCommand::Action::kChange, "change",
                     "Change limits, algorithms or services");
    AddAccountAction(defaults, AccountCommand::Action::kDisable, "disable",
                     "Refuse its requests until `enable`");
    AddAccountAction(defaults, AccountCommand::Action::kEnable, "enable",
                     "Take its requests again");
    AddAccountAction(defaults, AccountCommand::Action::kRotate, "rotate",
                     "Give it another key; the old one is refused from then on");
    AddAccountAction(defaults, AccountCommand::Action::kRemove, "remove",
                     "Remove it and its key for good; signatures go on naming it");
  }

  void AddAccountAction(const Settings& defaults, AccountCommand::Action action, const char* name,
                        const char* help) {
    using Action = AccountCommand::Action;
    CLI::App& to = *account->add_subcommand(name, help);
    to.callback([this, action] { account_command.action = action; });
    if (action != Action::kList) {
      to.add_option("LOGIN", account_command.login, "the login id, which signatures will name")
          ->required();
    }
    if (action == Action::kAdd || action == Action::kRotate) {
      to.add_option("--key-file", account_command.key_file,
                    "take the key from this file, or from standard input (-), without the line's "
                    "end; else the server makes one")
          ->type_name("FILE");
    }
    if (action == Action::kAdd) {
      to.add_flag("--again", account_command.again,
                  "although an account of this login id was removed, whom signatures name: say so "
                  "for the same client only");
    }
    if (action == Action::kAdd || action == Action::kChange) {
      to.add_option("--max-level", account_command.max_level,
                    "the highest tree that a hash may be the root of, 1 to 20 (default 20)")
          ->type_name("N");
      to.add_option("--max-requests", account_command.max_requests,
                    "requests in one round, 1 to 16000 (default 16000)")
          ->type_name("N");
      to.add_option("--hmac", account_command.hmac,
                    "the hashes that its HMACs may use (default: all but SHA-1)")
          ->delimiter(',')
          ->type_name("NAME,...");
      to.add_option("--services", account_services, "sign, extend or both (default both)")
          ->type_name("NAME,...");
    }
    to.add_flag("--json", json, "one JSON object");
    AddConfig(to);
    AddFlag(to, SettingsTable().front(), defaults, flags);  // data
  }

  void AddTimeout(CLI::App& to) {
    to.add_option("--timeout", timeout, "how long to wait (default 60s)")->type_name("DURATION");
  }

  void AddConfig(CLI::App& to) {
    to.add_option("--config", config, "read settings from a TOML file (or: PITSER_CONFIG)")
        ->type_name("FILE");
  }
};

CommandLine Print(std::string text) {
  CommandLine result;
  result.action = CommandLine::Action::kPrint;
  result.text = std::move(text);
  return result;
}

CommandLine Refuse(absl::string_view why) {
  CommandLine result;
  result.action = CommandLine::Action::kRefuse;
  result.text = std::string(why);
  result.exit_code = ExitCode::kUsage;
  return result;
}

// "sign", "extend", or both with a comma between; empty says nothing.
bool ReadServices(std::string_view text, AccountCommand& command) {
  if (text.empty()) return true;
  command.sign = command.extend = false;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    if (name != "sign" && name != "extend") return false;
    (name == "sign" ? command.sign : command.extend) = true;
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return true;
}

// As of `pitser`: a number alone is one of seconds.
bool ReadTimeout(const std::string& text, absl::Duration& timeout) {
  std::uint64_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds)) {
    timeout = absl::Seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, 1U << 30)));
    return true;
  }
  return absl::ParseDuration(text, &timeout) && timeout >= absl::ZeroDuration();
}

CommandLine Settle(const Commands& commands, const base::Variables& variables) {
  CommandLine result;
  base::SettingsInForce settings = base::InForce(SettingsTable(), result.settings);
  const base::Layers layers{.file_flag = commands.config,
                            .file_variable = kConfigVariable,
                            .default_file = {},
                            .variables = variables,
                            .flags = commands.flags};
  const auto file = base::ApplyLayers(layers, settings);
  if (!file.ok()) {
    CommandLine refusal = Refuse(file.status().message());
    if (!absl::IsInvalidArgument(file.status())) refusal.exit_code = ExitCode::kLocalFile;
    refusal.hints = base::MisspeltVariables(layers, settings);
    return refusal;
  }
  if (!commands.timeout.empty() && !ReadTimeout(commands.timeout, result.timeout)) {
    return Refuse(absl::StrCat("--timeout: expected a duration like 60, 60s or 1m30s, got '",
                               commands.timeout, "'"));
  }
  if (commands.publish->parsed()) {
    result.action = CommandLine::Action::kPublish;
  } else if (commands.status->parsed()) {
    result.action = CommandLine::Action::kStatus;
    result.json = commands.json;
    result.wait = commands.wait;
  } else if (commands.drain->parsed()) {
    result.action = CommandLine::Action::kDrain;
    result.undo = commands.undo;
  } else if (commands.account->parsed()) {
    result.action = CommandLine::Action::kAccount;
    result.json = commands.json;
    result.account = commands.account_command;
    if (!ReadServices(commands.account_services, result.account)) {
      return Refuse(absl::StrCat("--services: expected sign, extend or sign,extend, got '",
                                 commands.account_services, "'"));
    }
  } else if (commands.publications->parsed()) {
    result.action = CommandLine::Action::kRestorePublications;
  } else if (commands.show_config->parsed()) {
    result = Print(commands.json ? base::InForceAsJson(kConfigSchema, *file, settings) + "\n"
                                 : base::InForceAsToml(*file, settings));
  }
  result.hints = base::MisspeltVariables(layers, settings);
  return result;
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv, const base::Variables& variables) {
  Commands commands;
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto help = base::ParseArguments(commands.app, base::PlainArguments(arguments));
  if (!help.ok()) {
    return Refuse(
        absl::StrCat(help.status().message(), "; see ", base::CommandOf(commands.app), " --help"));
  }
  if (*help) return Print(**help);
  if (commands.version) return Print(absl::StrCat("pitserd ", ToAbsl(base::Version()), "\n"));
  if (commands.sample_config) return Print(SampleConfig());
  return Settle(commands, variables);
}

}  // namespace pitser::server
