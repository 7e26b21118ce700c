#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/format/publication.h"
#include "ledger/tree/calendar_replay.h"

// Where an audit stopped, so that the next one goes on from there and notices when the ledger tells
// another history. The format is in docs/protocol.md.
namespace pitser::client {

struct AuditState {
  std::string server;             // As it was named, for people.
  std::uint64_t saved_at = 0;     // Unix seconds, by the auditor's clock.
  std::uint64_t since = 0;        // The first second that was replayed; all before is one value.
  ledger::CalendarReplay replay;  // Not before the first second.
  // The publications that were found to hold, by ascending time.
  std::vector<ledger::PublicationData> publications;
};

// A state with a million publications: no file is believed to be longer.
inline constexpr std::size_t kMaxAuditStateSize = 128 << 20;

std::string WriteAuditState(const AuditState& state);
// Errors: kInvalidArgument, naming the line, when it is malformed, damaged or of a newer version.
absl::StatusOr<AuditState> ParseAuditState(std::string_view text);

}  // namespace pitser::client
