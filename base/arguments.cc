#include "base/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/edit_distance.h"
#include "ledger/base/bytes.h"

namespace pitser::base {
namespace {

using ledger::ToAbsl;

constexpr std::string_view kEndOfFlags = "--";

// Hyphens and dashes that text programs make of "--", and the minus sign.
constexpr std::array<std::string_view, 7> kDashes = {"\u2010", "\u2011", "\u2012", "\u2013",
                                                     "\u2014", "\u2015", "\u2212"};

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App& LastCommand(const CLI::App& app) {
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  return *last;
}

std::vector<std::string> FlagsOf(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

bool HasFlag(const CLI::App& app, std::string_view flag) {
  const std::vector<std::string> flags = FlagsOf(app);
  if (std::ranges::find(flags, flag) != flags.end()) return true;
  return std::ranges::any_of(CommandsOf(app),
                             [&](const CLI::App* command) { return HasFlag(*command, flag); });
}

std::string Nearest(std::string_view name, const std::vector<std::string>& names) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(name));
  if (std::ranges::find(names, lower) != names.end()) return lower;
  const std::vector<std::string_view> views(names.begin(), names.end());
  return std::string(NearestName(lower, views));
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& names) {
  const std::string near = Nearest(name, names);
  return near.empty() ? "" : absl::StrCat("; did you mean ", near, "?");
}

std::string UnknownFlag(const CLI::App& app, const CLI::App& command, std::string_view argument) {
  const std::string_view flag = argument.substr(0, argument.find('='));
  const std::string what = absl::StrCat(ToAbsl(flag), " is no flag of `", CommandOf(app), "`");
  // Given before the command, it is the program's own.
  const std::vector<std::string> own = FlagsOf(command);
  if (std::ranges::find(own, flag) != own.end() || (&command == &app && HasFlag(app, flag))) {
    return absl::StrCat(ToAbsl(flag), " stands behind the command: ", app.get_name(), " COMMAND ",
                        ToAbsl(flag));
  }
  return absl::StrCat(ToAbsl(flag), " is no flag of `", CommandOf(app), "`", DidYouMean(flag, own));
}

// What is left of the arguments, as an error; empty when nothing is.
std::string UnexpectedText(const CLI::App& app) {
  std::vector<std::string> rest = app.remaining(true);
  std::erase(rest, kEndOfFlags);
  if (rest.empty()) return "";
  const CLI::App& command = LastCommand(app);
  const std::string& first = rest.front();
  if (first.size() > 1 && first.starts_with('-')) return UnknownFlag(app, command, first);
  std::vector<std::string> names;
  for (const CLI::App* below : CommandsOf(command)) names.push_back(below->get_name());
  if (names.empty()) {
    return absl::StrCat("'", first, "' was not expected by `", CommandOf(app), "`");
  }
  return absl::StrCat("'", first, "' is no command of `", CommandOf(app), "`",
                      DidYouMean(first, names));
}

// What CLI11 says, in the form of our messages: lower case, one line, no final stop.
std::string ErrorText(const CLI::App& app, const CLI::ParseError& error) {
  const bool incomplete = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                          dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (incomplete) {
    if (std::string unexpected = UnexpectedText(app); !unexpected.empty()) return unexpected;
  }
  std::string message = error.what();
  if (message.empty()) return "the command line is wrong";
  if (message.front() != '-' && message.size() > 1 &&
      !absl::ascii_isupper(static_cast<unsigned char>(message[1]))) {
    message[0] = absl::ascii_tolower(static_cast<unsigned char>(message[0]));
  }
  if (message.ends_with('.')) message.pop_back();
  std::ranges::replace(message, '\n', ' ');
  return message;
}

// A flag whose dashes a text program has changed would be taken for a file.
absl::Status CheckDashes(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == kEndOfFlags) break;
    std::string_view name = argument;
    bool typographic = false;
    for (bool found = true; found;) {
      found = name.starts_with('-');
      if (found) name.remove_prefix(1);
      for (const std::string_view dash : kDashes) {
        if (!name.starts_with(dash)) continue;
        name.remove_prefix(dash.size());
        typographic = found = true;
      }
    }
    const std::string flag = absl::StrCat("--", ToAbsl(name.substr(0, name.find('='))));
    if (!typographic || !HasFlag(app, flag)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "'", argument, "' begins with a dash of typesetters; did you mean ", flag, "?"));
  }
  return absl::OkStatus();
}

bool IsSwitch(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

}  // namespace

void RefuseEmptyValues(CLI::App& app,
                       const std::function<bool(std::string_view flag)>& may_be_empty) {
  const CLI::Validator not_empty(
      [](std::string& value) {
        return value.empty()
                   ? std::string("is empty; is it a variable of the shell that is not set?")
                   : std::string();
      },
      "");
  for (CLI::Option* option : app.get_options({})) {
    const bool excepted = std::ranges::any_of(
        option->get_lnames(), [&](const std::string& name) { return may_be_empty("--" + name); });
    // Before the option's own checks, which would say something else of it.
    if (!IsSwitch(*option) && !excepted) option->transform(not_empty);
  }
  for (CLI::App* command : app.get_subcommands({})) RefuseEmptyValues(*command, may_be_empty);
}

std::vector<std::string> PlainArguments(std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  if (arguments.front() == "version" && arguments.size() == 1) return {"--version"};
  if (arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  std::vector<std::string> plain;
  bool flags = true;
  for (std::string& argument : arguments) {
    flags = flags && argument != kEndOfFlags;
    // CLI11 would take the next argument for the value of `--flag=`.
    const bool empty_value = flags && argument.starts_with("--") && argument.ends_with('=') &&
                             argument.find('=') == argument.size() - 1;
    if (empty_value) argument.pop_back();
    plain.push_back(std::move(argument));
    if (empty_value) plain.emplace_back();
  }
  return plain;
}

absl::StatusOr<std::optional<std::string>> ParseArguments(
    CLI::App& app, const std::vector<std::string>& arguments) {
  const absl::Status dashes = CheckDashes(app, arguments);
  if (!dashes.ok()) return dashes;
  try {  // The library's border: it throws, we do not.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return std::optional<std::string>(app.help());
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(ErrorText(app, error));
  }
  return std::optional<std::string>();
}

std::string CommandOf(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    absl::StrAppend(&name, " ", at->get_name());
  }
  return name;
}

}  // namespace pitser::base
