#include "server/keys/key_files.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "ledger/base/status.h"

namespace pitser::server::internal {
namespace {

using ledger::Annotate;
using ledger::Certificate;
using ledger::PrivateKey;
using ledger::SubjectConstraint;

constexpr std::size_t kMaxPemFile = std::size_t{1} << 20;
constexpr unsigned kSecretFileMode = 0600;
constexpr unsigned kPublicFileMode = 0644;
constexpr unsigned kPublicFolderMode = 0755;
constexpr std::size_t kRsa2048SignatureSize = 256;
constexpr std::string_view kRsaSha256Oid = "1.2.840.113549.1.1.11";

// Text that is overwritten before its memory is given back.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  ~SecretText() { explicit_bzero(text_.data(), text_.size()); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;

  const std::string& get() const { return text_; }

 private:
  std::string text_;
};

// A file that was expected: its absence is something for the operator to settle.
absl::Status Missing(const absl::Status& status, const std::string& path) {
  if (!absl::IsNotFound(status)) return status;
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is missing: restore it from a backup of the data folder"));
}

// The constraint of a text: its only line that is neither empty nor a comment.
absl::StatusOr<SubjectConstraint> ParseConstraintFile(const std::string& text) {
  std::string found;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    if (absl::StartsWith(line, "#")) continue;
    if (!found.empty()) return absl::InvalidArgumentError("more than one constraint");
    found = std::string(line);
  }
  return ledger::ParseSubjectConstraint(found);
}

std::string ConstraintFile(const SubjectConstraint& constraint) {
  return absl::StrCat(
      "# What the subject of the publications file's signer must have (here: its e-mail address).\n"
      "# Verifiers need this beside root.pem: pitser verify --publisher-constraint OID=VALUE\n",
      constraint.oid, "=", constraint.value, "\n");
}

absl::Status WriteRoot(const KeyPaths& paths, const Certificate& root) {
  if (!base::Exists(paths.trust_root)) {
    return base::WriteNewFileDurably(paths.trust_root, ledger::AsBytes(root.pem()),
                                     kPublicFileMode);
  }
  PITSER_ASSIGN_OR_RETURN(const Certificate given_out, ReadCertificate(paths.trust_root));
  if (given_out.der() == root.der()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s is another root certificate ('%s') than the one in use ('%s'); others may trust this "
      "server by it, so it is not replaced: put back the keys that belong to it, or move %s away "
      "to begin anew",
      paths.trust_root, given_out.Subject(), root.Subject(), paths.trust));
}

absl::Status WriteConstraint(const KeyPaths& paths, const SubjectConstraint& constraint) {
  if (!base::Exists(paths.constraint)) {
    return base::WriteNewFileDurably(paths.constraint, ledger::AsBytes(ConstraintFile(constraint)),
                                     kPublicFileMode);
  }
  PITSER_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(paths.constraint, kMaxPemFile));
  const absl::StatusOr<SubjectConstraint> given_out = ParseConstraintFile(text);
  if (!given_out.ok()) return Annotate(given_out.status(), paths.constraint);
  if (given_out->oid == constraint.oid && given_out->value == constraint.value) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s says %s=%s, but the publications file's signer has %s=%s; others verify by that file: "
      "configure a signer that fulfils it, or move it away and tell them",
      paths.constraint, given_out->oid, given_out->value, constraint.oid, constraint.value));
}

absl::Status CheckPublicationsSigner(const KeySet& keys, std::uint64_t now) {
  const ledger::Bytes probe = ledger::AsBytes("may this key sign the publications file?");
  const Identity& signer = keys.publications_signer;
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector cms,
                          ledger::SignCms(probe, signer.certificate, signer.key, now));
  return ledger::VerifyCms(probe, cms, std::span(&keys.root, 1), now, /*accept_sha1=*/false)
      .status();
}

absl::Status CheckCalendarKey(const Identity& calendar) {
  if (!calendar.certificate.MayServe(ledger::CertificatePurpose::kCalendar)) {
    return absl::FailedPreconditionError("its certificate is for another purpose");
  }
  const ledger::Bytes probe = ledger::AsBytes("may this key sign calendar roots?");
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector signature, calendar.key.SignRsaSha256(probe));
  if (signature.size() < kRsa2048SignatureSize ||
      !ledger::VerifyRsaSignature(calendar.certificate, kRsaSha256Oid, probe, signature)) {
    return absl::FailedPreconditionError("an RSA key of at least 2048 bits is needed");
  }
  return absl::OkStatus();
}

}  // namespace

