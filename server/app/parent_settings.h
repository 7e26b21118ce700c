#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/app/settings.h"
#include "server/parent/parent_extender.h"
#include "server/parent/parent_publications.h"
#include "server/parent/parent_signing.h"

namespace pitser::server {

// What the settings say about the parent.
struct ParentOptions {
  ParentSigningOptions signing;
  ParentExtenderOptions extender;
  ParentPublicationsOptions publications;  // All but its cache.
};

// Nothing when there is none.
// Errors: kInvalidArgument, naming the setting; those of reading the files that they name.
absl::StatusOr<std::optional<ParentOptions>> ParentOptionsOf(const Settings& settings);

}  // namespace pitser::server
