#include "server/keys/key_set.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"
#include "ledger/crypto/trust_code.h"
#include "server/keys/key_files.h"

namespace pitser::server {
namespace {

using internal::KeyPaths;
using ledger::Certificate;
using ledger::CertificatePurpose;
using ledger::CertificateRequest;
using ledger::PrivateKey;

constexpr std::uint64_t kDay = 24 * 60 * 60;
constexpr std::uint64_t kYear = 365 * kDay;
constexpr std::uint64_t kRootLife = 20 * kYear;
constexpr std::uint64_t kPublicationsLife = 5 * kYear;
constexpr std::uint64_t kCalendarLife = 2 * kYear;
constexpr std::uint64_t kStartsEarly = kDay;
constexpr std::uint64_t kRenewBefore = 30 * kDay;
constexpr int kRootBits = 3072;
constexpr int kSignerBits = 2048;  // What every SDK verifies, at 4,600 signatures a second.
constexpr unsigned kKeysMode = 0700;
constexpr unsigned kSecretFileMode = 0600;

constexpr char kPublicationsName[] = "Pitser publications";
constexpr char kCalendarName[] = "Pitser calendar";

CertificateRequest RequestOf(const KeySetOptions& options, std::string name, std::uint64_t now,
                             std::uint64_t life) {
  CertificateRequest request;
  request.common_name = std::move(name);
  request.organization = options.organization;
  request.not_before = now < kStartsEarly ? 0 : now - kStartsEarly;
  request.not_after = now + life;
  return request;
}

// A new key with a certificate of the root, which ends before the root does.
absl::StatusOr<Identity> MakeIdentity(CertificateRequest request, const Identity& root) {
  request.not_after = std::min(request.not_after, root.certificate.not_after());
  PITSER_ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::GenerateRsa(kSignerBits));
  PITSER_ASSIGN_OR_RETURN(Certificate certificate,
                          IssueCertificate(request, key, &root.certificate, root.key));
  return Identity{std::move(certificate), std::move(key)};
}

absl::StatusOr<Identity> MakePublicationsSigner(const KeySetOptions& options, const Identity& root,
                                                const std::string& email, std::uint64_t now) {
  CertificateRequest request = RequestOf(options, kPublicationsName, now, kPublicationsLife);
  request.email = email;
  request.purpose = CertificatePurpose::kPublications;
  return MakeIdentity(std::move(request), root);
}

absl::StatusOr<Identity> MakeCalendarKey(const KeySetOptions& options, const Identity& root,
                                         std::uint64_t now) {
  CertificateRequest request = RequestOf(options, kCalendarName, now, kCalendarLife);
  request.purpose = CertificatePurpose::kCalendar;
  return MakeIdentity(std::move(request), root);
}

absl::StatusOr<Identity> MakeRoot(const KeySetOptions& options, std::uint64_t now) {
  CertificateRequest request =
      RequestOf(options, absl::StrCat(options.organization, " root"), now, kRootLife);
  request.is_authority = true;
  PITSER_ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::GenerateRsa(kRootBits));
  PITSER_ASSIGN_OR_RETURN(Certificate certificate, IssueCertificate(request, key, nullptr, key));
  return Identity{std::move(certificate), std::move(key)};
}

// Makes DIR/keys with all that is in it, or nothing: what a killed start left is thrown away.
absl::Status MakeKeys(const KeySetOptions& options, const KeyPaths& paths, std::uint64_t now) {
  if (!internal::IsAddress(options.publications_email)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "publications_email is '%s', which is no e-mail address", options.publications_email));
  }
  const std::string draft = paths.keys + ".new";
  std::error_code error;
  std::filesystem::remove_all(draft, error);
  PITSER_RETURN_IF_ERROR(base::MakeDirectory(draft, kKeysMode));
  PITSER_ASSIGN_OR_RETURN(const Identity root, MakeRoot(options, now));
  PITSER_ASSIGN_OR_RETURN(const Identity signer,
                          MakePublicationsSigner(options, root, options.publications_email, now));
  PITSER_ASSIGN_OR_RETURN(const Identity calendar, MakeCalendarKey(options, root, now));

  const auto draft_of = [&](const std::string& path) {
    return draft + path.substr(paths.keys.size());
  };
  PITSER_RETURN_IF_ERROR(internal::WriteIdentity(draft_of(paths.root_key), root));
  PITSER_RETURN_IF_ERROR(base::WriteFileDurably(
      draft_of(paths.root), ledger::AsBytes(root.certificate.pem()), kSecretFileMode));
  PITSER_RETURN_IF_ERROR(internal::WriteIdentity(draft_of(paths.publications), signer));
  PITSER_RETURN_IF_ERROR(internal::WriteIdentity(draft_of(paths.calendar), calendar));
  PITSER_RETURN_IF_ERROR(base::RenameDurably(draft, paths.keys));
  const ledger::SubjectConstraint constraint{std::string(ledger::kEmailOid),
                                             options.publications_email};
  base::LogInfo("keys_made",
                {{"folder", paths.keys},
                 {"root_sha256", ledger::ToHex(root.certificate.Fingerprint())},
                 {"trust_code", ledger::TrustCode(root.certificate, {&constraint, 1})}});
  return absl::OkStatus();
}

