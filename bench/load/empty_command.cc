#include <sys/prctl.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/empty_server.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "client/cli/exit_code.h"
#include "ledger/base/status.h"

namespace pitser::bench {
namespace {

using cli::ExitCode;
using cli::Json;

absl::StatusOr<RunReport> RunEmptyLoad(LoadOptions load, const EmptyServerOptions& server,
                                       const Surroundings& around) {
  PITSER_ASSIGN_OR_RETURN(const auto process, EmptyProcess::Start(server));
  load.server.endpoint = process->endpoint();
  return RunLoad(load, nullptr, process->pid(), around);
}

double Ratio(double a, double b) { return b > 0 ? a / b : 0; }

// Processor time a signature, microseconds.
double CpuMicroseconds(double seconds, const RunReport& report) {
  return Ratio(seconds * 1e6, static_cast<double>(report.result.tally.signed_count));
}

}  // namespace

ExitCode RunEmpty(const EmptyOptions& options, const Surroundings& around) {
  const auto report = RunEmptyLoad(options.load, options.server, around);
  if (!report.ok()) return around.console.Fail(report.status());
  const ExitCode code = report->Code();
  if (options.output.json) {
    Json json = cli::JsonHead("pitser.bench.empty/1", code);
    json["parked"] = options.server.parked;
    AddRunJson(*report, json);
    around.console.Result(cli::ToLine(json));
  } else {
    around.console.Result(
        absl::StrCat(options.server.parked ? "empty, parked: " : "empty: ", RunText(*report)));
  }
  return code;
}

ExitCode RunEmptyServer(const EmptyServerOptions& options, const Surroundings& around) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  // A Ctrl-C at the terminal is for the parent, which still wants its answers.
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (options.with_parent) {
    sigdelset(&signals, SIGINT);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
  }
  const auto server = EmptyServer::Start(options);
  if (!server.ok()) {
    return around.console.Fail(cli::WithExitCode(server.status(), ExitCode::kLocalFile));
  }
  around.console.Result(
      absl::StrCat(ledger::ToAbsl(kEmptyReady), (*server)->endpoint().ToString()));
  int signal = 0;
  sigwait(&signals, &signal);
  return ExitCode::kOk;
}

ExitCode RunCompare(const CompareOptions& options, const Surroundings& around) {
  const auto judging = LoadJudging(options.sign);
  if (!judging.ok()) return around.console.Fail(judging.status());
  const auto real = RunLoad(options.sign.load, &*judging, options.sign.pid, around);
  if (!real.ok()) return around.console.Fail(real.status());
  const Tally& tally = real->result.tally;
  EmptyServerOptions server;
  server.listen.host = "127.0.0.1";
  const auto mean = [](std::uint64_t sum, std::uint64_t count) {
    return std::max<std::uint64_t>(1, count == 0 ? 0 : sum / count);
  };
  server.sizes = {.signature_bytes = mean(tally.part_bytes, tally.signed_count),
                  .part_bytes = mean(tally.part_bytes, tally.signed_count),
                  .tail_bytes = mean(tally.tail_bytes, tally.tails)};
  server.parked = options.parked;
  server.round = options.round;
  const auto empty = RunEmptyLoad(options.sign.load, server, around);
  if (!empty.ok()) return around.console.Fail(empty.status());

  const ExitCode code = cli::Worse(real->Code(), empty->Code());
  const double rate = Ratio(real->result.Rate(), empty->result.Rate());
  const double p50 = Ratio(static_cast<double>(tally.signed_latency.ValueAt(0.5)),
                           static_cast<double>(empty->result.tally.signed_latency.ValueAt(0.5)));
  const bool one_round = options.sign.load.one_round.count() > 0;
  const double after_boundary =
      Ratio(static_cast<double>(tally.after_boundary.latency.max()),
            static_cast<double>(empty->result.tally.after_boundary.latency.max()));
  const double empty_cpu = CpuMicroseconds(empty->server->cpu_seconds(), *empty);
  if (options.sign.output.json) {
    Json json = cli::JsonHead("pitser.bench.compare/1", code);
    json["parked"] = options.parked;
    AddRunJson(*real, json["sign"]);
    AddRunJson(*empty, json["empty"]);
    json["rate_ratio"] = rate;
    json["p50_ratio"] = p50;
    if (one_round) json["after_boundary_ratio"] = after_boundary;
    json["empty_server_cpu_us"] = empty_cpu;
    if (real->server) json["server_cpu_us"] = CpuMicroseconds(real->server->cpu_seconds(), *real);
    around.console.Result(cli::ToLine(json));
    return code;
  }
  around.console.Result(absl::StrCat("signing: ", RunText(*real)));
  around.console.Result(
      absl::StrCat("\n", options.parked ? "empty, parked: " : "empty: ", RunText(*empty)));
  std::string text = absl::StrFormat("\nsigning / empty: rate %.3f, p50 latency %.3f", rate, p50);
  if (one_round) {
    absl::StrAppendFormat(&text, ", last answer after the round's end %.3f", after_boundary);
  }
  if (real->server) {
    absl::StrAppendFormat(&text, ", server's processor time %.2f us / %.2f us a hash",
                          CpuMicroseconds(real->server->cpu_seconds(), *real), empty_cpu);
  }
  around.console.Result(text);
  return code;
}

}  // namespace pitser::bench
