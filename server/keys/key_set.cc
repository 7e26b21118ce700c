#include "server/keys/key_set.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"
#include "ledger/crypto/trust_code.h"
#include "server/keys/identities.h"
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

constexpr char kNewRoot[] = "a new root is needed, which everybody who verifies must be told";
constexpr char kOwnAdvice[] =
    "put a new certificate and its key in their places; a server that runs takes them from there";

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
const std::string& RootFile(const KeyPaths& paths) {
  return base::Exists(paths.root) ? paths.root : paths.trust_root;
}

absl::StatusOr<Certificate> ReadMadeRoot(const KeyPaths& paths) {
  if (base::Exists(RootFile(paths))) return internal::ReadCertificate(RootFile(paths));
  return absl::FailedPreconditionError(
      absl::StrFormat("the root certificate is missing, both %s and %s: restore one of them from a "
                      "backup; it is also what verifiers hold",
                      paths.root, paths.trust_root));
}

// The root with its key, where that is there and a certificate of it made now would end later than
// `end`; nothing where it is not.
absl::StatusOr<std::optional<Identity>> RootForRenewal(const KeyPaths& paths,
                                                       const Certificate& root, std::uint64_t end,
                                                       std::uint64_t now) {
  if (!base::Exists(paths.root_key) || !root.ValidAt(now) || root.not_after() < end + kDay) {
    return std::optional<Identity>();
  }
  PITSER_ASSIGN_OR_RETURN(PrivateKey root_key, internal::ReadKey(paths.root_key));
  if (!root_key.Matches(root)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the key in %s does not belong to the root certificate '%s': put the right one there to "
        "have certificates renewed",
        paths.root_key, root.Subject()));
  }
  return std::optional<Identity>(Identity{root, std::move(root_key)});
}

// The identity to use: of those that are there or, where that runs out soon, a new one beside them,
// while the root's key is there. `first` is the path of the first one.
struct Chosen {
  Identity identity;
  absl::Status renewal;  // Why there is no new one though it is due. OK also without a root's key.
};
template <typename Make>
absl::StatusOr<Chosen> ChooseOrRenew(const std::string& first, const KeyPaths& paths,
                                     const Certificate& root, std::uint64_t now, Make make) {
  PITSER_ASSIGN_OR_RETURN(Identity chosen, internal::ChooseIdentity(first, now));
  const bool valid = chosen.certificate.ValidAt(now);
  const std::uint64_t end = valid ? chosen.certificate.not_after() : now;
  if (valid && end >= now + kRenewBefore) return Chosen{std::move(chosen), {}};
  const auto renewed = [&]() -> absl::StatusOr<std::optional<Identity>> {
    PITSER_ASSIGN_OR_RETURN(const auto root_identity, RootForRenewal(paths, root, end, now));
    if (!root_identity) return std::optional<Identity>();
    PITSER_ASSIGN_OR_RETURN(Identity made, make(*root_identity));
    made.file = internal::NextIdentityFile(first);
    PITSER_RETURN_IF_ERROR(internal::WriteIdentity(made.file, made));
    base::LogInfo("certificate_renewed",
                  {{"file", made.file}, {"end", internal::TimeText(made.certificate.not_after())}});
    return std::optional<Identity>(std::move(made));
  }();
  // Whatever is wrong with the root's key or the disk is no reason to do without what is valid.
  if (!renewed.ok() && !valid) return renewed.status();
  if (!renewed.ok()) return Chosen{std::move(chosen), renewed.status()};
  return Chosen{renewed->value_or(chosen), {}};
}

absl::Status CheckKeySet(const KeySet& keys, std::uint64_t now, std::string_view advice) {
  PITSER_RETURN_IF_ERROR(internal::CheckDates(keys.root, keys.root_file, now, kNewRoot));
  for (const Identity* identity : {&keys.publications_signer, &keys.calendar}) {
    PITSER_RETURN_IF_ERROR(
        internal::CheckDates(identity->certificate, identity->file, now, advice));
  }
  return internal::CheckUse(keys, now);
}

