#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/trust.h"
#include "ledger/format/publications_file.h"
#include "ledger/verify/publications_past.h"

// The file of a trust folder that says what was verified in it while its signer was valid, so that
// it stays believed when the signer's certificate has ended. Lines:
//   trust = CODE...                           whom it was verified with; of others it says nothing
//   file = SHA-256:HEX SECONDS here|seal      the newest publications file
//   publication = CODE SECONDS here|seal      each of its publications, and of those before it
namespace pitser::client {

inline constexpr std::string_view kRecordFile = "verified";

// The record as text, and back. Lines that cannot be read are passed over: a record of decades is
// not lost by a damaged one. Nothing is taken of a record that was made with another trust.
std::string RecordText(const ledger::PublicationsPast& past, std::string_view trust);
ledger::PublicationsPast ParseRecord(std::string_view text, std::string_view trust);

// Whom the record of such a trust belongs to: the codes of its roots.
std::string RecordOwner(const Trust& trust);

// The record in a trust folder; empty when there is none, or none that can be read.
ledger::PublicationsPast LoadRecord(const std::string& folder, const Trust& trust);

// Writes into the folder's record that `file` was verified with `trust` at `now`. Nothing is
// written when nothing is new, when another process is writing, or when the clock cannot be right:
// before what the record or the file itself says. Errors: the system's; nobody's verdict depends on
// them.
absl::Status RecordVerified(const std::string& folder, const Trust& trust,
                            const ledger::PublicationsFile& file, std::uint64_t now);

// Writes a whole record. Errors: the system's.
absl::Status StoreRecord(const std::string& folder, const Trust& trust,
                         const ledger::PublicationsPast& past);

}  // namespace pitser::client
