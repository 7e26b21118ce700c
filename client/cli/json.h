#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/exit_code.h"
#include "ledger/format/publication.h"
#include "ledger/format/signature.h"

namespace pitser::cli {

// Keys stay in the order in which they are written, for people who look.
using Json = nlohmann::ordered_json;

// An object as every command gives: `schema`, `result`, `reason_code` of an exit code.
Json JsonHead(std::string_view schema, ExitCode code);
// The object of an input that ended in an error: the head, what it was about, and the message.
Json JsonError(std::string_view schema, std::string_view key, const std::string& input,
               const absl::Status& status);

// Values that several commands show.
Json JsonTime(std::uint64_t seconds);  // A number; null for 0.
Json JsonIdentities(const std::vector<ledger::Identity>& identities);
Json JsonPublication(const ledger::PublicationRecord& record);

// One line. Bytes that are no UTF-8 (file names may have them) are replaced.
std::string ToLine(const Json& json);

}  // namespace pitser::cli
