#include "client/cli/inputs.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/settings.h"
#include "client/cli/text.h"
#include "client/file.h"
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

absl::StatusOr<ledger::Imprint> HashWithExitCode(const std::string& path,
                                                 ledger::HashAlgorithm algorithm,
                                                 const client::HashProgress& progress) {
  auto hash = client::HashFile(path, algorithm, progress);
  if (hash.ok()) return hash;
  const bool unavailable = hash.status().code() == absl::StatusCode::kUnimplemented;
  return WithExitCode(hash.status(), unavailable ? ExitCode::kInconclusive : ExitCode::kLocalFile);
}

absl::StatusOr<ledger::Imprint> HashDocument(const std::string& path,
                                             ledger::HashAlgorithm algorithm, Console& console) {
  bool told = false;
  const auto progress = [&](std::uint64_t done, std::uint64_t size) {
    if (console.err_is_terminal()) {
      console.Progress(size == 0 ? absl::StrFormat("hashing %s: %d MiB", path, done >> 20)
                                 : absl::StrFormat("hashing %s: %d %%", path, done * 100 / size));
    } else if (!told) {
      // Without a terminal, one line says what takes long.
      console.Note(absl::StrFormat("hashing %s", path));
      told = true;
    }
  };
  auto hash = HashWithExitCode(path, algorithm, progress);
  console.EndProgress();
  return hash;
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
  return absl::OkStatus();
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
