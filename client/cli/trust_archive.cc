#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/publications_text.h"
#include "client/cli/text.h"
#include "client/cli/trust_text.h"
#include "client/file.h"
#include "client/trust_record.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

namespace fs = std::filesystem;

// The signature of the publications file, kept beside it in an archive.
constexpr std::string_view kSealFile = "publications.bin.ksig";

struct Archive {
  client::Trust trust;  // Its past says when and how the file is known.
  std::string seal;     // Bytes; empty without one.
  std::vector<std::string> rests_on;
};

absl::Status CheckOptions(const TrustArchiveOptions& options) {
  const bool by_code = !options.publication.empty();
  const bool by_trust = !options.seal_trust.empty();
  if (options.seal.empty() && (by_code || by_trust)) {
    return Error(ExitCode::kUsage, "--publication and --seal-trust say what a seal leads to",
                 "name the seal by --seal SIG");
  }
  if (!options.seal.empty() && by_code == by_trust) {
    return Error(ExitCode::kUsage,
                 "a seal is verified by one of --publication CODE and --seal-trust DIR");
  }
  std::error_code error;
  if (fs::exists(options.output, error) && !fs::is_empty(options.output, error)) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("'%s' is there and is not empty", options.output),
                 "an archive is not written over: name a new folder");
  }
  return absl::OkStatus();
}

// What a seal is verified with, and what that is in words.
struct SealEvidence {
  std::optional<ledger::PublicationData> code;
  Evidence other;
  std::string text;
};

absl::StatusOr<SealEvidence> LoadSealEvidence(const TrustArchiveOptions& options,
                                              const Surroundings& around) {
  SealEvidence seal;
  if (!options.publication.empty()) {
    auto code = ledger::ParsePublicationCode(options.publication);
    if (!code.ok())
      return WithExitCode(InContext(code.status(), "--publication"), ExitCode::kUsage);
    seal.text = absl::StrFormat("the publication code that was kept: %s",
                                ledger::EncodePublicationCode(*code));
    seal.code = *std::move(code);
    return seal;
  }
  Settings settings = around.settings;
  settings.trust = options.seal_trust;
  settings.trust_named = true;
  PITSER_ASSIGN_OR_RETURN(seal.other, LoadEvidence({}, {settings, around.loaded, around.environment,
                                                        around.clock, around.console}));
  if (seal.other.Publications() == nullptr) {
    const std::string& problem = seal.other.publications_problem;
    return Error(ExitCode::kInconclusive,
                 problem.empty() ? options.seal_trust + " has no publications file" : problem);
  }
  seal.text = absl::StrFormat("a publication of %s, under %s", seal.other.trust->publications_path,
                              seal.other.RootText());
  return seal;
}

// The second of the seal.
absl::StatusOr<std::uint64_t> CheckSeal(const TrustArchiveOptions& options,
                                        const ledger::Signature& signature,
                                        const Surroundings& around, Archive& archive) {
  PITSER_ASSIGN_OR_RETURN(const SealEvidence seal, LoadSealEvidence(options, around));
  const auto time = ledger::ProveExistence(*archive.trust.publications, signature, seal.code,
                                           seal.other.Publications());
  if (time.ok()) {
    archive.rests_on.push_back(
        absl::StrFormat("a seal of %s, which leads to %s", FormatTime(*time), seal.text));
    return time;
  }
  switch (time.status().code()) {
    case absl::StatusCode::kPermissionDenied:
      return WithExitCode(time.status(), ExitCode::kFailed);
    case absl::StatusCode::kInvalidArgument:
      return WithExitCode(time.status(), ExitCode::kUsage);
    default:
      return WithExitCode(time.status(), ExitCode::kInconclusive);
  }
}

// Takes the file as known at the second of the seal, if its signer was valid then.
absl::Status TakeSealed(std::uint64_t time, Archive& archive) {
  const auto then = client::CheckPublicationsFile(*archive.trust.publications, archive.trust, time);
  if (!then.ok()) {
    return NotBelieved(
        then.status(),
        absl::StrFormat("the publications file, as of its seal of %s,", FormatTime(time)));
  }
  archive.trust.past.AddFile(*archive.trust.publications, time, ledger::Witness::kSeal);
  return absl::OkStatus();
}

