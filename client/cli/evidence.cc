#include "client/cli/evidence.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/file.h"
#include "client/system_trust.h"
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
  trust.constraints.clear();
  for (const std::string& email : options.publisher_emails) {
    trust.constraints.push_back({std::string(ledger::kEmailOid), email});
  }
  for (const std::string& text : options.publisher_constraints) {
    auto constraint = ledger::ParseSubjectConstraint(text);
    if (!constraint.ok()) return WithExitCode(constraint.status(), ExitCode::kUsage);
    trust.constraints.push_back(*std::move(constraint));
  }
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

bool NamesAllParts(const TrustOptions& options) {
  return !options.publications_file.empty() &&
         (options.system_trust || !options.trust_anchors.empty()) &&
         !(options.publisher_emails.empty() && options.publisher_constraints.empty());
}

}  // namespace

const ledger::PublicationsFile* Evidence::Publications() const {
  const bool usable = trust && trust->publications && publications_problem.empty();
  return usable ? &*trust->publications : nullptr;
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
  PITSER_RETURN_IF_ERROR(TakeAnchors(options, around.environment, trust));
  PITSER_RETURN_IF_ERROR(TakeConstraints(options, trust));
  PITSER_RETURN_IF_ERROR(TakePublicationsFile(options.publications_file, trust));
  if (trust.publications) {
    const absl::Status usable =
        client::CheckPublicationsFile(*trust.publications, trust, evidence.at_time);
    if (!usable.ok()) {
      evidence.publications_problem =
          absl::StrFormat("the publications file %s is not used: %s", trust.publications_path,
                          ledger::ToStd(usable.message()));
    }
  }
  if (!trust.anchors.empty() || trust.publications) evidence.trust = std::move(trust);
  return evidence;
}

}  // namespace pitser::cli
