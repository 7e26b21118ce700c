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
  std::string file = {};  // Where the certificate lies, for messages.
};

// What a node signs with, and what others trust it by.
struct KeySet {
  ledger::Certificate root;              // DIR/trust/root.pem
  Identity publications_signer;          // Signs the publications file (CMS).
  Identity calendar;                     // RSA-2048: signs calendar roots (0x805).
  ledger::SubjectConstraint constraint;  // DIR/trust/constraint: the signer's e-mail address.
  std::string root_file = {};
  // Why a certificate that is due, but still valid, was not renewed though the root's key is there.
  absl::Status renewal = {};
};

struct KeySetOptions {
  std::string data_dir;
  std::string organization = "Pitser";
  std::string publications_email = "publications@localhost";
  // Own keys instead of made ones: PEM files, all five. Empty: the data folder's. A certificate and
  // its key may be one file.
  std::string root_certificate, publications_certificate, publications_key, calendar_certificate,
      calendar_key;
};

// Loads the key set, or makes it on the first start. What is made:
//   DIR/keys/           0700, every file 0600
//     root.key.pem          RSA-3072; needed to make and renew certificates only, and may be moved
//                           away (to a safe: whoever has it can make any of the others)
//     root.pem              self-signed, 20 years
//     publications.key.pem  RSA-2048 and its certificate, 5 years, with the e-mail address
//     calendar.key.pem      RSA-2048 and its certificate, 2 years
//   DIR/trust/          0755, every file 0644
//     root.pem              the trust anchor
//     constraint            who signs the publications file, as OID=VALUE
// All certificates start a day early, so that they cover the seconds just before they were made.
// DIR/keys comes into being at once, by a rename: a start that was killed is made up for by the
// next one.
//
// A made certificate that runs out within 30 days is renewed, with a new key, while the root's key
// is there. The renewed one goes beside the old one (calendar.2.key.pem and so on): no key is ever
// overwritten. Used is the one that is valid and ends last, so that the old one serves on while a
// new one, made by a clock that was ahead, is not valid yet. A renewed calendar certificate does
// not take the old one's place for those who verify: the publisher lists every certificate it ever
// listed.
//
// Own keys (all five files, or none) are used where they lie; nothing of them is renewed. The
// constraint is then the e-mail address in the publications signer's subject.
//
// DIR/trust/root.pem is never replaced: others hold copies of it.
// Units:  `now` in Unix seconds, by a clock that was judged before.
// Logs:   keys_made, certificate_renewed.
// Errors: kFailedPrecondition when a file is missing, does not match its key, is readable by
// others, or has expired - naming the file and what to do; kInvalidArgument when a file is
// malformed; the system's when the disk is full or the folder not writable.
absl::StatusOr<KeySet> LoadOrCreateKeySet(const KeySetOptions& options, std::uint64_t now);

// The same for a node that runs with `current`: reads the files again, own ones too, and renews
// what is due. Makes no other keys and hands nothing out.
// Errors: also kFailedPrecondition when root or constraint are not those of `current` any more.
absl::StatusOr<KeySet> ReloadKeySet(const KeySetOptions& options, const KeySet& current,
                                    std::uint64_t now);

struct CertificateInUse {
  std::string name;         // "root", "publications", "calendar".
  std::string file;         // Where it lies.
  std::uint64_t not_after;  // Unix seconds.
  std::string advice;       // What is done before it ends, by whom.
};
// In the order root, publications, calendar. Looks whether the root's key is there.
std::vector<CertificateInUse> CertificatesInUse(const KeySetOptions& options, const KeySet& keys);

}  // namespace pitser::server