KeyPaths::KeyPaths(const std::string& data_dir)
    : keys(data_dir + "/keys"),
      root_key(keys + "/root.key.pem"),
      root(keys + "/root.pem"),
      publications(keys + "/publications.key.pem"),
      calendar(keys + "/calendar.key.pem"),
      trust(data_dir + "/trust"),
      trust_root(trust + "/root.pem"),
      constraint(trust + "/constraint") {}

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  const absl::StatusOr<std::string> pem = base::ReadFile(path, kMaxPemFile);
  if (!pem.ok()) return Missing(pem.status(), path);
  absl::StatusOr<Certificate> certificate = Certificate::FromPem(*pem);
  if (!certificate.ok()) return Annotate(certificate.status(), path);
  return certificate;
}

absl::StatusOr<PrivateKey> ReadKey(const std::string& path) {
  absl::StatusOr<std::string> pem = base::ReadSecretFile(path, kMaxPemFile);
  if (!pem.ok()) return Missing(pem.status(), path);
  const SecretText secret(*std::move(pem));
  absl::StatusOr<PrivateKey> key = PrivateKey::FromPem(secret.get());
  if (!key.ok()) return Annotate(key.status(), path);
  return key;
}

absl::StatusOr<Identity> ReadIdentity(const std::string& certificate_path,
                                      const std::string& key_path) {
  PITSER_ASSIGN_OR_RETURN(PrivateKey key, ReadKey(key_path));
  PITSER_ASSIGN_OR_RETURN(Certificate certificate, ReadCertificate(certificate_path));
  if (!key.Matches(certificate)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the key in %s does not belong to the certificate in %s: put together what was made "
        "together",
        key_path, certificate_path));
  }
  return Identity{std::move(certificate), std::move(key), certificate_path};
}

absl::Status WriteIdentity(const std::string& path, const Identity& identity) {
  const SecretText key(identity.key.SecretPem());
  const SecretText both(absl::StrCat(key.get(), identity.certificate.pem()));
  return base::WriteNewFileDurably(path, ledger::AsBytes(both.get()), kSecretFileMode);
}

absl::Status CheckDates(const Certificate& certificate, const std::string& path, std::uint64_t now,
                        std::string_view advice) {
  if (now < certificate.not_before()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the certificate in %s is valid from %s only, and the clock says %s: look "
                        "whether the clock is right",
                        path, TimeText(certificate.not_before()), TimeText(now)));
  }
  if (now > certificate.not_after()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the certificate in %s expired at %s, and nothing is signed under it: %s",
                        path, TimeText(certificate.not_after()), advice));
  }
  return absl::OkStatus();
}

absl::Status CheckUse(const KeySet& keys, std::uint64_t now) {
  const absl::Status signer = CheckPublicationsSigner(keys, now);
  if (!signer.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the publications signer '%s' would not be trusted by the root '%s': %s",
        keys.publications_signer.certificate.Subject(), keys.root.Subject(), signer.message()));
  }
  return Annotate(CheckCalendarKey(keys.calendar),
                  absl::StrFormat("the calendar key of '%s'", keys.calendar.certificate.Subject()));
}

bool IsAddress(std::string_view email) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  return email.find('@') != std::string_view::npos && std::ranges::all_of(email, printable);
}

absl::StatusOr<SubjectConstraint> ConstraintOf(const Certificate& signer, const std::string& path) {
  const std::optional<std::string> email = signer.SubjectAttribute(ledger::kEmailOid);
  if (!email || !IsAddress(*email)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the publications signer's certificate in %s ('%s') has no e-mail address "
                        "in its subject, by which others could know it",
                        path, signer.Subject()));
  }
  return SubjectConstraint{std::string(ledger::kEmailOid), *email};
}

absl::Status WriteTrust(const KeyPaths& paths, const KeySet& keys) {
  PITSER_RETURN_IF_ERROR(base::MakeDirectory(paths.trust, kPublicFolderMode));
  PITSER_RETURN_IF_ERROR(WriteRoot(paths, keys.root));
  return WriteConstraint(paths, keys.constraint);
}

std::string TimeText(std::uint64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(unix_seconds)),
                          absl::UTCTimeZone());
}

}  // namespace pitser::server::internal
