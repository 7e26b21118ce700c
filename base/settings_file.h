#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/settings.h"

namespace pitser::base {

// Puts what a TOML file says into the settings, with FILE:LINE as origin; what it does not say
// stays.
// Errors: kInvalidArgument, as FILE:LINE: ..., for what is no TOML, an unknown key or a value of
// the wrong kind; kNotFound, kPermissionDenied or kUnknown when the file cannot be read.
absl::Status ReadSettingsFile(const std::string& path, SettingsInForce& settings);
// The same for the text of a file; `path` is what messages and origins call it.
absl::Status ReadSettingsText(std::string_view text, const std::string& path,
                              SettingsInForce& settings);

}  // namespace pitser::base
