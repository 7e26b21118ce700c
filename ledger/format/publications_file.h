#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "ledger/format/publication.h"

namespace pitser::ledger {

// More than anybody publishes in a thousand years of daily publications: what a reader of a file or
// a socket may take in before it parses.
inline constexpr std::size_t kMaxPublicationsFileSize = std::size_t{64} << 20;

struct CertificateRecord {
  ByteVector id;   // Opaque to readers; Pitser writes be32(crc32(der)).
  ByteVector der;  // X.509.
};

// What a publications file says, apart from its bytes. Source: spec/ksi-signature.md 6.3.
struct PublicationsFileContent {
  std::uint64_t creation_time = 0;  // Unix seconds.
  std::string repository_uri;       // Empty when absent.
  std::vector<CertificateRecord> certificates;
  std::vector<PublicationRecord> publications;
};

// A publications file: parsed, well-formed; its CMS signature is checked by
// VerifyPublicationsFile() only. Immutable and owns what it holds.
class PublicationsFile {
 public:
  // Shape:  at most kMaxPublicationsFileSize bytes. Unknown non-critical elements are skipped
  //         wherever they stand between the header and the CMS signature.
  // Errors: kInvalidArgument with offset and element name.
  static absl::StatusOr<PublicationsFile> Parse(ByteVector bytes);

  Bytes bytes() const { return bytes_; }
  const PublicationsFileContent& content() const { return content_; }
  // The publications by ascending time: indexes of content().publications.
  std::span<const std::size_t> by_time() const { return by_time_; }

  // From the first byte up to the header of the CMS signature: what is signed.
  Bytes signed_bytes() const { return Bytes(bytes_).first(signed_size_); }
  Bytes cms() const { return Bytes(bytes_).subspan(cms_offset_); }

  // Look-ups of spec 6.5; null when there is none. Views into this object.
  // Cost: O(log n) in publications, O(n) in certificates.
  const CertificateRecord* FindCertificate(Bytes id) const;
  // Whether some publication is of exactly this time, and whether one of those has this hash.
  bool HasPublicationAt(std::uint64_t time) const;
  const PublicationRecord* FindPublication(const PublicationData& data) const;
  // The one with the smallest time at or after `time`.
  const PublicationRecord* NearestPublication(std::uint64_t time) const;
  const PublicationRecord* LatestPublication() const;

 private:
  PublicationsFile() = default;

  ByteVector bytes_;
  PublicationsFileContent content_;
  std::vector<std::size_t> by_time_;  // Indexes of content_.publications, by ascending time.
  std::size_t signed_size_ = 0;
  std::size_t cms_offset_ = 0;
};

// be32(crc32(der)): how Pitser names a certificate. Source: spec 6.5.
ByteVector CertificateIdOf(Bytes der);

// Writes and signs a publications file; the publications by ascending time, whatever their order in
// `content`, because some readers take the first that fits.
// Errors: kInvalidArgument if something is empty, no UTF-8 or too long for its element, a time is
// above 2^63-1, or the CMS cannot be made.
absl::StatusOr<PublicationsFile> BuildPublicationsFile(const PublicationsFileContent& content,
                                                       const Certificate& signer,
                                                       const PrivateKey& signer_key,
                                                       std::uint64_t signing_time);

// Checks the CMS signature against trust anchors, at a time, and the signer's subject.
// Units:  `at_time` in Unix seconds; never read from a clock in here.
// Shape:  at least one constraint, else kFailedPrecondition (a mistake of configuration).
// Errors: kPermissionDenied when the file is not to be trusted, saying which check failed;
// kOutOfRange when nothing speaks against it but that certificates are not valid at that time: the
// clock may be wrong, or the signer's time is over; kInvalidArgument when its CMS signature is
// malformed.
// Source: spec 6.4.
absl::Status VerifyPublicationsFile(const PublicationsFile& file,
                                    std::span<const Certificate> trust_anchors,
                                    std::span<const SubjectConstraint> constraints,
                                    std::uint64_t at_time, bool accept_sha1 = false);

}  // namespace pitser::ledger
