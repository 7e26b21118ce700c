#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/cli/json.h"
#include "ledger/format/publications_file.h"

namespace pitser::cli {

inline constexpr std::string_view kPublicationsSchema = "pitser.publications/1";

// What the publications commands say of a publications file in JSON: how many publications it has,
// which is the newest, when it was made.
void AddPublicationsFile(Json& json, const ledger::PublicationsFile& file);

// "12 publications, the newest of 2026-11-23T20:00:00Z".
std::string PublicationsSummary(const ledger::PublicationsFile& file);

// One line for each: time, code, where to look it up.
std::string PublicationsTable(const std::vector<ledger::PublicationRecord>& records);

}  // namespace pitser::cli
