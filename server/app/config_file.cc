#include "server/app/config_file.h"

#include <toml++/toml.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "ledger/base/bytes.h"

namespace pitser::server {
namespace {

constexpr std::size_t kMaxSize = std::size_t{1} << 20;

// The value in the text form of SetFromText(), if it is of the kind that the setting has.
absl::StatusOr<std::string> TextOfNode(const Setting& setting, const toml::node& node) {
  if (std::holds_alternative<Setting::Switch>(setting.field)) {
    if (const auto value = node.value_exact<bool>()) return std::string(*value ? "true" : "false");
    return absl::InvalidArgumentError("expected true or false, without quotes");
  }
  if (std::holds_alternative<Setting::Number>(setting.field)) {
    if (const auto value = node.value_exact<std::int64_t>()) return absl::StrCat(*value);
    return absl::InvalidArgumentError("expected a whole number, without quotes");
  }
  if (const auto value = node.value_exact<std::string>()) return *value;
  return absl::InvalidArgumentError("expected a text in quotes");
}

absl::Status SetFromNode(const toml::key& key, const toml::node& node, Settings& settings) {
  const auto table = SettingsTable();
  const auto setting = std::find_if(table.begin(), table.end(),
                                    [&](const Setting& s) { return s.key == key.str(); });
  if (setting == table.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown key '", ledger::ToAbsl(key.str()), "'"));
  }
  const auto text = TextOfNode(*setting, node);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(ledger::ToAbsl(setting->key), ": ", text.status().message()));
  }
  return SetFromText(*setting, *text, settings);
}

}  // namespace

absl::Status ReadConfigFile(const std::string& path, Settings& settings) {
  const auto text = base::ReadFile(path, kMaxSize);
  if (!text.ok()) return text.status();
  const auto at = [&](const toml::source_region& region, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", region.begin.line, ": ", what));
  };
  toml::table table;
  try {  // The library's border: it throws, we do not.
    table = toml::parse(*text, path);
  } catch (const toml::parse_error& error) {
    return at(error.source(), ledger::ToAbsl(error.description()));
  }
  for (auto&& [key, node] : table) {
    if (const absl::Status status = SetFromNode(key, node, settings); !status.ok()) {
      return at(key.source(), status.message());
    }
  }
  return absl::OkStatus();
}

}  // namespace pitser::server