bool IsMissingOrEmpty(const std::string& folder) {
  std::error_code error;
  return !base::Exists(folder) || (std::filesystem::is_empty(folder, error) && !error);
}

absl::Status CheckKeysFolder(const std::string& folder) {
  struct stat info {};
  if (stat(folder.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("looking at ", folder));
  }
  if ((info.st_mode & 077) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%s holds private keys, but others than its owner have a right to it (mode "
                      "%04o): run 'chmod 700 %s'",
                      folder, info.st_mode & 07777, folder));
}

// The root of a made key set: the copy among the keys, or, where that was moved away together with
// its key, the one that was handed out.
absl::StatusOr<Certificate> ReadMadeRoot(const KeyPaths& paths) {
  if (base::Exists(paths.root)) return internal::ReadCertificate(paths.root);
  if (base::Exists(paths.trust_root)) return internal::ReadCertificate(paths.trust_root);
  return absl::FailedPreconditionError(
      absl::StrFormat("the root certificate is missing, both %s and %s: restore one of them from a "
                      "backup; it is also what verifiers hold",
                      paths.root, paths.trust_root));
}

// Puts a new identity in the place of one that runs out soon, while the root's key is there.
template <typename Make>
absl::Status RenewIfDue(Identity& identity, const std::string& path, const KeyPaths& paths,
                        const Certificate& root, std::uint64_t now, Make make) {
  const std::uint64_t end = identity.certificate.not_after();
  if (end >= now + kRenewBefore) return absl::OkStatus();
  // Renewed under a root that itself runs out, it would gain nothing.
  if (!base::Exists(paths.root_key) || root.not_after() < end + kDay || !root.ValidAt(now)) {
    base::LogWarning("certificate_runs_out", {{"file", path}, {"end", internal::TimeText(end)}});
    return absl::OkStatus();
  }
  PITSER_ASSIGN_OR_RETURN(PrivateKey root_key, internal::ReadKey(paths.root_key));
  if (!root_key.Matches(root)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the key in %s does not belong to the root certificate '%s': put the right one there to "
        "have %s renewed",
        paths.root_key, root.Subject(), path));
  }
  PITSER_ASSIGN_OR_RETURN(Identity renewed, make(Identity{root, std::move(root_key)}));
  PITSER_RETURN_IF_ERROR(internal::WriteIdentity(path, renewed));
  base::LogInfo("certificate_renewed",
                {{"file", path}, {"end", internal::TimeText(renewed.certificate.not_after())}});
  identity = std::move(renewed);
  return absl::OkStatus();
}

absl::Status RenewWhatIsDue(KeySet& keys, const KeySetOptions& options, const KeyPaths& paths,
                            std::uint64_t now) {
  PITSER_RETURN_IF_ERROR(RenewIfDue(keys.publications_signer, paths.publications, paths, keys.root,
                                    now, [&](const Identity& root) {
                                      return MakePublicationsSigner(options, root,
                                                                    keys.constraint.value, now);
                                    }));
  return RenewIfDue(keys.calendar, paths.calendar, paths, keys.root, now,
                    [&](const Identity& root) { return MakeCalendarKey(options, root, now); });
}

absl::Status CheckKeySet(const KeySet& keys, const std::string& root_path,
                         const std::string& publications_path, const std::string& calendar_path,
                         std::uint64_t now, std::string_view advice) {
  PITSER_RETURN_IF_ERROR(
      internal::CheckDates(keys.root, root_path, now,
                           "a new root is needed, which everybody who verifies must be told"));
  PITSER_RETURN_IF_ERROR(
      internal::CheckDates(keys.publications_signer.certificate, publications_path, now, advice));
  PITSER_RETURN_IF_ERROR(
      internal::CheckDates(keys.calendar.certificate, calendar_path, now, advice));
  return internal::CheckUse(keys, now);
}

