#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/json.h"
#include "client/cli/service.h"
#include "client/cli/text.h"
#include "client/cli/trust_text.h"
#include "client/file.h"
#include "client/trust.h"
#include "client/trust_record.h"
#include "client/verification.h"
#include "ledger/base/status.h"
#include "ledger/crypto/trust_code.h"

namespace pitser::cli {
namespace {

using client::Acceptance;
using client::Trust;
using ledger::Certificate;

absl::StatusOr<Trust> Fetch(const Service& service) {
  auto answer = service.client->GetTrust();
  if (!answer.ok()) return service.Explain(answer.status());
  auto publications = service.client->GetPublicationsFile();
  if (!publications.ok()) return service.Explain(publications.status());
  Trust trust;
  trust.anchors = std::move(answer->anchors);
  trust.constraints = std::move(answer->constraints);
  trust.publications = *std::move(publications);
  trust.server = service.name;
  return trust;
}

bool SameRoots(const Trust& a, const Trust& b) {
  return std::ranges::equal(
             a.anchors, b.anchors,
             [](const auto& x, const auto& y) { return x.Fingerprint() == y.Fingerprint(); }) &&
         std::ranges::equal(a.constraints, b.constraints, [](const auto& x, const auto& y) {
           return x.oid == y.oid && x.value == y.value;
         });
}

std::size_t HexDigits(const std::string& text) {
  const bool clean = std::ranges::all_of(text, [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == ' ';
  });
  if (!clean) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }));
}

bool IsRootFingerprint(const std::string& text) { return HexDigits(text) == 64; }

bool NamesPublisher(const TrustFetchOptions& options) {
  return !options.publisher_emails.empty() || !options.publisher_constraints.empty();
}

absl::Status CheckFingerprintText(const TrustFetchOptions& options) {
  const std::string& text = options.fingerprint;
  if (text.empty() || ledger::LooksLikeTrustCode(text)) return absl::OkStatus();
  if (!IsRootFingerprint(text)) {
    return Error(ExitCode::kUsage,
                 "--fingerprint is neither a code of 32 letters and digits, as the ledger's "
                 "operator tells it, nor the SHA-256 of a root certificate (64 hex digits)");
  }
  if (NamesPublisher(options)) return absl::OkStatus();
  return Error(ExitCode::kUsage,
               "the fingerprint of a root certificate does not say who may publish under it",
               "give that too, by --publisher-email ADDRESS; or ask the ledger's operator for the "
               "code that covers both (`pitser trust show --trust DIR/trust` on the node)");
}

// Who may publish: what the person said counts, not what the server says.
absl::Status TakePublisher(const TrustFetchOptions& options, Trust& trust) {
  if (!NamesPublisher(options)) return absl::OkStatus();
  PITSER_ASSIGN_OR_RETURN(
      trust.constraints, NamedConstraints(options.publisher_emails, options.publisher_constraints));
  return absl::OkStatus();
}

// Leaves only the root that was expected: what else the server would like to be believed by is not
// what the fingerprint speaks for.
absl::Status KeepExpected(const std::string& fingerprint, Trust& trust) {
  const bool of_root = IsRootFingerprint(fingerprint);
  std::erase_if(trust.anchors, [&](const Certificate& anchor) {
    return of_root
               ? !client::FingerprintIs(anchor, fingerprint)
               : !ledger::TrustCodeIs(ledger::TrustCode(anchor, trust.constraints), fingerprint);
  });
  if (!trust.anchors.empty()) return absl::OkStatus();
  return Error(
      ExitCode::kFailed,
      of_root ? absl::StrFormat("the root certificate of %s is not the expected one", trust.server)
              : absl::StrFormat("%s has another root certificate, or another publisher, "
                                "than the code is of",
                                trust.server),
      "do not use it; ask the ledger's operator for the code over another way");
}

// How the fetched root is accepted, if it is.
absl::StatusOr<Acceptance> Accept(const TrustFetchOptions& options, Console& console) {
  if (!options.fingerprint.empty()) return Acceptance::kByFingerprint;
  if (options.accept_first_use) return Acceptance::kOnFirstUse;
  if (!console.in_is_terminal() || !console.err_is_terminal()) {
    return Error(ExitCode::kUsage, "nobody is here to compare the code of root and publisher",
                 "give the expected one with --fingerprint CODE, or take it blindly with "
                 "--accept-first-use");
  }
  if (console.Confirm("is this the code that the ledger's operator gave you?")) {
    return Acceptance::kByPerson;
  }
  return Error(ExitCode::kInconclusive, "not accepted; nothing was written");
}

absl::Status CheckFetched(const Trust& fetched, std::uint64_t now) {
  const absl::Status status =
      client::CheckPublicationsFile(*fetched.publications, fetched, now).status();
  return status.ok() ? status : NotBelieved(status, "the publications file of " + fetched.server);
}

