#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/inputs.h"
#include "client/cli/publications_text.h"
#include "client/cli/reader.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "client/trust.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::PublicationsFile;

// Where the file goes: what -o names, else the trust folder's, if `pitser trust fetch` made that.
absl::StatusOr<std::string> ChooseOutput(const std::string& named, const Evidence& evidence) {
  if (!named.empty()) return named;
  if (evidence.FolderIsOurs())
    return evidence.folder + "/" + std::string(client::kPublicationsFileName);
  return Error(ExitCode::kUsage,
               "no trust folder of `pitser trust fetch` to keep the publications file in",
               "name a file with -o");
}

// The file that stands where the new one is to go. Errors: exit codes 4 and 7.
absl::StatusOr<std::optional<PublicationsFile>> ReadStanding(const std::string& path) {
  if (path == client::kStandardStream || !client::FileExists(path)) return std::nullopt;
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector content,
                          ReadInput(path, ledger::kMaxPublicationsFileSize));
  auto file = PublicationsFile::Parse(std::move(content));
  if (file.ok()) return std::optional<PublicationsFile>(*std::move(file));
  // Whatever it is, it is not ours to replace.
  return WithExitCode(InContext(file.status(), path + " is there and is no publications file"),
                      ExitCode::kMalformed);
}

struct Fetched {
  std::string server, output;
  PublicationsFile file;
  std::size_t added = 0;
};

absl::StatusOr<Fetched> Fetch(const PublicationsFetchOptions& options, const Surroundings& around) {
  PITSER_ASSIGN_OR_RETURN(const Evidence evidence, LoadEvidence(options.trust, around));
  PITSER_ASSIGN_OR_RETURN(const std::string output, ChooseOutput(options.output, evidence));
  PITSER_RETURN_IF_ERROR(CheckDestination({.path = output, .replace = true}, "",
                                          !options.output.empty(), around.console));
  PITSER_ASSIGN_OR_RETURN(const std::optional<PublicationsFile> standing, ReadStanding(output));
  PITSER_ASSIGN_OR_RETURN(const Service service, ConnectToExtend(around.settings));
  PITSER_ASSIGN_OR_RETURN(PublicationsFile fresh, FetchPublicationsFile(service, evidence));
  std::size_t before = 0;
  if (standing) {
    before = standing->content().publications.size();
    const absl::Status continues = client::CheckContinues(*standing, fresh);
    if (!continues.ok()) return WithExitCode(continues, ExitCode::kFailed);
  }
  PITSER_RETURN_IF_ERROR(Deliver({.path = output, .replace = true}, fresh.bytes(), around.console));
  if (const std::string warning = evidence.FirstUseWarning(); !warning.empty()) {
    around.console.Note(warning);
  }
  const std::size_t added = fresh.content().publications.size() - before;
  return Fetched{
      .server = service.name, .output = output, .file = std::move(fresh), .added = added};
}

}  // namespace

ExitCode RunPublicationsFetch(const PublicationsFetchOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const auto fetched = Fetch(options, around);
  if (!fetched.ok()) {
    if (console.json()) {
      console.Result(
          ToLine(JsonError(kPublicationsSchema, "output", options.output, fetched.status())));
    }
    return console.Fail(fetched.status());
  }
  if (console.json()) {
    Json json = JsonHead(kPublicationsSchema, ExitCode::kOk);
    json["server"] = fetched->server;
    json["output"] = fetched->output;
    json["added"] = fetched->added;
    AddPublicationsFile(json, fetched->file);
    console.Result(ToLine(json));
    return ExitCode::kOk;
  }
  const std::string text = absl::StrFormat("fetched %s from %s: %s, %d of them new",
                                           Printable(fetched->output), Printable(fetched->server),
                                           PublicationsSummary(fetched->file), fetched->added);
  if (fetched->output == client::kStandardStream) {
    console.Note(text);
  } else {
    console.Result(text);
  }
  return ExitCode::kOk;
}

}  // namespace pitser::cli
