#include "client/cli/inputs.h"

#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/rate_progress.h"
#include "client/cli/settings.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "client/new_file.h"
#include "ledger/base/status.h"

namespace pitser::cli {

absl::StatusOr<ledger::Imprint> ParseHash(const std::string& text) {
  auto hash = ledger::Imprint::FromText(text);
  if (!hash.ok()) {
    return Error(ExitCode::kUsage,
                 absl::StrFormat("--hash: %s", ledger::ToStd(hash.status().message())),
                 "a hash is given as in sha-256:2cf24d...");
  }
  return hash;
}

absl::StatusOr<ledger::Signature> ReadSignature(const std::string& path) {
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector content, ReadInput(path, ledger::kMaxSignatureSize));
  auto signature = ledger::Signature::Parse(std::move(content));
  if (!signature.ok()) {
    return WithExitCode(InContext(signature.status(), path + " is no signature"),
                        ExitCode::kMalformed);
  }
  return signature;
}

namespace {

absl::Status AsExitCode(const absl::Status& status) {
  const bool unavailable = status.code() == absl::StatusCode::kUnimplemented;
  return WithExitCode(status, unavailable ? ExitCode::kInconclusive : ExitCode::kLocalFile);
}

}  // namespace

absl::StatusOr<ledger::Imprint> HashWithExitCode(const std::string& path,
                                                 ledger::HashAlgorithm algorithm,
                                                 const client::HashProgress& progress) {
  auto hash = client::HashFile(path, algorithm, progress);
  return hash.ok() ? hash : AsExitCode(hash.status());
}

absl::StatusOr<ledger::Imprint> HashToSign(const std::string& path, ledger::HashAlgorithm algorithm,
                                           bool force, const client::HashProgress& progress) {
  auto hash =
      client::HashFile(path, algorithm, progress,
                       force ? client::WhileRead::kMayChange : client::WhileRead::kMustNotChange);
  if (hash.ok()) return hash;
  if (hash.status().code() != absl::StatusCode::kAborted) return AsExitCode(hash.status());
  return Error(ExitCode::kLocalFile, ledger::ToStd(hash.status().message()),
               "again when nobody writes to it; --force signs what was read");
}

absl::StatusOr<ledger::Imprint> HashDocument(const std::string& path,
                                             ledger::HashAlgorithm algorithm, Console& console,
                                             const base::Clock& clock) {
  const std::string what = absl::StrFormat("hashing %s", Printable(path));
  RateProgress shown(what, std::nullopt, console, clock, ProgressUnit::kBytes);
  bool told = false;
  const auto progress = [&](std::uint64_t done, std::uint64_t size) {
    if (size != 0) shown.SetTotal(size);
    shown.At(done);
    // Without a terminal, one line says what takes long.
    if (console.err_is_terminal() || told || done < kLargeFile) return;
    console.Note(what);
    told = true;
  };
  auto hash = HashWithExitCode(path, algorithm, progress);
  console.EndProgress();
  return hash;
}

// A file that has no name and is gone at once: no question about modes and file systems answers as
// well. What was answered for one file of a folder holds for the next.
absl::Status CheckCanBeMade(const Destination& destination) {
  struct stat info {};
  if (stat(destination.path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("the output %s is no file", Printable(destination.path)));
  }
  const std::string folder = std::filesystem::path(destination.path).parent_path().string();
  thread_local std::string last_good = "?";
  if (folder == last_good) return absl::OkStatus();
  const auto probe = client::NewFile::Create(destination.path, {.replace = destination.replace});
  if (!probe.ok()) return WithExitCode(probe.status(), ExitCode::kLocalFile);
  last_good = folder;
  return absl::OkStatus();
}

absl::Status CheckDestination(const Destination& destination, const std::string& input,
                              bool asked_for, const Console& console) {
  if (destination.path == client::kStandardStream) {
    if (console.json()) {
      return Error(ExitCode::kUsage, "the signature and JSON cannot share standard output",
                   "name a file with -o");
    }
    if (console.out_is_terminal() && !asked_for) {
      return Error(ExitCode::kUsage, "a signature is no text and does not go to a terminal",
                   "name a file with -o, or ask for it with -o -");
    }
    return absl::OkStatus();
  }
  if (!input.empty() && input != client::kStandardStream &&
      (destination.path == input || client::SameFile(destination.path, input))) {
    return Error(ExitCode::kUsage, absl::StrFormat("the output %s is the input", destination.path));
  }
  if (!destination.replace && client::FileExists(destination.path)) {
    return Error(ExitCode::kLocalFile, absl::StrFormat("%s is there already", destination.path),
                 "replace it with --force");
  }
  return CheckCanBeMade(destination);
}

absl::Status Deliver(const Destination& destination, ledger::Bytes content, Console& console) {
  if (destination.path == client::kStandardStream) {
    console.ResultBytes(ledger::AsText(content));
    return absl::OkStatus();
  }
  const absl::Status status =
      client::WriteFile(destination.path, content, {.replace = destination.replace});
  return status.ok() ? status : WithExitCode(status, ExitCode::kLocalFile);
}

}  // namespace pitser::cli
