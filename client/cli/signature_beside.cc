#include "client/cli/signature_beside.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/inputs.h"
#include "client/cli/text.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kHint = "--force replaces it";

absl::StatusOr<ledger::Signature> ReadBeside(const std::string& path) {
  auto signature = ReadSignature(path);
  if (signature.ok() || ExitCodeOf(signature.status()) != ExitCode::kMalformed) return signature;
  return Error(ExitCode::kMalformed, ledger::ToStd(signature.status().message()), kHint);
}

absl::StatusOr<ledger::Imprint> Judge(const std::string& name, const ledger::Imprint& hash,
                                      const std::string& path, const ledger::Signature& signature) {
  PITSER_ASSIGN_OR_RETURN(
      const client::Verdict verdict,
      client::VerifySignature(
          {.signature = signature, .document_hash = hash, .policy = ledger::Policy::kInternal}));
  if (verdict.result.outcome == ledger::Outcome::kOk) return hash;
  if (verdict.result.code == ledger::ErrorCode::kGen01) {
    return Error(ExitCode::kFailed,
                 absl::StrFormat("%s is the signature of something else than %s", Printable(path),
                                 Printable(name)),
                 kHint);
  }
  return Error(ExitCode::kFailed,
               absl::StrFormat("%s is no valid signature: %s", Printable(path),
                               ledger::ErrorCodeName(verdict.result.code)),
               kHint);
}

}  // namespace

bool IsSignatureName(std::string_view name) { return name.ends_with(kSignatureSuffix); }

absl::StatusOr<ledger::Imprint> CheckSignatureBeside(const std::string& document,
                                                     const std::string& signature,
                                                     const client::HashProgress& progress) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature read, ReadBeside(signature));
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint hash,
                          HashWithExitCode(document, read.input_hash().algorithm(), progress));
  return Judge(document, hash, signature, read);
}

absl::StatusOr<ledger::Imprint> CheckSignatureBeside(const std::string& name,
                                                     const ledger::Imprint& hash,
                                                     const std::string& signature) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature read, ReadBeside(signature));
  if (read.input_hash().algorithm() != hash.algorithm()) {
    return Error(
        ExitCode::kInconclusive,
        absl::StrFormat("%s is there, of a hash by %s: whether it is of %s cannot be told",
                        Printable(signature),
                        ledger::HashAlgorithmName(read.input_hash().algorithm()), Printable(name)),
        kHint);
  }
  return Judge(name, hash, signature, read);
}

absl::Status IsThereAlready(const std::string& signature) {
  return Error(ExitCode::kLocalFile, absl::StrFormat("%s is there already", signature),
               "replace it with --force");
}

void TellSignaturesPassedOver(std::size_t count, Console& console) {
  if (count == 0) return;
  console.Note(count == 1 ? "a signature (.ksig) was passed over"
                          : absl::StrFormat("%d signatures (.ksig) were passed over", count));
  console.Hint("--sign-signatures signs them as documents");
}

absl::Status OnlySignatures() {
  return Error(ExitCode::kUsage, "nothing but signatures (.ksig) is named",
               "name their documents; --sign-signatures signs them as documents");
}

}  // namespace pitser::cli
