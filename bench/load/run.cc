#include "bench/load/run.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "client/cli/exit_code.h"
#include "client/trust.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::bench {

using cli::ExitCode;

absl::StatusOr<Judging> LoadJudging(const SignOptions& options) {
  Judging judging{.publications = std::nullopt,
                  .verify_in_full = options.verify_in_full,
                  .keep_bytes = options.keep_bytes};
  if (options.trust.empty()) return judging;
  auto trust = client::LoadTrust(options.trust);
  if (!trust.ok()) {
    return cli::WithExitCode(ledger::Annotate(trust.status(), options.trust), ExitCode::kLocalFile);
  }
  if (!trust->publications.has_value()) {
    return cli::Error(ExitCode::kLocalFile, options.trust + ": has no publications file");
  }
  const auto now = static_cast<std::uint64_t>(absl::ToUnixSeconds(base::Clock::System().Now()));
  const auto standing = client::CheckPublicationsFile(*trust->publications, *trust, now);
  if (!standing.ok()) {
    return cli::WithExitCode(ledger::Annotate(standing.status(), options.trust), ExitCode::kFailed);
  }
  judging.publications = std::move(trust->publications);
  return judging;
}

bool RunReport::Accounted() const {
  const Tally& tally = result.tally;
  if (tally.breaches > 0) return false;
  if (tally.sent != tally.signed_count + tally.TotalRefused() + tally.TotalUndecided()) {
    return false;
  }
  if (!verification.has_value()) return true;
  return verification->counts.right + verification->counts.wrong == tally.signed_count;
}

ExitCode RunReport::Code() const {
  if (interrupted) return ExitCode::kInterrupted;
  if (!Accounted()) return ExitCode::kFailed;
  if (verification.has_value() && verification->counts.wrong > 0) return ExitCode::kFailed;
  if (result.tally.TotalUndecided() > 0) return ExitCode::kUnreachable;
  if (result.tally.TotalRefused() > 0) return ExitCode::kRefused;
  if (!result.tally.after_boundary.Flaw().empty()) return ExitCode::kInconclusive;
  return ExitCode::kOk;
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

KeptStore::Options StoreOptions(const Judging& judging, std::uint64_t seed) {
  return {.checker = {.publications =
                          judging.publications.has_value() ? &*judging.publications : nullptr,
                      .max_in_full = judging.verify_in_full},
          .seed = seed,
          .max_bytes = judging.keep_bytes};
}

void ShowProgress(const std::vector<Load*>& loads, std::string_view what, cli::Console& console) {
  if (!console.err_is_terminal()) return;
  Lane::Progress all;
  for (Load* const load : loads) {
    const Lane::Progress one = load->progress();
    all.sent += one.sent;
    all.signed_count += one.signed_count;
    all.refused += one.refused;
    all.in_flight += one.in_flight;
  }
  console.Progress(absl::StrFormat("%s: %d sent, %d signed, %d refused, %d in flight", what,
                                   all.sent, all.signed_count, all.refused, all.in_flight));
}

absl::StatusOr<RunReport> RunLoad(const LoadOptions& options, const Judging* judging,
                                  std::optional<pid_t> pid, const Surroundings& around) {
  RunReport report;
  report.load = options;
  if (pid.has_value()) {
    auto watch = ProcessWatch::Create(*pid);
    if (!watch.ok()) return cli::WithExitCode(watch.status(), ExitCode::kUsage);
    report.server = *watch;
  }
  std::optional<KeptStore> store;
  if (judging != nullptr) {
    store.emplace(StoreOptions(*judging, options.seed));
    report.key_based = judging->publications.has_value();
  }
  PITSER_ASSIGN_OR_RETURN(const auto load,
                          Load::Connect(options, store.has_value() ? &*store : nullptr));
  if (report.server) report.server->Connected();
  const double cpu_begin = OwnCpuSeconds();
  load->Start();
  WaitForLoads({load.get()}, options.timeout + std::chrono::seconds(5), [&] {
    const Lane::Progress progress = load->progress();
    if (report.server) {
      report.server->Tick(progress.in_flight, progress.sent - progress.in_flight);
    }
    ShowProgress({load.get()}, "signing", around.console);
    const int interrupts = around.interrupts();
    return interrupts == 0 ? Wish::kGoOn : interrupts == 1 ? Wish::kStop : Wish::kGiveUp;
  });
  report.result = load->Finish();
  report.generator_cpu_seconds = OwnCpuSeconds() - cpu_begin;
  if (report.server) report.server->Ended();
  report.interrupted = around.interrupts() > 0;
  around.console.EndProgress();
  if (store.has_value()) report.verification = store->VerifyAll();
  return report;
}

}  // namespace pitser::bench
