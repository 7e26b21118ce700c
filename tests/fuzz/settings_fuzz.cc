#include <nlohmann/json.hpp>

#include "base/settings_file.h"
#include "base/settings_text.h"
#include "ledger/base/check.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

using base::SettingInForce;
using base::SettingsInForce;

struct Values {
  std::string text = "word";
  bool on = false;
  std::uint64_t number = 7;
  absl::Duration duration = absl::Seconds(90);
  absl::Duration seconds = absl::Seconds(2.5);
};

std::span<const base::Setting<Values>> Table() {
  static const auto* const table = new std::vector<base::Setting<Values>>{
      {"text", "Some", "TEXT", "any text", &Values::text},
      {"on", "Some", "", "a switch", &Values::on},
      {"number", "Some", "N", "a number",
       base::Setting<Values>::Number{&Values::number, 1, 1'000'000'000'000}},
      {"duration", "Some", "TIME", "a duration",
       base::Setting<Values>::Duration{&Values::duration, absl::ZeroDuration(),
                                       absl::Hours(24 * 365)}},
      {"seconds", "Some", "TIME", "a duration, in seconds too",
       base::Setting<Values>::Duration{&Values::seconds, absl::Milliseconds(1), absl::Hours(1),
                                       true}},
  };
  return *table;
}

void CheckAlike(const SettingsInForce& a, const SettingsInForce& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    PITSER_CHECK(TextOf(a[i].setting) == TextOf(b[i].setting));
  }
}

// One setting from its text: the text of its value gives the same value.
void CheckText(std::string_view key, std::string_view text) {
  Values values, others;
  SettingsInForce settings = base::InForce(Table(), values);
  SettingsInForce again = base::InForce(Table(), others);
  const SettingInForce& setting = Named(key, settings);
  const std::string before = TextOf(setting.setting);
  if (!SetFromText(setting.setting, text).ok()) {
    PITSER_CHECK(TextOf(setting.setting) == before);
    return;
  }
  PITSER_CHECK(SetFromText(Named(key, again).setting, TextOf(setting.setting)).ok());
  CheckAlike(settings, again);
}

}  // namespace

PITSER_FUZZ_TARGET(settings) {
  for (const base::Setting<Values>& setting : Table()) {
    CheckText(setting.key, ledger::AsText(input));
  }
  Values values;
  SettingsInForce settings = base::InForce(Table(), values);
  const absl::Status read =
      base::ReadSettingsText(ledger::ToString(input), "pitser.toml", settings);
  if (!read.ok()) {
    PITSER_CHECK(read.code() == absl::StatusCode::kInvalidArgument);
    PITSER_CHECK(ledger::ToStd(read.message()).starts_with("pitser.toml:"));
    return;
  }
  Values others;
  SettingsInForce again = base::InForce(Table(), others);
  const std::string shown = base::InForceAsToml("pitser.toml", settings);
  PITSER_CHECK(base::ReadSettingsText(shown, "shown.toml", again).ok());
  CheckAlike(settings, again);
  const auto json = nlohmann::json::parse(
      base::InForceAsJson("pitser.config/1", "pitser.toml", settings), nullptr, false);
  PITSER_CHECK(json.is_object() && json["settings"].size() == settings.size());
}

}  // namespace pitser::fuzz
