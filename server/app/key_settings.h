#pragma once

#include "server/app/settings.h"
#include "server/keys/key_set.h"

namespace pitser::server {

// What the settings say about the keys.
KeySetOptions KeyOptions(const Settings& settings);

}  // namespace pitser::server