absl::StatusOr<KeySet> LoadMade(const KeySetOptions& options, const KeyPaths& paths,
                                std::uint64_t now) {
  PITSER_RETURN_IF_ERROR(CheckKeysFolder(paths.keys));
  PITSER_ASSIGN_OR_RETURN(Certificate root, ReadMadeRoot(paths));
  PITSER_ASSIGN_OR_RETURN(const Identity any, internal::ChooseIdentity(paths.publications, now));
  PITSER_ASSIGN_OR_RETURN(ledger::SubjectConstraint constraint,
                          internal::ConstraintOf(any.certificate, any.file));
  PITSER_ASSIGN_OR_RETURN(
      Chosen signer,
      ChooseOrRenew(paths.publications, paths, root, now, [&](const Identity& issuer) {
        return MakePublicationsSigner(options, issuer, constraint.value, now);
      }));
  PITSER_ASSIGN_OR_RETURN(
      Chosen calendar, ChooseOrRenew(paths.calendar, paths, root, now, [&](const Identity& issuer) {
        return MakeCalendarKey(options, issuer, now);
      }));
  KeySet keys{std::move(root), std::move(signer.identity), std::move(calendar.identity),
              std::move(constraint), RootFile(paths)};
  keys.renewal = std::move(signer.renewal);
  keys.renewal.Update(calendar.renewal);
  PITSER_RETURN_IF_ERROR(CheckKeySet(
      keys, now,
      absl::StrFormat("put the root's key back as %s, and it is renewed", paths.root_key)));
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
  KeySet keys{std::move(root), std::move(signer), std::move(calendar), std::move(constraint),
              options.root_certificate};
  PITSER_RETURN_IF_ERROR(CheckKeySet(keys, now, kOwnAdvice));
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

absl::StatusOr<KeySet> Load(const KeySetOptions& options, const KeyPaths& paths,
                            std::uint64_t now) {
  return OwnKeysConfigured(options) ? LoadOwn(options, now) : LoadMade(options, paths, now);
}

}  // namespace

absl::StatusOr<KeySet> LoadOrCreateKeySet(const KeySetOptions& options, std::uint64_t now) {
  const KeyPaths paths(options.data_dir);
  if (!OwnKeysConfigured(options)) PITSER_RETURN_IF_ERROR(MakeKeysIfNew(options, paths, now));
  PITSER_ASSIGN_OR_RETURN(KeySet keys, Load(options, paths, now));
  PITSER_RETURN_IF_ERROR(internal::WriteTrust(paths, keys));
  return keys;
}

absl::StatusOr<KeySet> ReloadKeySet(const KeySetOptions& options, const KeySet& current,
                                    std::uint64_t now) {
  PITSER_ASSIGN_OR_RETURN(KeySet keys, Load(options, KeyPaths(options.data_dir), now));
  if (keys.root.der() != current.root.der() || keys.constraint.value != current.constraint.value) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s or the e-mail address of the signer in %s is not what this server was started with, "
        "and what others trust it by: put back what was there",
        keys.root_file, keys.publications_signer.file));
  }
  return keys;
}

std::vector<CertificateInUse> CertificatesInUse(const KeySetOptions& options, const KeySet& keys) {
  const KeyPaths paths(options.data_dir);
  std::string advice = kOwnAdvice;
  if (!keys.renewal.ok()) {
    advice = absl::StrCat("it is not renewed: ", keys.renewal.message());
  } else if (!OwnKeysConfigured(options)) {
    advice = base::Exists(paths.root_key)
                 ? "it is renewed 30 days before its end"
                 : absl::StrCat("put the root's key back as ", paths.root_key,
                                " until the log says certificate_renewed; no restart is needed");
  }
  const auto in_use = [&](const char* name, const Identity& identity) {
    const std::uint64_t end = identity.certificate.not_after();
    const bool ends_with_root = end + kDay > keys.root.not_after();
    return CertificateInUse{name, identity.file, end, ends_with_root ? kNewRoot : advice};
  };
  return {{"root", keys.root_file, keys.root.not_after(), kNewRoot},
          in_use("publications", keys.publications_signer),
          in_use("calendar", keys.calendar)};
}

}  // namespace pitser::server
