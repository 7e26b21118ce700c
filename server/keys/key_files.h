#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "server/keys/key_set.h"

// Reading and writing the files of a key set. Not for use outside this folder.
namespace pitser::server::internal {

// Where the files of a made key set lie.
struct KeyPaths {
  explicit KeyPaths(const std::string& data_dir);

  std::string keys, root_key, root;
  std::string publications, calendar;  // The first ones: identities.h.
  std::string trust, trust_root, constraint;
};

// A certificate and its key, from two files or twice the same.
// Errors: kFailedPrecondition when they do not belong together or others may read the key.
absl::StatusOr<Identity> ReadIdentity(const std::string& certificate_path,
                                      const std::string& key_path);
absl::StatusOr<ledger::Certificate> ReadCertificate(const std::string& path);
absl::StatusOr<ledger::PrivateKey> ReadKey(const std::string& path);

// A key and its certificate in one new file, complete or not at all. Mode 0600.
// Errors: kAlreadyExists: nothing is overwritten.
absl::Status WriteIdentity(const std::string& path, const Identity& identity);

// Errors: kFailedPrecondition unless the certificate is valid at `now`; `advice` is what to do.
absl::Status CheckDates(const ledger::Certificate& certificate, const std::string& path,
                        std::uint64_t now, std::string_view advice);

// Whether the parts do what they are for: the publications signer's signature is accepted by those
// who have the root and the constraint, and the calendar's key makes RSA signatures.
absl::Status CheckUse(const KeySet& keys, std::uint64_t now);

// Whether others could know a signer by it: printable ASCII without blanks, with an @.
bool IsAddress(std::string_view email);

// The constraint that a signer's subject fulfils: its e-mail address.
absl::StatusOr<ledger::SubjectConstraint> ConstraintOf(const ledger::Certificate& signer,
                                                       const std::string& path);

// Hands out root and constraint in DIR/trust where they are missing.
// Errors: kFailedPrecondition when others are there.
absl::Status WriteTrust(const KeyPaths& paths, const KeySet& keys);

// "2026-11-23T18:40:00Z".
std::string TimeText(std::uint64_t unix_seconds);

}  // namespace pitser::server::internal
