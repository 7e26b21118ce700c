#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/service.h"
#include "client/cli/text.h"
#include "client/cli/trust_text.h"
#include "client/file.h"
#include "client/trust.h"
#include "client/verification.h"
#include "ledger/base/status.h"

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

absl::Status CheckFingerprintText(const std::string& text) {
  const auto digits = std::ranges::count_if(
      text, [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  const bool clean = std::ranges::all_of(text, [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == ' ';
  });
  if (text.empty() || (clean && digits == 64)) return absl::OkStatus();
  return Error(ExitCode::kUsage,
               "--fingerprint is not the SHA-256 of a certificate: expected 64 hex digits");
}

// Leaves only the root that was expected: what else the server would like to be believed by is not
// what the fingerprint speaks for.
absl::Status KeepExpected(const std::string& fingerprint, Trust& trust) {
  std::erase_if(trust.anchors, [&](const Certificate& anchor) {
    return !client::FingerprintIs(anchor, fingerprint);
  });
  if (!trust.anchors.empty()) return absl::OkStatus();
  return Error(ExitCode::kFailed,
               absl::StrFormat("the root certificate of %s is not the expected one", trust.server),
               "do not use it; ask the ledger's operator for the fingerprint over another way");
}

// How the fetched root is accepted, if it is.
absl::StatusOr<Acceptance> Accept(const TrustFetchOptions& options, Console& console) {
  if (!options.fingerprint.empty()) return Acceptance::kByFingerprint;
  if (options.accept_first_use) return Acceptance::kOnFirstUse;
  if (!console.in_is_terminal() || !console.err_is_terminal()) {
    return Error(ExitCode::kUsage, "nobody is here to compare the root's fingerprint",
                 "give the expected one with --fingerprint HEX, or take it blindly with "
                 "--accept-first-use");
  }
  if (console.Confirm("is this the fingerprint that the ledger's operator gave you?")) {
    return Acceptance::kByPerson;
  }
  return Error(ExitCode::kInconclusive, "not accepted; nothing was written");
}

absl::Status CheckFetched(const Trust& fetched, std::uint64_t now) {
  const absl::Status status = client::CheckPublicationsFile(*fetched.publications, fetched, now);
  if (status.ok()) return status;
  return Error(ExitCode::kFailed,
               absl::StrFormat("the publications file of %s does not verify under its root: %s",
                               fetched.server, ledger::ToStd(status.message())));
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

absl::Status FetchInto(const std::string& folder, const TrustFetchOptions& options,
                       const Surroundings& around) {
  Console& console = around.console;
  PITSER_RETURN_IF_ERROR(CheckTrustFolder(around.settings));
  PITSER_RETURN_IF_ERROR(CheckFingerprintText(options.fingerprint));
  PITSER_ASSIGN_OR_RETURN(const Service service, ConnectOverGrpc(around.settings));
  PITSER_ASSIGN_OR_RETURN(std::optional<Trust> known, LoadKnown(folder, options.replace));
  PITSER_ASSIGN_OR_RETURN(Trust fetched, Fetch(service));
  for (const Certificate& anchor : fetched.anchors) {
    console.Note(
        absl::StrFormat("root certificate of %s: %s", service.name, Printable(anchor.Subject())));
    console.Note("its SHA-256 fingerprint: " + client::FingerprintText(anchor));
  }
  if (!options.fingerprint.empty()) {
    PITSER_RETURN_IF_ERROR(KeepExpected(options.fingerprint, fetched));
  }
  PITSER_RETURN_IF_ERROR(CheckFetched(fetched, around.Now()));
  const bool same = known && SameRoots(*known, fetched);
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
