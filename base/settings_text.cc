#include "base/settings_text.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/unicode.h"
#include "ledger/base/bytes.h"

namespace pitser::base {
namespace {

using ledger::ToAbsl;

bool IsNumber(const SettingIn& setting) { return std::holds_alternative<NumberIn>(setting.value); }

// A TOML basic string.
std::string Quoted(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return absl::StrCat("\"", PrintableToml(escaped), "\"");
}

std::string TomlValue(const SettingIn& setting) {
  const std::string text = TextOf(setting);
  return setting.is_switch() || IsNumber(setting) ? text : Quoted(text);
}

// Lines of at most 96 characters behind "# ".
std::string Comment(std::string_view text) {
  std::string lines, line;
  for (const absl::string_view word : absl::StrSplit(ToAbsl(text), ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > 96) {
      absl::StrAppend(&lines, "# ", line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  return absl::StrCat(lines, "# ", line, "\n");
}

nlohmann::ordered_json JsonValue(const SettingIn& setting) {
  if (const auto* on = std::get_if<bool*>(&setting.value)) return **on;
  if (const auto* number = std::get_if<NumberIn>(&setting.value)) return *number->value;
  return TextOf(setting);
}

nlohmann::ordered_json TextOrNull(std::string_view text) {
  if (text.empty()) return nullptr;
  return text;
}

}  // namespace

std::string InForceAsToml(std::string_view file, const SettingsInForce& settings) {
  std::string out = absl::StrCat(
      "# ",
      file.empty() ? "no configuration file" : absl::StrCat("configuration file ", Printable(file)),
      "\n");
  std::string_view section;
  for (const auto& [setting, origin] : settings) {
    if (setting.section != section) {
      section = setting.section;
      absl::StrAppend(&out, "\n## ", ToAbsl(section), "\n");
    }
    absl::StrAppend(&out, ToAbsl(setting.key), " = ", TomlValue(setting), "  # ",
                    ToAbsl(LayerName(origin.layer)), origin.place.empty() ? "" : " ",
                    Printable(origin.place), "\n");
  }
  return out;
}

std::string InForceAsJson(std::string_view schema, std::string_view file,
                          const SettingsInForce& settings) {
  nlohmann::ordered_json json;
  json["schema"] = schema;
  json["result"] = "ok";
  json["reason_code"] = nullptr;
  json["file"] = TextOrNull(file);
  json["settings"] = nlohmann::ordered_json::array();
  for (const auto& [setting, origin] : settings) {
    nlohmann::ordered_json one;
    one["key"] = setting.key;
    one["value"] = JsonValue(setting);
    one["layer"] = LayerName(origin.layer);
    one["place"] = TextOrNull(origin.place);
    one["flag"] = FlagOf(setting.key);
    one["variable"] = setting.variable;
    json["settings"].push_back(std::move(one));
  }
  // A path may have bytes that are no UTF-8: they are replaced.
  return PrintableJson(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string SampleConfig(const SettingsInForce& defaults) {
  std::string out;
  std::string_view section;
  for (const auto& [setting, origin] : defaults) {
    if (setting.section != section) {
      section = setting.section;
      absl::StrAppend(&out, "\n## ", ToAbsl(section), "\n");
    }
    absl::StrAppend(&out, "\n", Comment(setting.help), "#", ToAbsl(setting.key), " = ",
                    TomlValue(setting), "\n");
  }
  return out;
}

std::string SettingsMarkdown(const SettingsInForce& defaults, int heading_level) {
  std::string out;
  std::string_view section;
  for (const auto& [setting, origin] : defaults) {
    if (setting.section != section) {
      section = setting.section;
      absl::StrAppend(&out, "\n", std::string(static_cast<std::size_t>(heading_level), '#'), " ",
                      ToAbsl(section),
                      "\n\n| key | value | default | range | meaning |\n"
                      "| --- | --- | --- | --- | --- |\n");
    }
    const std::string value = TextOf(setting);
    const bool own_variable = setting.variable != VariableOf(setting.key);
    absl::StrAppend(&out, "| `", ToAbsl(setting.key), "`",
                    own_variable ? absl::StrCat(" (`", setting.variable, "`)") : "", " | ",
                    setting.shape.empty() ? "true, false" : ToAbsl(setting.shape), " | ",
                    value.empty() ? std::string("empty") : absl::StrCat("`", value, "`"), " | ",
                    RangeOf(setting), " | ", ToAbsl(setting.help), " |\n");
  }
  return out;
}

}  // namespace pitser::base
