#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/kept_store.h"
#include "bench/load/load.h"
#include "bench/load/options.h"
#include "bench/load/process_watch.h"
#include "client/cli/console.h"
#include "ledger/format/publications_file.h"

namespace pitser::bench {

// What a command runs in.
struct Surroundings {
  cli::Console& console;
  std::function<int()> interrupts;  // How often the user has pressed Ctrl-C.
};

// How the signatures of a run are judged.
struct Judging {
  std::optional<ledger::PublicationsFile> publications;  // For the key-based policy.
  std::uint64_t verify_in_full = 0;
  std::uint64_t keep_bytes = 0;
};
// Errors: those of reading the trust folder, with their exit codes; its publications file must be
// trustworthy now.
absl::StatusOr<Judging> LoadJudging(const SignOptions& options);

// A run, as it came out.
struct RunReport {
  LoadOptions load;
  LoadResult result;
  std::optional<KeptStore::Report> verification;  // None where there is nothing to verify.
  bool key_based = false;
  std::optional<ProcessWatch> server;
  double generator_cpu_seconds = 0;  // While the clock ran.
  bool interrupted = false;

  // Whether every request is accounted for and every answer was one that the contract allows.
  bool Accounted() const;
  // The worst of what happened to a request.
  cli::ExitCode Code() const;
};

// Processor time of this process so far.
double OwnCpuSeconds();

// Runs one load. Without `judging` nothing is kept or verified.
// Errors: the server is not reached, or there is no process `pid`.
absl::StatusOr<RunReport> RunLoad(const LoadOptions& load, const Judging* judging,
                                  std::optional<pid_t> pid, const Surroundings& around);

// How a run's signatures are kept and verified.
KeptStore::Options StoreOptions(const Judging& judging, std::uint64_t seed);

// "signing: 12,000 sent, 10,000 signed, 0 refused, 2,000 in flight", written over and over.
void ShowProgress(const std::vector<Load*>& loads, std::string_view what, cli::Console& console);

// One command each.
cli::ExitCode RunSign(const SignOptions& options, const Surroundings& around);
cli::ExitCode RunEmpty(const EmptyOptions& options, const Surroundings& around);
cli::ExitCode RunEmptyServer(const EmptyServerOptions& options, const Surroundings& around);
cli::ExitCode RunCompare(const CompareOptions& options, const Surroundings& around);
cli::ExitCode RunOverload(const OverloadOptions& options, const Surroundings& around);

}  // namespace pitser::bench
