#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"

namespace pitser::ledger {

// What a certificate of a ledger is for. Certificates that we make say it by an extended key usage
// (not critical, so that others' software takes them as before); the identifiers stand in issue.cc,
// are ours alone, and never change their meaning.
enum class CertificatePurpose {
  kAny,           // Says nothing: as certificates of other authorities, and ours of before.
  kPublications,  // Signs publications files. Says emailProtection too, which CMS tools ask for.
  kCalendar,      // Signs calendar roots.
};

// An X.509 certificate. Immutable and cheap to copy (shares one decoded object); safe to share
// between threads.
class Certificate {
 public:
  // Errors: kInvalidArgument when the bytes are no certificate, have bytes left over, or speak of a
  // time that cannot be read.
  static absl::StatusOr<Certificate> FromDer(Bytes der);
  // A text with exactly one PEM certificate.
  static absl::StatusOr<Certificate> FromPem(std::string_view pem);
  // All certificates of a PEM file, at least one.
  static absl::StatusOr<std::vector<Certificate>> AllFromPem(std::string_view pem);

  // The bytes it was made from.
  ByteVector der() const;
  std::string pem() const;

  // Unix seconds; both ends belong to the validity. A start before 1970 counts as 1970.
  std::uint64_t not_before() const;
  std::uint64_t not_after() const;
  bool ValidAt(std::uint64_t time) const { return not_before() <= time && time <= not_after(); }

  // SHA-256 of the DER, 32 bytes.
  ByteVector Fingerprint() const;
  // One line for people, e.g. "CN=Pitser root, O=Example".
  std::string Subject() const;
  // The first value of a subject attribute by dotted-decimal OID, as UTF-8.
  std::optional<std::string> SubjectAttribute(std::string_view oid) const;
  // False when it names a purpose of a ledger, and not this one. Purposes that are not ours, such
  // as emailProtection alone, forbid nothing.
  bool MayServe(CertificatePurpose purpose) const;

  struct Handle;  // The OpenSSL object, seen in ledger/crypto only.
  const Handle& handle() const { return *handle_; }

 private:
  explicit Certificate(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

// Where OpenSSL looks for the authorities of the system, and the environment variables that name
// other places. Only names: nothing is read, and nothing of them is believed by itself.
struct SystemStoreNames {
  std::string file;    // PEM.
  std::string folder;  // Files of a certificate each, named by the hash of its subject.
  std::string file_variable, folder_variable;
};
SystemStoreNames OpensslSystemStore();

// A private key. Movable and shareable as Certificate is; its text form is asked for by name only.
class PrivateKey {
 public:
  // The first private key of a PEM text.
  // Errors: kInvalidArgument, also for a key under a password: nobody is there to ask for it.
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem);
  // Shape: 2048 to 8192 bits, else kInvalidArgument.   Cost: a tenth of a second up to some.
  static absl::StatusOr<PrivateKey> GenerateRsa(int bits);

  // PKCS#8 PEM, unencrypted: for a file of mode 0600.
  std::string SecretPem() const;

  bool Matches(const Certificate& certificate) const;

  // RSA PKCS#1 v1.5 with SHA-256.   Errors: kFailedPrecondition if the key is not RSA.
  absl::StatusOr<ByteVector> SignRsaSha256(Bytes message) const;

  struct Handle;
  const Handle& handle() const { return *handle_; }

 private:
  explicit PrivateKey(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

// Whether `signature` over `message` verifies with the certificate's public key under the
// signature algorithm of `oid` (spec/ksi-signature.md 7.2: RSA PKCS#1 v1.5 with SHA-256, -384 or
// -512). False for any other OID and any unusable key.
bool VerifyRsaSignature(const Certificate& certificate, std::string_view oid, Bytes message,
                        Bytes signature);

// What a new certificate says. Issued certificates are signed with sha256WithRSAEncryption, so that
// every SDK can use them.
struct CertificateRequest {
  std::string common_name;
  std::string organization;      // Empty: left out.
  std::string email;             // Empty: left out. As the subject's e-mail address attribute.
  std::uint64_t not_before = 0;  // Unix seconds.
  std::uint64_t not_after = 0;
  bool is_authority = false;
  CertificatePurpose purpose = CertificatePurpose::kAny;
};

// A certificate for `key`, signed by `issuer`'s key, or by itself when `issuer` is null (`key` and
// `issuer_key` are the same then): X.509 v3, a random serial number of 128 bits, key identifiers,
// the basic constraints and key usage of an authority or of a signer, and the purpose if it has
// one. Errors: kInvalidArgument when a name is missing or too long for its field, the validity ends
// before it starts or after the year 9999, the issuer is no authority, keys and certificates do not
// belong together, or the issuer's key is not RSA.
absl::StatusOr<Certificate> IssueCertificate(const CertificateRequest& request,
                                             const PrivateKey& key, const Certificate* issuer,
                                             const PrivateKey& issuer_key);

}  // namespace pitser::ledger
