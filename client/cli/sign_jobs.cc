#include "client/cli/sign_jobs.h"

#include <utility>

#include "client/cli/exit_code.h"
#include "client/cli/hash_documents.h"
#include "client/cli/settings.h"
#include "client/cli/signature_beside.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

// Whether what has its signature is passed over: a folder that is signed again has grown.
bool PassesOver(const SignOptions& options) { return options.recursive; }

std::string DestinationOf(const std::string& name, const SignOptions& options) {
  if (!options.output.empty()) return options.output;
  const bool has_name = options.hash.empty() && name != client::kStandardStream;
  return has_name ? name + std::string(kSignatureSuffix) : std::string(client::kStandardStream);
}

}  // namespace

SignJob MakeSignJob(const NamedFile& file, const SignOptions& options, const Console& console) {
  SignJob job{.input = file.path,
              .destination = {.path = DestinationOf(file.path, options), .replace = options.force}};
  job.status = file.status;
  const bool is_file = file.path != client::kStandardStream;
  // A document that is not there is told of when it is read.
  if (!job.status.ok() || (is_file && !client::FileExists(file.path))) return job;
  job.is_there = is_file && options.output.empty() && !options.force &&
                 client::FileExists(job.destination.path);
  if (job.is_there) return job;
  job.status =
      CheckDestination(job.destination, is_file ? file.path : "", !options.output.empty(), console);
  return job;
}

absl::StatusOr<SignJob> MakeHashJob(const SignOptions& options, const Console& console) {
  SignJob job{.input = options.hash,
              .destination = {.path = DestinationOf("", options), .replace = options.force}};
  PITSER_ASSIGN_OR_RETURN(job.hash, ParseHash(options.hash));
  PITSER_RETURN_IF_ERROR(CheckMaySign(job.hash->algorithm()));
  job.status = CheckDestination(job.destination, "", !options.output.empty(), console);
  return job;
}

void HashSignJobs(std::vector<SignJob>& jobs, const SignOptions& options,
                  ledger::HashAlgorithm algorithm, Console& console,
                  const std::function<std::string(std::size_t done)>& progress) {
  std::vector<SignJob*> to_read;
  std::vector<std::string> paths;
  for (SignJob& job : jobs) {
    if (!job.status.ok() || job.hash) continue;
    to_read.push_back(&job);
    paths.push_back(job.input);
  }
  if (paths.empty()) return;
  const auto work = [&](std::size_t i, const client::HashProgress& reading) {
    const SignJob& job = *to_read[i];
    return job.is_there ? CheckSignatureBeside(job.input, job.destination.path, reading)
                        : HashToSign(job.input, algorithm, options.force, reading);
  };
  const auto hashes = WorkOnDocuments(paths, work, console, progress);
  for (std::size_t i = 0; i < to_read.size(); ++i) {
    SignJob& job = *to_read[i];
    job.status = hashes[i].status();
    if (!hashes[i].ok()) continue;
    job.hash = *hashes[i];
    if (!job.is_there) continue;
    job.passed_over = PassesOver(options);
    if (!job.passed_over) job.status = IsThereAlready(job.destination.path);
  }
}

}  // namespace pitser::cli
