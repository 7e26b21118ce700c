#include "client/cli/evidence.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/file.h"
#include "client/system_trust.h"
#include "client/trust_record.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::size_t kMaxPemSize = 1 << 20;

// Errors of a trust folder by what they mean here.
absl::Status FolderError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return WithExitCode(status, ExitCode::kMalformed);
    case absl::StatusCode::kFailedPrecondition:
      return Error(ExitCode::kLocalFile, ledger::ToStd(status.message()),
                   "look at it with `pitser trust show`, fetch it anew with `pitser trust fetch "
                   "--replace`");
    default:
      return WithExitCode(status, ExitCode::kLocalFile);
  }
}

absl::StatusOr<std::optional<client::Trust>> LoadFolder(const Settings& settings) {
  if (!settings.trust_named && !client::FileExists(settings.trust)) return std::nullopt;
  auto trust = client::LoadTrust(settings.trust);
  if (!trust.ok()) return FolderError(trust.status());
  return std::optional<client::Trust>(*std::move(trust));
}

// Adds what the system believes. Only when somebody asked for it.
absl::Status TakeSystemAnchors(const Environment& environment, client::Trust& trust) {
  for (const std::string_view variable : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (!environment.IsEmpty(variable)) continue;
    return Error(ExitCode::kUsage,
                 absl::StrFormat("%s is empty, and says what is to be believed", variable),
                 "give it a value or unset it");
  }
  auto anchors = client::LoadSystemAnchors(client::FindSystemStore(environment));
  if (!anchors.ok()) return WithExitCode(anchors.status(), ExitCode::kLocalFile);
  trust.anchors.insert(trust.anchors.end(), anchors->begin(), anchors->end());
  trust.acceptance = client::Acceptance::kBySystem;
  return absl::OkStatus();
}

absl::Status TakeAnchors(const TrustOptions& options, const Environment& environment,
                         client::Trust& trust) {
  const std::vector<std::string>& paths = options.trust_anchors;
  if (paths.empty() && !options.system_trust) return absl::OkStatus();
  trust.anchors.clear();
  trust.acceptance = client::Acceptance::kByPath;
  trust.accepted_at = 0;
  trust.server.clear();
  if (options.system_trust) PITSER_RETURN_IF_ERROR(TakeSystemAnchors(environment, trust));
  for (const std::string& path : paths) {
    PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector pem, ReadInput(path, kMaxPemSize));
    auto certificates = ledger::Certificate::AllFromPem(ledger::AsText(pem));
    if (!certificates.ok()) {
      return WithExitCode(InContext(certificates.status(), path), ExitCode::kMalformed);
    }
    trust.anchors.insert(trust.anchors.end(), certificates->begin(), certificates->end());
  }
  return absl::OkStatus();
}

absl::Status TakeConstraints(const TrustOptions& options, client::Trust& trust) {
  if (options.publisher_emails.empty() && options.publisher_constraints.empty()) {
    return absl::OkStatus();
  }
  PITSER_ASSIGN_OR_RETURN(
      trust.constraints, NamedConstraints(options.publisher_emails, options.publisher_constraints));
  return absl::OkStatus();
}

absl::Status TakePublicationsFile(const std::string& path, client::Trust& trust) {
  if (path.empty()) return absl::OkStatus();
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector content,
                          ReadInput(path, ledger::kMaxPublicationsFileSize));
  auto file = ledger::PublicationsFile::Parse(std::move(content));
  if (!file.ok()) return WithExitCode(InContext(file.status(), path), ExitCode::kMalformed);
  trust.publications = *std::move(file);
  trust.publications_path = path;
  return absl::OkStatus();
}

// Whether the publications file is used, and why not.
void JudgePublications(const client::Trust& trust, Evidence& evidence) {
  if (!trust.publications) return;
  const auto standing = client::CheckPublicationsFile(*trust.publications, trust, evidence.at_time);
  if (standing.ok()) {
    evidence.standing = *standing;
    return;
  }
  evidence.out_of_date = absl::IsOutOfRange(standing.status());
  evidence.publications_problem =
      absl::StrFormat("the publications file %s is not used: %s", trust.publications_path,
                      ledger::ToStd(standing.status().message()));
}

bool NamesAllParts(const TrustOptions& options) {
  return !options.publications_file.empty() &&
         (options.system_trust || !options.trust_anchors.empty()) &&
         !(options.publisher_emails.empty() && options.publisher_constraints.empty());
}

}  // namespace

absl::StatusOr<std::vector<ledger::SubjectConstraint>> NamedConstraints(
    const std::vector<std::string>& emails, const std::vector<std::string>& constraints) {
  std::vector<ledger::SubjectConstraint> named;
  for (const std::string& email : emails) named.push_back({std::string(ledger::kEmailOid), email});
  for (const std::string& text : constraints) {
    auto constraint = ledger::ParseSubjectConstraint(text);
    if (!constraint.ok()) return WithExitCode(constraint.status(), ExitCode::kUsage);
    named.push_back(*std::move(constraint));
  }
  return named;
}

