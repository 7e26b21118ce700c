#include "server/app/command_line.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "ledger/base/bytes.h"
#include "server/app/config_file.h"

namespace pitser::server {
namespace {

using ledger::ToAbsl;

constexpr const char* kFooter =
    "\nOn the ready line, the only one on standard output, stands where the server listens:\n"
    "  pitserd ready grpc=127.0.0.1:7380\n"
    "SIGTERM and SIGINT end it once all that is pending is answered; a second one ends it at "
    "once.\n"
    "\nExit codes: 0 done; 2 usage or configuration; 5 refused by the running server;\n"
    "6 no running server or a port that cannot be had; 7 data folder, key or file;\n"
    "70 damaged data or our bug.\n"
    "\nExamples:\n"
    "  pitserd --data /var/lib/pitser --grpc-listen 127.0.0.1:7380\n"
    "  pitserd publish --data /var/lib/pitser\n";

// The flags of one (sub)command: texts, until it is known which of them were given.
class Flags {
 public:
  void Add(CLI::App& app, const Setting& setting, const Settings& defaults) {
    Entry& entry = *entries_.emplace_back(std::make_unique<Entry>());
    entry.setting = &setting;
    const std::string value = TextOf(setting, defaults);
    const std::string help(setting.help);
    if (std::holds_alternative<Setting::Switch>(setting.field)) {
      entry.option = app.add_flag(setting.flag(), entry.on, help);
    } else {
      entry.option =
          app.add_option(setting.flag(), entry.text,
                         value.empty() ? help : absl::StrCat(help, " (default ", value, ")"));
      entry.option->type_name(std::string(setting.shape));
    }
    entry.option->group(std::string(setting.section));
  }

  absl::Status Apply(Settings& settings) const {
    for (const auto& entry : entries_) {
      if (entry->option->count() == 0) continue;
      const bool is_switch = std::holds_alternative<Setting::Switch>(entry->setting->field);
      const std::string text = is_switch ? (entry->on ? "true" : "false") : entry->text;
      const absl::Status status = SetFromText(*entry->setting, text, settings);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  struct Entry {
    const Setting* setting = nullptr;
    CLI::Option* option = nullptr;
    std::string text;
    bool on = false;
  };
  std::vector<std::unique_ptr<Entry>> entries_;  // CLI11 keeps pointers into them.
};

struct Commands {
  CLI::App app{
      "The server of the Pitser integrity ledger: signs hashes in rounds of a second, keeps\n"
      "the calendar, extends and publishes. Without any setting it is a whole ledger on\n"
      "this machine, with its own data folder and keys made on the first start.",
      "pitserd"};
  CLI::App* publish = nullptr;
  Flags serve_flags, publish_flags;
  std::string config;
  bool version = false, sample_config = false;

  Commands() {
    const Settings defaults;
    app.set_help_flag("-h,--help", "print this help and exit");
    app.footer(kFooter);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    app.add_flag("--version", version, "print the version and exit");
    app.add_flag("--sample-config", sample_config, "print a commented configuration and exit");
    app.add_option("--config", config, "read settings from a TOML file")->type_name("FILE");
    for (const Setting& setting : SettingsTable()) serve_flags.Add(app, setting, defaults);
    publish = app.add_subcommand(
        "publish", "Have the running server of a data folder publish the newest second now");
    publish->footer(
        "\nPrints the publication: its time and its code. Exit codes: 0 done; 5 refused by the\n"
        "server; 6 no server runs on the data folder, or it does not answer.\n"
        "\nExamples:\n"
        "  pitserd publish\n"
        "  pitserd publish --data /var/lib/pitser\n");
    publish->add_option("--config", config, "read settings from a TOML file")->type_name("FILE");
    publish_flags.Add(*publish, SettingsTable().front(), defaults);  // data
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

CommandLine Settle(const Commands& commands) {
  CommandLine result;
  const bool publish = commands.publish->parsed();
  result.action = publish ? CommandLine::Action::kPublish : CommandLine::Action::kServe;
  if (!commands.config.empty()) {
    const absl::Status status = ReadConfigFile(commands.config, result.settings);
    if (!status.ok()) {
      CommandLine refusal = Refuse(status.message());
      if (!absl::IsInvalidArgument(status)) refusal.exit_code = ExitCode::kLocalFile;
      return refusal;
    }
  }
  // `pitserd --data DIR publish` means the same as `pitserd publish --data DIR`.
  for (const Flags* flags : {&commands.serve_flags, &commands.publish_flags}) {
    const absl::Status status = flags->Apply(result.settings);
    if (!status.ok()) return Refuse(status.message());
  }
  return result;
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  Commands commands;
  try {  // The library's border: it throws, we do not.
    commands.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const bool publish = commands.publish->parsed();
    return Print(publish ? commands.publish->help("pitserd") : commands.app.help());
  } catch (const CLI::ParseError& error) {
    return Refuse(absl::StrCat(error.what(), "; see pitserd --help"));
  }
  if (commands.version) return Print(absl::StrCat("pitserd ", ToAbsl(base::Version()), "\n"));
  if (commands.sample_config) return Print(SampleConfig());
  return Settle(commands);
}

}  // namespace pitser::server