absl::StatusOr<KeySet> LoadMade(const KeySetOptions& options, const KeyPaths& paths,
                                std::uint64_t now) {
  PITSER_RETURN_IF_ERROR(CheckKeysFolder(paths.keys));
  PITSER_ASSIGN_OR_RETURN(Certificate root, ReadMadeRoot(paths));
  PITSER_ASSIGN_OR_RETURN(Identity signer,
                          internal::ReadIdentity(paths.publications, paths.publications));
  PITSER_ASSIGN_OR_RETURN(Identity calendar,
                          internal::ReadIdentity(paths.calendar, paths.calendar));
  PITSER_ASSIGN_OR_RETURN(ledger::SubjectConstraint constraint,
                          internal::ConstraintOf(signer.certificate, paths.publications));
  KeySet keys{std::move(root), std::move(signer), std::move(calendar), std::move(constraint)};
  PITSER_RETURN_IF_ERROR(RenewWhatIsDue(keys, options, paths, now));
  PITSER_RETURN_IF_ERROR(CheckKeySet(
      keys, paths.root, paths.publications, paths.calendar, now,
      absl::StrFormat("put the root's key back as %s and start again, and it is renewed",
                      paths.root_key)));
  return keys;
}

absl::StatusOr<KeySet> LoadOwn(const KeySetOptions& options, std::uint64_t now) {
  const std::pair<const char*, const std::string*> settings[] = {
      {"root_certificate", &options.root_certificate},
      {"publications_certificate", &options.publications_certificate},
      {"publications_key", &options.publications_key},
      {"calendar_certificate", &options.calendar_certificate},
      {"calendar_key", &options.calendar_key},
  };
  for (const auto& [name, path] : settings) {
    if (!path->empty()) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("own keys are configured, but %s is not: give all five files, or none to "
                        "have keys made",
                        name));
  }
  PITSER_ASSIGN_OR_RETURN(Certificate root, internal::ReadCertificate(options.root_certificate));
  PITSER_ASSIGN_OR_RETURN(Identity signer, internal::ReadIdentity(options.publications_certificate,
                                                                  options.publications_key));
  PITSER_ASSIGN_OR_RETURN(Identity calendar, internal::ReadIdentity(options.calendar_certificate,
                                                                    options.calendar_key));
  PITSER_ASSIGN_OR_RETURN(
      ledger::SubjectConstraint constraint,
      internal::ConstraintOf(signer.certificate, options.publications_certificate));
  KeySet keys{std::move(root), std::move(signer), std::move(calendar), std::move(constraint)};
  PITSER_RETURN_IF_ERROR(CheckKeySet(keys, options.root_certificate,
                                     options.publications_certificate, options.calendar_certificate,
                                     now, "configure a new one"));
  return keys;
}

bool OwnKeysConfigured(const KeySetOptions& options) {
  return !options.root_certificate.empty() || !options.publications_certificate.empty() ||
         !options.publications_key.empty() || !options.calendar_certificate.empty() ||
         !options.calendar_key.empty();
}

// On the first start; a folder that lost its keys is not a new one.
absl::Status MakeKeysIfNew(const KeySetOptions& options, const KeyPaths& paths, std::uint64_t now) {
  if (!IsMissingOrEmpty(paths.keys)) return absl::OkStatus();
  if (base::Exists(paths.trust_root)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is there, but the keys in %s are gone: restore them from a backup, or "
                        "move %s away to begin anew with other keys",
                        paths.trust_root, paths.keys, paths.trust));
  }
  return MakeKeys(options, paths, now);
}

}  // namespace

absl::StatusOr<KeySet> LoadOrCreateKeySet(const KeySetOptions& options, std::uint64_t now) {
  const KeyPaths paths(options.data_dir);
  const bool own = OwnKeysConfigured(options);
  if (!own) PITSER_RETURN_IF_ERROR(MakeKeysIfNew(options, paths, now));
  PITSER_ASSIGN_OR_RETURN(KeySet keys, own ? LoadOwn(options, now) : LoadMade(options, paths, now));
  PITSER_RETURN_IF_ERROR(internal::WriteTrust(paths, keys));
  return keys;
}

}  // namespace pitser::server