// The same root as before: only the publications file is new, and it must go on from the old one.
absl::Status Refresh(const std::string& folder, const TrustFetchOptions& options, Trust& known,
                     Trust& fetched) {
  if (known.publications) {
    const absl::Status continues =
        client::CheckContinues(*known.publications, *fetched.publications);
    if (!continues.ok()) return WithExitCode(continues, ExitCode::kFailed);
  }
  fetched.acceptance = known.acceptance;
  fetched.accepted_at = known.accepted_at;
  const bool compared_now =
      !options.fingerprint.empty() && known.acceptance == Acceptance::kOnFirstUse;
  if (!compared_now) return client::StorePublicationsFile(folder, fetched.publications->bytes());
  fetched.acceptance = Acceptance::kByFingerprint;
  return client::StoreTrust(folder, {.anchors = fetched.anchors,
                                     .constraints = fetched.constraints,
                                     .publications = fetched.publications->bytes(),
                                     .acceptance = fetched.acceptance,
                                     .accepted_at = known.accepted_at,
                                     .server = fetched.server});
}

absl::Status StoreNew(const std::string& folder, const TrustFetchOptions& options,
                      std::uint64_t now, Trust& fetched, Console& console) {
  PITSER_ASSIGN_OR_RETURN(fetched.acceptance, Accept(options, console));
  fetched.accepted_at = now;
  return client::StoreTrust(folder, {.anchors = fetched.anchors,
                                     .constraints = fetched.constraints,
                                     .publications = fetched.publications->bytes(),
                                     .acceptance = fetched.acceptance,
                                     .accepted_at = now,
                                     .server = fetched.server});
}

absl::StatusOr<std::optional<Trust>> LoadKnown(const std::string& folder, bool replace) {
  if (!client::FileExists(folder)) return std::nullopt;
  auto known = client::LoadTrust(folder);
  if (known.ok()) return std::optional<Trust>(*std::move(known));
  // An empty folder is as good as none; a damaged one is replaced only when that was asked for.
  const bool empty = known.status().code() == absl::StatusCode::kNotFound;
  if (empty || replace) return std::nullopt;
  return WithExitCode(known.status(), known.status().code() == absl::StatusCode::kInvalidArgument
                                          ? ExitCode::kMalformed
                                          : ExitCode::kLocalFile);
}

// What a person compares.
void ShowFetched(const Trust& fetched, Console& console) {
  for (const ledger::SubjectConstraint& constraint : fetched.constraints) {
    console.Note(absl::StrFormat("publisher of %s: %s = %s", fetched.server, constraint.oid,
                                 Printable(constraint.value)));
  }
  for (const Certificate& anchor : fetched.anchors) {
    console.Note(
        absl::StrFormat("root certificate of %s: %s", fetched.server, Printable(anchor.Subject())));
    console.Note("its SHA-256 fingerprint: " + client::FingerprintText(anchor));
    console.Note("code of root and publisher, to compare: " +
                 ledger::TrustCode(anchor, fetched.constraints));
  }
}

absl::Status FetchInto(const std::string& folder, const TrustFetchOptions& options,
                       const Surroundings& around) {
  Console& console = around.console;
  PITSER_RETURN_IF_ERROR(CheckTrustFolder(around.settings));
  PITSER_RETURN_IF_ERROR(CheckFingerprintText(options));
  PITSER_ASSIGN_OR_RETURN(const Service service, ConnectOverGrpc(around.settings));
  PITSER_ASSIGN_OR_RETURN(std::optional<Trust> known, LoadKnown(folder, options.replace));
  PITSER_ASSIGN_OR_RETURN(Trust fetched, Fetch(service));
  PITSER_RETURN_IF_ERROR(TakePublisher(options, fetched));
  ShowFetched(fetched, console);
  if (!options.fingerprint.empty()) {
    PITSER_RETURN_IF_ERROR(KeepExpected(options.fingerprint, fetched));
  }
  const bool same = known && SameRoots(*known, fetched);
  if (same) fetched.past = known->past;
  PITSER_RETURN_IF_ERROR(CheckFetched(fetched, around.Now()));
  if (known && !same && !options.replace) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("%s holds another root certificate or constraint than %s has",
                                 folder, service.name),
                 "if that is right, replace it with --replace");
  }
  const absl::Status stored = same ? Refresh(folder, options, *known, fetched)
                                   : StoreNew(folder, options, around.Now(), fetched, console);
  if (!stored.ok()) {
    const bool of_the_disk = !stored.GetPayload("pitser/exit-code").has_value();
    return of_the_disk ? WithExitCode(stored, ExitCode::kLocalFile) : stored;
  }
  // It was verified just now, or is known already. What cannot be written down changes nothing.
  client::RecordVerified(folder, fetched, *fetched.publications, around.Now()).IgnoreError();
  console.Result(console.json() ? TrustJson(folder, fetched, "") : TrustText(folder, fetched, ""));
  return absl::OkStatus();
}

}  // namespace

ExitCode RunTrustFetch(const TrustFetchOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const std::string& folder = around.settings.trust;
  const absl::Status status = FetchInto(folder, options, around);
  if (status.ok()) return ExitCode::kOk;
  if (console.json()) {
    console.Result(ToLine(JsonError(kTrustSchema, "folder", folder, status)));
  }
  return console.Fail(status);
}

}  // namespace pitser::cli