const ledger::PublicationsFile* Evidence::Publications() const {
  const bool usable = trust && trust->publications && publications_problem.empty();
  return usable ? &*trust->publications : nullptr;
}

const ledger::PublicationsPast* Evidence::Past() const {
  return trust && !trust->past.empty() ? &trust->past : nullptr;
}

std::string WitnessText(ledger::Witness witness, std::uint64_t time) {
  const std::string day = FormatTime(time).substr(0, std::string_view("2026-12-01").size());
  return witness == ledger::Witness::kHere
             ? absl::StrFormat("verified here on %s, when its signer was valid", day)
             : absl::StrFormat(
                   "proven by a seal to have been there on %s, when its signer was valid", day);
}

std::string Evidence::StandingText() const {
  return standing.witness ? WitnessText(*standing.witness, standing.time) : "";
}

std::string Evidence::RootText() const {
  if (!trust || trust->anchors.empty()) return "";
  if (trust->acceptance == client::Acceptance::kBySystem) {
    return absl::StrFormat(
        "one of the %d root certificates that this system believes for all purposes "
        "(--system-trust)",
        trust->anchors.size());
  }
  std::string text = "the root certificate ";
  for (std::size_t i = 0; i < trust->anchors.size(); ++i) {
    text += (i == 0 ? "" : " or ") + client::FingerprintText(trust->anchors[i]);
  }
  const std::string when = FormatTime(trust->accepted_at);
  switch (trust->acceptance) {
    case client::Acceptance::kByPath:
      return text + " (taken from the file that was named)";
    case client::Acceptance::kByFingerprint:
      return text + absl::StrFormat(" (accepted by its fingerprint on %s)", when);
    case client::Acceptance::kByPerson:
      return text + absl::StrFormat(" (accepted by a person on %s)", when);
    case client::Acceptance::kBySystem:
      break;
    case client::Acceptance::kOnFirstUse:
      return text + absl::StrFormat(" (accepted on first use on %s, compared with nothing)", when);
  }
  return text;
}

std::string Evidence::FirstUseWarning() const {
  if (!trust || trust->acceptance != client::Acceptance::kOnFirstUse) return "";
  return absl::StrFormat(
      "the root certificate was accepted on first use on %s, from %s, and its fingerprint was "
      "never "
      "compared with one that came another way",
      FormatTime(trust->accepted_at), trust->server);
}

bool Evidence::FolderIsOurs() const {
  return !folder.empty() && trust->acceptance != client::Acceptance::kByPath &&
         trust->acceptance != client::Acceptance::kBySystem;
}

absl::StatusOr<Evidence> LoadEvidence(const TrustOptions& options, const Surroundings& around) {
  const Settings& settings = around.settings;
  Evidence evidence;
  evidence.at_time = around.Now();
  if (!options.at.empty()) {
    PITSER_ASSIGN_OR_RETURN(evidence.at_time, ParseTime(options.at));
  }
  if (!NamesAllParts(options)) {
    PITSER_ASSIGN_OR_RETURN(evidence.trust, LoadFolder(settings));
    if (evidence.trust) evidence.folder = settings.trust;
  }
  client::Trust trust = evidence.trust ? *std::move(evidence.trust) : client::Trust();
  const std::string owner = client::RecordOwner(trust);
  PITSER_RETURN_IF_ERROR(TakeAnchors(options, around.environment, trust));
  PITSER_RETURN_IF_ERROR(TakeConstraints(options, trust));
  PITSER_RETURN_IF_ERROR(TakePublicationsFile(options.publications_file, trust));
  // What was verified with others says nothing.
  if (client::RecordOwner(trust) != owner) trust.past = {};
  JudgePublications(trust, evidence);
  const bool by_the_folder_alone =
      !evidence.folder.empty() && options.at.empty() && options.publications_file.empty() &&
      client::RecordOwner(trust) == owner && trust.acceptance != client::Acceptance::kBySystem;
  const bool verified_now =
      trust.publications && evidence.publications_problem.empty() && !evidence.standing.witness;
  if (by_the_folder_alone && verified_now) {
    // A folder that cannot be written never changes a verdict.
    client::RecordVerified(evidence.folder, trust, *trust.publications, evidence.at_time)
        .IgnoreError();
  }
  if (!trust.anchors.empty() || trust.publications) evidence.trust = std::move(trust);
  return evidence;
}

absl::Status NotBelieved(const absl::Status& refused, std::string_view which) {
  const std::string text =
      absl::StrFormat("%s is not to be trusted: %s", which, ledger::ToStd(refused.message()));
  switch (refused.code()) {
    case absl::StatusCode::kOutOfRange:
      return Error(ExitCode::kInconclusive, text, kDatesHint);
    case absl::StatusCode::kFailedPrecondition:
      return Error(ExitCode::kInconclusive, text);
    case absl::StatusCode::kPermissionDenied:
      return Error(ExitCode::kFailed, text);
    default:
      return WithExitCode(absl::Status(refused.code(), text), ExitCodeOf(refused));
  }
}

}  // namespace pitser::cli
