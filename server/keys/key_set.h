#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"

namespace pitser::server {

// A certificate with its key.
struct Identity {
  ledger::Certificate certificate;
  ledger::PrivateKey key;
};

// What a node signs with, and what others trust it by.
struct KeySet {
  ledger::Certificate root;              // DIR/trust/root.pem
  Identity publications_signer;          // Signs the publications file (CMS).
  Identity calendar;                     // RSA-2048: signs calendar roots (0x805).
  ledger::SubjectConstraint constraint;  // DIR/trust/constraint: the signer's e-mail address.
};

struct KeySetOptions {
  std::string data_dir;
  std::string organization = "Pitser";
  std::string publications_email = "publications@localhost";
  // Own keys instead of made ones: PEM files. Empty: the data folder's.
  std::string root_certificate, publications_certificate, publications_key, calendar_certificate,
      calendar_key;
};

// Loads the key set, or makes it on the first start: keys in DIR/keys (0700, files 0600), what
// others need in DIR/trust (0755, files 0644). The root's key is needed to make and renew
// certificates only, and may be moved away. A certificate that runs out within 30 days is renewed
// while the root's key is there.
// Units:  `now` in Unix seconds.
// Errors: kFailedPrecondition when a file is missing, does not match its key, is readable by
// others, or has expired - naming the file and what to do.
absl::StatusOr<KeySet> LoadOrCreateKeySet(const KeySetOptions& options, std::uint64_t now);

}  // namespace pitser::server
