#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/audit.h"
#include "client/audit_state.h"
#include "client/cli/evidence.h"
#include "client/cli/reader.h"

// One ledger's audit, as `pitser audit` runs it: what is brought along, where the leaves come from,
// and what is found.
namespace pitser::cli {

// What the ledger is held to, apart from its own word.
struct AuditEvidence {
  std::vector<client::Claim> claims;
  // Whoever stands behind each claim is believed: the publications file's signer, the ledger's key,
  // the user. Same order as `claims`.
  std::vector<bool> vouched;
  const ledger::PublicationsFile* publications = nullptr;  // Verified; null: none.
  std::vector<std::string> failures;   // What is proven wrong of the ledger without any leaf.
  std::vector<std::string> forgeries;  // What is proven wrong of what was brought along.
  std::vector<std::string> doubts;     // What cannot be judged, and why.
};

// From what seconds to what.
struct AuditRange {
  std::optional<std::uint64_t> since;  // Nothing: where the last audit stopped, else from 1970.
  std::optional<std::uint64_t> to;     // Nothing: the head.
};

// What was found out about one ledger.
struct AuditReport {
  std::string name;                     // HOST:PORT, or the file of leaves.
  std::uint64_t since = 0;              // The first second that any audit of this one replayed.
  std::uint64_t first = 0;              // The first second of this one.
  std::uint64_t last = 0;               // The last one.
  std::uint64_t leaves = 0;             // Of this audit.
  std::optional<ledger::Imprint> root;  // What was recomputed for `last`.
  std::vector<client::Judgement> judgements;
  std::size_t publications_before = 0;    // That held in an earlier audit and are told still.
  std::optional<std::uint64_t> saved_at;  // Of the state that it went on from.
  bool anchored = false;  // Something held that is not the judged one's own word of today.
  std::vector<std::string> failures, forgeries, doubts;  // As in AuditEvidence.
  std::optional<client::SecondRange> broken;
  // Where to go on next time; nothing when there is nothing to keep.
  std::optional<client::AuditState> state;
};

// Audits a server. `state` is that of the last audit, if any.
// Errors: exit codes 2, 3, 4, 5, 6: it could not be audited.
absl::StatusOr<AuditReport> AuditServer(const Reader& reader, const AuditEvidence& evidence,
                                        const AuditRange& range,
                                        const std::optional<client::AuditState>& state,
                                        const Surroundings& around);

// Audits a file of leaves. Errors: exit codes 2, 3, 4, 7.
absl::StatusOr<AuditReport> AuditFile(const std::string& path, const AuditEvidence& evidence,
                                      const AuditRange& range,
                                      const std::optional<client::AuditState>& state,
                                      const Surroundings& around);

// The calendar root of a second at or before `head`, which has `root`: by a chain that is held
// against that root.
// Errors: exit code 1 when the chain leads elsewhere; 3, 4, 5 and 6.
struct ProvenSecond {
  ledger::CalendarHashChain chain;
  ledger::Imprint root;
};
absl::StatusOr<ProvenSecond> ProveSecond(const Reader& reader, std::uint64_t time,
                                         std::uint64_t head, const ledger::Imprint& root);

// "2026-11-23T20:15:34Z (1795464934)".
std::string SecondText(std::uint64_t second);
// "after ... and at or before ...".
std::string RangeText(const client::SecondRange& range);

}  // namespace pitser::cli
