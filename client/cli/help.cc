#include "client/cli/help.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace pitser::cli {
namespace {

class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(HelpParts parts) : parts_(std::move(parts)) {
    column_width(34);
    label("Positionals", "Arguments");
  }

  std::string make_help(const CLI::App* app, std::string /*name*/,
                        CLI::AppFormatMode mode) const override {
    std::string text = absl::StrFormat("Usage: %s\n\n%s\n", parts_.usage, parts_.paragraph);
    text += make_positionals(app);
    text += make_groups(app, mode);
    text += make_subcommands(app, mode);
    text += "\nExit codes:\n";
    for (ExitCode code : parts_.exit_codes) {
      absl::StrAppendFormat(&text, "  %-3d  %s\n", static_cast<int>(code), InfoOf(code).meaning);
    }
    text += "\nExamples:\n";
    for (const std::string& example : parts_.examples) text += "  $ " + example + "\n";
    text.pop_back();
    return absl::StrReplaceAll(text, {{"\n\n\n", "\n\n"}});
  }

  // "-o,--output OUT" and not CLI11's "TEXT REQUIRED ...".
  std::string make_option_opts(const CLI::Option* option) const override {
    const bool is_flag = option->get_items_expected_max() == 0;
    return is_flag || option->get_positional() ? "" : " " + option->get_type_name();
  }

 private:
  const HelpParts parts_;
};

}  // namespace

void Describe(CLI::App& app, HelpParts parts) {
  app.formatter(std::make_shared<HelpFormatter>(std::move(parts)));
  app.set_help_flag("-h,--help", "show this help");
  app.group("Commands");
}

}  // namespace pitser::cli
