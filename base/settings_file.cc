#include "base/settings_file.h"

// What a hostile file can break, toml++ asserts: that a table's name begins like a name ("[=]").
// With assertions it would abort, and with NDEBUG it would tell the compiler that it cannot happen.
// As nothing is asserted, it goes on to its own error.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)

#include <toml++/toml.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/edit_distance.h"
#include "base/file.h"
#include "ledger/base/bytes.h"
#include "ledger/base/status.h"

namespace pitser::base {
namespace {

using ledger::ToAbsl;

constexpr std::size_t kMaxSize = std::size_t{1} << 20;

// The value in the text form of SetFromText(), if it is of the kind that the setting has.
absl::StatusOr<std::string> TextOfNode(const SettingIn& setting, const toml::node& node) {
  if (setting.is_switch()) {
    if (const auto value = node.value_exact<bool>()) return std::string(*value ? "true" : "false");
    return absl::InvalidArgumentError("expected true or false, without quotes");
  }
  if (std::holds_alternative<NumberIn>(setting.value)) {
    if (const auto value = node.value_exact<std::int64_t>()) return absl::StrCat(*value);
    return absl::InvalidArgumentError("expected a whole number, without quotes");
  }
  if (const auto* duration = std::get_if<DurationIn>(&setting.value);
      duration != nullptr && duration->bare_seconds) {
    if (const auto value = node.value_exact<std::int64_t>()) return absl::StrCat(*value);
    if (const auto value = node.value_exact<double>()) return absl::StrCat(*value);
    if (const auto value = node.value_exact<std::string>()) return *value;
    return absl::InvalidArgumentError("expected a number of seconds, or a text in quotes");
  }
  if (const auto value = node.value_exact<std::string>()) return *value;
  return absl::InvalidArgumentError("expected a text in quotes");
}

absl::Status UnknownKey(std::string_view key, const SettingsInForce& settings) {
  std::vector<std::string_view> keys;
  for (const SettingInForce& setting : settings) keys.push_back(setting.setting.key);
  const std::string_view near = NearestName(key, keys);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown key '", ToAbsl(key), "'",
                   near.empty() ? "" : absl::StrCat("; did you mean '", ToAbsl(near), "'?")));
}

absl::Status SetFromNode(std::string_view key, const toml::node& node, std::string place,
                         SettingsInForce& settings) {
  const auto found = std::ranges::find_if(
      settings, [&](const SettingInForce& setting) { return setting.setting.key == key; });
  if (found == settings.end()) return UnknownKey(key, settings);
  const auto text = TextOfNode(found->setting, node);
  if (!text.ok()) return ledger::Annotate(text.status(), key);
  PITSER_RETURN_IF_ERROR(ledger::Annotate(SetFromText(found->setting, *text), key));
  found->origin = {Origin::Layer::kFile, std::move(place)};
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadSettingsFile(const std::string& path, SettingsInForce& settings) {
  PITSER_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxSize));
  return ReadSettingsText(text, path, settings);
}

absl::Status ReadSettingsText(std::string_view text, const std::string& path,
                              SettingsInForce& settings) {
  const auto place = [&](const toml::source_region& region) {
    return absl::StrCat(path, ":", region.begin.line);
  };
  toml::table table;
  try {  // The library's border: it throws, we do not.
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(place(error.source()), ": ", ToAbsl(error.description())));
  }
  for (auto&& [key, node] : table) {
    const std::string at = place(key.source());
    PITSER_RETURN_IF_ERROR(ledger::Annotate(SetFromNode(key.str(), node, at, settings), at));
  }
  return absl::OkStatus();
}

}  // namespace pitser::base