absl::StatusOr<Archive> Collect(const TrustArchiveOptions& options, const Surroundings& around) {
  PITSER_RETURN_IF_ERROR(CheckOptions(options));
  Settings settings = around.settings;
  settings.trust_named = true;
  PITSER_ASSIGN_OR_RETURN(const Evidence evidence,
                          LoadEvidence({}, {settings, around.loaded, around.environment,
                                            around.clock, around.console}));
  if (!evidence.trust || !evidence.trust->publications) {
    return Error(ExitCode::kUsage, "there is no publications file to keep",
                 "name a trust folder that has one by --trust DIR");
  }
  Archive archive{.trust = *evidence.trust, .seal = {}, .rests_on = {evidence.RootText()}};
  const bool believed = evidence.publications_problem.empty();
  std::optional<std::uint64_t> sealed;
  if (!options.seal.empty()) {
    PITSER_ASSIGN_OR_RETURN(const ledger::Signature signature, ReadSignature(options.seal));
    PITSER_ASSIGN_OR_RETURN(sealed, CheckSeal(options, signature, around, archive));
    archive.seal = ledger::ToString(signature.bytes());
  }
  if (believed) {
    if (!evidence.standing.witness) {
      archive.trust.past.AddFile(*archive.trust.publications, evidence.at_time,
                                 ledger::Witness::kHere);
    }
    const ledger::PastFile& known = *archive.trust.past.file();
    archive.rests_on.push_back(WitnessText(known.witness, known.time));
    return archive;
  }
  if (!sealed) {
    return Error(ExitCode::kInconclusive, evidence.publications_problem,
                 "give a signature of publications.bin that was made before, by --seal SIG");
  }
  PITSER_RETURN_IF_ERROR(TakeSealed(*sealed, archive));
  return archive;
}

absl::Status Store(const std::string& folder, const Archive& archive) {
  const client::Trust& trust = archive.trust;
  PITSER_RETURN_IF_ERROR(client::StoreTrust(folder, {.anchors = trust.anchors,
                                                     .constraints = trust.constraints,
                                                     .publications = trust.publications->bytes(),
                                                     .acceptance = trust.acceptance,
                                                     .accepted_at = trust.accepted_at,
                                                     .server = trust.server}));
  PITSER_RETURN_IF_ERROR(client::StoreRecord(folder, trust, trust.past));
  if (archive.seal.empty()) return absl::OkStatus();
  return client::WriteFile((fs::path(folder) / kSealFile).string(), ledger::AsBytes(archive.seal),
                           {.replace = true, .mode = 0644});
}

std::string ArchiveText(const std::string& folder, const Archive& archive) {
  std::string text = absl::StrFormat("archived in %s\n", Printable(folder));
  text += Line("holds", PublicationsSummary(*archive.trust.publications));
  std::string_view label = "rests on";
  for (const std::string& one : archive.rests_on) {
    text += Line(label, Printable(one));
    label = "";
  }
  text += Line("keep it", "whoever can write to this folder decides what it says");
  text.pop_back();
  return text;
}

std::string ArchiveJson(const std::string& folder, const Archive& archive) {
  Json json = JsonHead(kTrustSchema, ExitCode::kOk);
  json["folder"] = folder;
  const ledger::PastFile& known = *archive.trust.past.file();
  json["verified_at"] = known.time;
  json["witness"] = ledger::WitnessName(known.witness);
  json["rests_on"] = archive.rests_on;
  return ToLine(json);
}

}  // namespace

ExitCode RunTrustArchive(const TrustArchiveOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const auto archive = Collect(options, around);
  absl::Status status = archive.status();
  if (status.ok()) {
    status = Store(options.output, *archive);
    if (!status.ok()) status = WithExitCode(status, ExitCode::kLocalFile);
  }
  if (!status.ok()) {
    if (console.json()) {
      console.Result(ToLine(JsonError(kTrustSchema, "folder", options.output, status)));
    }
    return console.Fail(status);
  }
  console.Result(console.json() ? ArchiveJson(options.output, *archive)
                                : ArchiveText(options.output, *archive));
  return ExitCode::kOk;
}

}  // namespace pitser::cli
