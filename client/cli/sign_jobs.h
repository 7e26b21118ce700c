#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/console.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/named_files.h"
#include "client/cli/options.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// One thing to sign, and what became of it. A job whose status is not OK is told and left out.
struct SignJob {
  std::string input;  // A file, "-", or a hash as it was given.
  Destination destination;
  std::optional<ledger::Imprint> hash = {};
  bool is_there = false;     // The signature is; whose it is, is looked at.
  bool passed_over = false;  // It has its signature already, and that is as it should be.
  absl::Status status = {};
  // When it is signed.
  bool is_signed = false;
  std::uint64_t signing_time = 0;
  std::string through = {};
  Json identities = {};  // With --json only.
};

// The job of a document, which `file` names: looks at where its signature goes.
SignJob MakeSignJob(const NamedFile& file, const SignOptions& options, const Console& console);
// The job of --hash. Errors: exit codes 2 and 3.
absl::StatusOr<SignJob> MakeHashJob(const SignOptions& options, const Console& console);

// Hashes the documents of the jobs that are in order, and looks at the signatures that are there:
// one that is the document's is exit code 7, or passed over where folders are signed.
void HashSignJobs(std::vector<SignJob>& jobs, const SignOptions& options,
                  ledger::HashAlgorithm algorithm, Console& console,
                  const std::function<std::string(std::size_t done)>& progress);

}  // namespace pitser::cli
