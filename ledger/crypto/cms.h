#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"

namespace pitser::ledger {

// A subject attribute that the signer of a publications file must have.
// Source: spec/ksi-signature.md 6.4.
struct SubjectConstraint {
  std::string oid;  // Dotted decimal.
  std::string value;
};

inline constexpr std::string_view kEmailOid = "1.2.840.113549.1.9.1";

// "OID=VALUE", where OID is dotted decimal or one of email, CN, C, O, OU.
// Errors: kInvalidArgument.
absl::StatusOr<SubjectConstraint> ParseSubjectConstraint(std::string_view text);

// A detached CMS SignedData, DER, over `content`: SHA-256, the signer's certificate included,
// attributes contentType, signingTime and messageDigest.
// Errors: kInvalidArgument if certificate and key do not belong together.
absl::StatusOr<ByteVector> SignCms(Bytes content, const Certificate& signer, const PrivateKey& key,
                                   std::uint64_t signing_time);

// Checks a detached CMS SignedData (DER or BER) with exactly one signer; chains are built to
// `trust_anchors` only, with the certificates of the CMS as intermediates, valid at `at_time`
// (Unix seconds; nothing: the dates of certificates are not looked at). An extended key usage is
// not asked for; one that names another purpose of a ledger than publications is refused. An anchor
// needs not be self-signed, and may be the signer's certificate itself (which then need not be in
// the CMS). Keys below RSA-2048 and digests other than SHA-2 and SHA-3 are refused; `accept_sha1`
// admits SHA-1 and old keys too. Shape:  `cms` holds the CMS and nothing after it; the signed
// attributes contentType (id-data) and
//         messageDigest are there.
// Returns the signer's certificate.
// Errors: kInvalidArgument when `cms` is malformed; kPermissionDenied when it must not be trusted,
// saying which check failed; kOutOfRange when nothing but the dates of a certificate speaks against
// it.
absl::StatusOr<Certificate> VerifyCms(Bytes content, Bytes cms,
                                      std::span<const Certificate> trust_anchors,
                                      std::optional<std::uint64_t> at_time, bool accept_sha1);

}  // namespace pitser::ledger
