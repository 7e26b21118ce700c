#pragma once

#include <string>
#include <string_view>

#include "base/settings.h"

namespace pitser::base {

// How settings are shown: to people, to programs, in samples and in the documentation.

// What is in force, a TOML file whose comments say where each value comes from: read back, it gives
// the same settings.   `file` is the configuration file that was read, empty for none.
std::string InForceAsToml(std::string_view file, const SettingsInForce& settings);

// The same as one JSON object on one line: `schema`, `result`, `reason_code`, `file` (null for
// none) and `settings`, an array of {key, value, layer, place, flag, variable}. Values are true or
// false, numbers and, for all else, texts; `place` is null for a default.
std::string InForceAsJson(std::string_view schema, std::string_view file,
                          const SettingsInForce& settings);

// A configuration file with every key and its help, all of it commented out.
std::string SampleConfig(const SettingsInForce& defaults);

// Tables for docs/settings.md, one a section, under headings of the second or a deeper level.
std::string SettingsMarkdown(const SettingsInForce& defaults, int heading_level);

}  // namespace pitser::base
