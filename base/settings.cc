#include "base/settings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/edit_distance.h"
#include "base/file.h"
#include "base/settings_file.h"
#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"

namespace pitser::base {
namespace {

using ledger::ToAbsl;

constexpr std::string_view kPrefix = "PITSER_";

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

absl::Status Expected(std::string_view what, std::string_view got) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", ToAbsl(what), ", got '", ToAbsl(got), "'"));
}

// Only digits: SimpleAtoi would take blanks and a sign.
bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

// "30" and "2.5".
bool ParseBareSeconds(std::string_view text, absl::Duration& duration) {
  double seconds = 0;
  const bool plain = std::ranges::all_of(
      text, [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.'; });
  if (!plain || !absl::SimpleAtod(ToAbsl(text), &seconds)) return false;
  duration = absl::Seconds(seconds);
  return true;
}

absl::Status SetSwitch(bool& value, std::string_view text) {
  if (text != "true" && text != "false") return Expected("true or false", text);
  value = text == "true";
  return absl::OkStatus();
}

absl::Status SetNumber(const SettingIn& setting, const NumberIn& number, std::string_view text) {
  std::uint64_t n = 0;
  if (!AllDigits(text) || !absl::SimpleAtoi(ToAbsl(text), &n) || n < number.min || n > number.max) {
    return Expected(absl::StrCat("a number from ", RangeOf(setting)), text);
  }
  *number.value = n;
  return absl::OkStatus();
}

absl::Status SetDuration(const SettingIn& setting, const DurationIn& duration,
                         std::string_view text) {
  absl::Duration d;
  const bool parsed =
      absl::ParseDuration(ToAbsl(text), &d) || (duration.bare_seconds && ParseBareSeconds(text, d));
  if (!parsed || d < duration.min || d > duration.max) {
    return Expected(absl::StrCat("a duration like 24h or 1m30s",
                                 duration.bare_seconds ? " or a number of seconds" : "", ", from ",
                                 RangeOf(setting)),
                    text);
  }
  *duration.value = d;
  return absl::OkStatus();
}

absl::Status Apply(SettingInForce& setting, Origin origin, std::string_view text) {
  PITSER_RETURN_IF_ERROR(ledger::Annotate(SetFromText(setting.setting, text), origin.place));
  setting.origin = std::move(origin);
  return absl::OkStatus();
}

// An empty variable is none, but not where something else would then be believed.
absl::Status ApplyVariable(const Layers& layers, SettingInForce& setting) {
  const SettingIn& in = setting.setting;
  const bool given = std::ranges::find(layers.flags, in.key, &GivenFlag::key) != layers.flags.end();
  if (in.believed && !given && layers.variables.IsEmpty(in.variable)) {
    return absl::InvalidArgumentError(absl::StrCat(
        in.variable, " is empty, and says what is to be believed: give it a value or unset it"));
  }
  const auto text = layers.variables(in.variable);
  if (!text) return absl::OkStatus();
  return Apply(setting, {Origin::Layer::kVariable, in.variable}, *text);
}

absl::StatusOr<std::string> ApplyFile(const Layers& layers, SettingsInForce& settings) {
  std::string path = layers.file_flag;
  if (path.empty()) path = layers.variables(layers.file_variable).value_or("");
  if (path.empty()) {
    if (layers.default_file.empty() || !Exists(layers.default_file)) return std::string();
    path = layers.default_file;
  }
  PITSER_RETURN_IF_ERROR(ReadSettingsFile(path, settings));
  return path;
}

}  // namespace

std::string FlagOf(std::string_view key) {
  return absl::StrCat("--", absl::StrReplaceAll(ToAbsl(key), {{"_", "-"}}));
}

std::string VariableOf(std::string_view key) {
  return absl::StrCat(ToAbsl(kPrefix), absl::AsciiStrToUpper(ToAbsl(key)));
}

absl::Status SetFromText(const SettingIn& setting, std::string_view text) {
  return std::visit(
      Overloaded{[&](std::string* value) {
                   *value = std::string(text);
                   return absl::OkStatus();
                 },
                 [&](bool* value) { return SetSwitch(*value, text); },
                 [&](const NumberIn& number) { return SetNumber(setting, number, text); },
                 [&](const DurationIn& duration) { return SetDuration(setting, duration, text); }},
      setting.value);
}

std::string TextOf(const SettingIn& setting) {
  return std::visit(
      Overloaded{[](const std::string* value) { return *value; },
                 [](const bool* value) { return std::string(*value ? "true" : "false"); },
                 [](const NumberIn& number) { return absl::StrCat(*number.value); },
                 [](const DurationIn& duration) { return absl::FormatDuration(*duration.value); }},
      setting.value);
}

std::string RangeOf(const SettingIn& setting) {
  return std::visit(Overloaded{[](const NumberIn& number) {
                                 return absl::StrCat(number.min, " to ", number.max);
                               },
                               [](const DurationIn& duration) {
                                 return absl::StrCat(absl::FormatDuration(duration.min), " to ",
                                                     absl::FormatDuration(duration.max));
                               },
                               [](const auto&) { return std::string(); }},
                    setting.value);
}

std::string_view LayerName(Origin::Layer layer) {
  switch (layer) {
    case Origin::Layer::kFlag:
      return "flag";
    case Origin::Layer::kVariable:
      return "variable";
    case Origin::Layer::kFile:
      return "file";
    case Origin::Layer::kDefault:
      break;
  }
  return "default";
}

SettingInForce& Named(std::string_view key, SettingsInForce& settings) {
  const auto found = std::ranges::find_if(
      settings, [&](const SettingInForce& setting) { return setting.setting.key == key; });
  PITSER_CHECK(found != settings.end());
  return *found;
}

absl::StatusOr<std::string> ApplyLayers(const Layers& layers, SettingsInForce& settings) {
  PITSER_ASSIGN_OR_RETURN(std::string file, ApplyFile(layers, settings));
  for (SettingInForce& setting : settings) {
    PITSER_RETURN_IF_ERROR(ApplyVariable(layers, setting));
  }
  for (const GivenFlag& given : layers.flags) {
    PITSER_RETURN_IF_ERROR(
        Apply(Named(given.key, settings), {Origin::Layer::kFlag, given.flag}, given.text));
  }
  return file;
}

std::vector<std::string> MisspeltVariables(const Layers& layers, const SettingsInForce& settings) {
  std::vector<std::string_view> known = {layers.file_variable};
  for (const SettingInForce& setting : settings) known.push_back(setting.setting.variable);
  std::vector<std::string> advice;
  for (const auto& [name, value] : layers.variables.all()) {
    if (!name.starts_with(kPrefix) || std::ranges::find(known, name) != known.end()) continue;
    const std::string_view near = NearestName(name, known);
    if (near.empty()) continue;
    advice.push_back(absl::StrCat("the variable ", name, " is no setting; ", ToAbsl(near), " is"));
  }
  return advice;
}

}  // namespace pitser::base
