#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "ledger/format/publications_file.h"
#include "ledger/verify/publications_past.h"

namespace pitser::client {

// How a root certificate came to be believed. Stored by name.
enum class Acceptance {
  kByPath,         // Somebody put the file there, or named it.
  kByFingerprint,  // Its fingerprint was the one that a person gave.
  kByPerson,       // A person saw its fingerprint and said yes.
  kOnFirstUse,     // Nobody compared anything.
  kBySystem,       // It is in the system's store, and somebody asked for that. Never stored.
};

// The stored name: "path", "fingerprint", "person", "first-use"; "system".
std::string_view AcceptanceName(Acceptance acceptance);

// Whom to believe, and what they say.
struct Trust {
  std::vector<ledger::Certificate> anchors;              // At least one.
  std::vector<ledger::SubjectConstraint> constraints;    // Of the publications file's signer.
  std::optional<ledger::PublicationsFile> publications;  // Not yet verified.
  std::string publications_path;                         // Where it was read from.
  Acceptance acceptance = Acceptance::kByPath;
  std::uint64_t accepted_at = 0;  // Unix seconds; 0 when by path.
  std::string server;             // Where it was fetched from; empty when by path.
  ledger::PublicationsPast past;  // What was believed before in this folder (trust_record.h).
};

// The files of a trust folder. The first three are what a server keeps in DIR/trust; the last is
// `pitser trust fetch`'s note on how the root was accepted. trust_record.h has one more.
inline constexpr std::string_view kRootFile = "root.pem";
inline constexpr std::string_view kConstraintFile = "constraint";
inline constexpr std::string_view kPublicationsFileName = "publications.bin";
inline constexpr std::string_view kAcceptedFile = "accepted";

// Reads a trust folder; the publications file may be absent.
// Errors: kNotFound when root or constraint is absent; kInvalidArgument when a file is malformed;
// kFailedPrecondition when the root or the constraint is not the one that was accepted.
absl::StatusOr<Trust> LoadTrust(const std::string& folder);

// What is to be stored, in full.
struct TrustToStore {
  std::vector<ledger::Certificate> anchors;
  std::vector<ledger::SubjectConstraint> constraints;
  ledger::Bytes publications;
  Acceptance acceptance = Acceptance::kByFingerprint;
  std::uint64_t accepted_at = 0;
  std::string server;
};

// Writes a trust folder, making it if needed, each file whole or not at all.
absl::Status StoreTrust(const std::string& folder, const TrustToStore& trust);

// Replaces the publications file only.
absl::Status StorePublicationsFile(const std::string& folder, ledger::Bytes publications);

// Constraints as text, one "OID=VALUE" a line; `#` begins a comment line.
// Errors: kInvalidArgument for a malformed line or none at all.
absl::StatusOr<std::vector<ledger::SubjectConstraint>> ParseConstraints(std::string_view text);

// "AB:CD:..." of the certificate's SHA-256, as other tools print it.
std::string FingerprintText(const ledger::Certificate& certificate);
// Whether `text` (hex; colons, spaces and letter case don't matter) is the certificate's SHA-256.
bool FingerprintIs(const ledger::Certificate& certificate, std::string_view text);

}  // namespace pitser::client
