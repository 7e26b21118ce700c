#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/app/settings.h"

namespace pitser::server {

// Puts what a TOML file says into `settings`; what it does not say stays.
// Errors: kInvalidArgument "FILE:LINE: ..." for what is no TOML, an unknown key or a value of the
// wrong kind; kNotFound, kPermissionDenied or kUnknown when the file cannot be read.
absl::Status ReadConfigFile(const std::string& path, Settings& settings);

}  // namespace pitser::server
