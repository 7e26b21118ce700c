#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "server/app/settings.h"

namespace pitser::server {

// `pitserd publications restore`: RestorePublicationsFile() of the settings' data folder, under its
// lock. Returns what to tell.
// Errors: kFailedPrecondition when it is no data folder with keys, or a node runs on it; those of
// RestorePublicationsFile() and LoadOrCreateKeySet().
absl::StatusOr<std::string> RestorePublications(const Settings& settings, const base::Clock& clock);

}  // namespace pitser::server
