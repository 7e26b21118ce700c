#pragma once

#include <string>

#include "pitser/control/v1/control.pb.h"

namespace pitser::server {

// A node's status for people, several lines.
std::string StatusAsText(const control::v1::GetStatusResponse& status);

// The same for programs: one JSON object, schema "pitserd.status/1". Fields are added, never
// changed. Times in Unix seconds.
std::string StatusAsJson(const control::v1::GetStatusResponse& status);

// "2026-11-24T15:00:00Z".
std::string Utc(std::uint64_t second);

}  // namespace pitser::server
