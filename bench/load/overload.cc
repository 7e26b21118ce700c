#include "bench/load/overload.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/report.h"
#include "client/cli/exit_code.h"
#include "ledger/base/status.h"

namespace pitser::bench {
namespace {

using cli::ExitCode;
using cli::Json;

constexpr std::array<Mode, 3> kModes = {Mode::kUnary, Mode::kStream, Mode::kBatch};
constexpr double kFirstRate = 5'000;  // Of the search for the capacity.
constexpr double kMaxRate = 100e6;
constexpr double kProbesPerSecond = 20;
// Runs have hashes of their own.
constexpr int kRunBits = 56;

// The load of all modes together at `rate` hashes a second, each with its share.
std::vector<LoadOptions> MixedLoads(const OverloadOptions& options, double rate,
                                    std::chrono::nanoseconds duration) {
  std::vector<LoadOptions> loads;
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if (options.mix[i] <= 0) continue;
    LoadOptions load = options.run.load;
    load.mode = kModes[i];
    load.rate = rate * options.mix[i];
    load.count = 0;
    load.duration = duration;
    load.warm_up = {};
    load.first_number = static_cast<std::uint64_t>(i) << kRunBits;
    // Nothing but the server's own limits is to hold requests back: room for what three seconds
    // bring.
    load.in_flight =
        static_cast<std::uint64_t>(std::ceil(3 * load.rate)) + load.connections * load.batch_size;
    loads.push_back(std::move(load));
  }
  return loads;
}

// What came of loads that ran side by side.
struct Mixed {
  std::vector<RunReport> modes;
  Tally tally;
  double sent_seconds = 0;
};

absl::StatusOr<Mixed> RunMixed(const std::vector<LoadOptions>& all, KeptStore& store,
                               ProcessWatch* server, std::string_view what,
                               const Surroundings& around) {
  std::vector<std::unique_ptr<Load>> loads;
  std::vector<Load*> started;
  for (const LoadOptions& options : all) {
    PITSER_ASSIGN_OR_RETURN(auto load, Load::Connect(options, &store));
    started.push_back(load.get());
    loads.push_back(std::move(load));
  }
  if (server != nullptr) server->Connected();
  for (Load* const load : started) load->Start();
  WaitForLoads(started, all.front().timeout + std::chrono::seconds(5), [&] {
    if (server != nullptr) server->Tick(0, 1);
    ShowProgress(started, what, around.console);
    const int interrupts = around.interrupts();
    return interrupts == 0 ? Wish::kGoOn : interrupts == 1 ? Wish::kStop : Wish::kGiveUp;
  });
  if (server != nullptr) server->Ended();
  around.console.EndProgress();
  Mixed mixed;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    RunReport report;
    report.load = all[i];
    report.result = loads[i]->Finish();
    mixed.tally.Add(report.result.tally);
    mixed.sent_seconds = std::max(mixed.sent_seconds, report.result.sent_seconds);
    mixed.modes.push_back(std::move(report));
  }
  return mixed;
}

double PerSecond(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

// The most hashes a second that are signed when more and more are offered, until there are
// refusals, answers are late, or the generator is at its own end.
absl::StatusOr<double> FindCapacity(const OverloadOptions& options, const Judging& judging,
                                    const Surroundings& around) {
  double capacity = 0;
  for (double rate = kFirstRate; rate <= kMaxRate && around.interrupts() == 0; rate *= 2) {
    KeptStore store(StoreOptions(judging, options.run.load.seed));
    PITSER_ASSIGN_OR_RETURN(
        const Mixed step,
        RunMixed(MixedLoads(options, rate, options.find), store, nullptr,
                 absl::StrFormat("looking for the capacity, %.0f/s", rate), around));
    const std::uint64_t asked = step.tally.sent + step.tally.missed;
    capacity = std::max(capacity, PerSecond(step.tally.signed_count, step.sent_seconds));
    around.console.Note(
        absl::StrFormat("%.0f/s: %.0f sent, %.0f signed a second, p99 %.0f ms", rate,
                        PerSecond(step.tally.sent, step.sent_seconds),
                        PerSecond(step.tally.signed_count, step.sent_seconds),
                        static_cast<double>(step.tally.signed_latency.ValueAt(0.99)) / 1e6));
    // Batches that were not full by the end are no sign of anything.
    const std::uint64_t not_full = options.run.load.connections * options.run.load.batch_size;
    const bool late = step.tally.signed_latency.ValueAt(0.99) > 3'000'000'000;
    if (late || (step.tally.signed_count + not_full) * 100 < asked * 97) break;
  }
  return capacity;
}

// Single calls, one after the other began: how the node is.
absl::StatusOr<RunReport> Probe(const OverloadOptions& options, const Judging& judging,
                                std::uint64_t first_number, const Surroundings& around) {
  LoadOptions load = options.run.load;
  load.mode = Mode::kUnary;
  load.connections = 1;
  load.rate = kProbesPerSecond;
  load.count = options.probes;
  load.duration = {};
  load.warm_up = {};
  load.in_flight = options.probes;
  load.first_number = first_number;
  return RunLoad(load, &judging, std::nullopt, around);
}

bool AllRight(const RunReport& probe) { return probe.Code() == ExitCode::kOk; }

std::string Text(const OverloadReport& report) {
  std::string text = absl::StrFormat("capacity %.0f hashes/s; %.0f/s asked for, %.0f/s sent\n",
                                     report.capacity, report.asked, report.offered);
  for (const RunReport& mode : report.modes) {
    const Tally& tally = mode.result.tally;
    absl::StrAppendFormat(&text, "%-12s %s sent, %s signed, %s refused\n", ModeName(mode.load.mode),
                          WithCommas(tally.sent), WithCommas(tally.signed_count),
                          WithCommas(tally.TotalRefused()));
    absl::StrAppendFormat(&text, "%-12s signed after %s\n%-12s refused after %s\n", "",
                          LatencyText(tally.signed_latency), "",
                          LatencyText(tally.refused_latency));
  }
  absl::StrAppendFormat(&text, "%-12s %s\n%-12s %s\n", "refused",
                        RefusalsText(report.tally.refused), "undecided",
                        RefusalsText(report.tally.undecided));
  if (report.server.has_value()) {
    absl::StrAppendFormat(&text, "%-12s resident %.1f MiB before, %.1f at most\n", "server",
                          static_cast<double>(report.server->memory().connected) / (1 << 20),
                          static_cast<double>(report.server->memory().peak) / (1 << 20));
  }
  absl::StrAppendFormat(&text, "%-12s before %s\n%-12s after  %s\n", "probes",
                        LatencyText(report.before), "", LatencyText(report.after));
  for (const Finding& finding : report.Findings()) {
    absl::StrAppendFormat(&text, "%-12s %s\n", finding.holds ? "holds" : "BROKEN", finding.what);
  }
  text.pop_back();
  return text;
}

Json ToJson(const OverloadReport& report, ExitCode code) {
  Json json = cli::JsonHead("pitser.bench.overload/1", code);
  json["capacity"] = report.capacity;
  json["asked_rate"] = report.asked;
  json["sent_rate"] = report.offered;
  json["sent"] = report.tally.sent;
  json["signed"] = report.tally.signed_count;
  json["refused"] = RefusalsJson(report.tally.refused);
  json["undecided"] = RefusalsJson(report.tally.undecided);
  json["not_sent"] = report.tally.missed;
  json["overloaded"] = report.tally.TotalRefused() > 0;
  json["latency_ms"] = LatencyJson(report.tally.signed_latency);
  json["refusal_latency_ms"] = LatencyJson(report.tally.refused_latency);
  Json& modes = json["modes"] = Json::array();
  for (const RunReport& mode : report.modes) AddRunJson(mode, modes.emplace_back());
  json["verified_right"] = report.verification.counts.right;
  json["verified_wrong"] = report.verification.counts.wrong;
  json["policy"] = report.key_based ? "key-based" : "internal";
  json["probe_before_ms"] = LatencyJson(report.before);
  json["probe_after_ms"] = LatencyJson(report.after);
  if (report.server.has_value()) {
    json["server"] = {{"pid", report.server->pid()},
                      {"cpu_s", report.server->cpu_seconds()},
                      {"resident_before_bytes", report.server->memory().connected},
                      {"resident_peak_bytes", report.server->memory().peak}};
  }
  Json& findings = json["findings"] = Json::array();
  for (const Finding& finding : report.Findings()) {
    findings.push_back({{"what", finding.what}, {"holds", finding.holds}});
  }
  return json;
}

// Waits, unless the user does not want to.
void Rest(std::chrono::nanoseconds time, const Surroundings& around) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end && around.interrupts() == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

absl::StatusOr<OverloadReport> Overload(const OverloadOptions& options,
                                        const Surroundings& around) {
  PITSER_ASSIGN_OR_RETURN(const Judging judging, LoadJudging(options.run));
  OverloadReport report;
  report.key_based = judging.publications.has_value();
  report.max_resident_bytes = options.max_resident_bytes;
  report.probes = options.probes;
  PITSER_ASSIGN_OR_RETURN(const RunReport before,
                          Probe(options, judging, std::uint64_t{253} << kRunBits, around));
  if (!AllRight(before)) {
    return cli::Error(
        before.Code() == ExitCode::kInterrupted ? ExitCode::kInterrupted : ExitCode::kUnreachable,
        "the node is not well before anything was done:\n" + RunText(before));
  }
  report.before = before.result.tally.signed_latency;
  report.capacity = options.capacity;
  if (options.capacity <= 0) {
    PITSER_ASSIGN_OR_RETURN(report.capacity, FindCapacity(options, judging, around));
    Rest(std::chrono::seconds(2), around);
  }
  report.asked = report.capacity * options.factor;
  if (options.run.pid.has_value()) {
    auto watch = ProcessWatch::Create(*options.run.pid);
    if (!watch.ok()) return cli::WithExitCode(watch.status(), ExitCode::kUsage);
    report.server = *watch;
  }
  KeptStore store(StoreOptions(judging, options.run.load.seed));
  PITSER_ASSIGN_OR_RETURN(
      Mixed mixed,
      RunMixed(MixedLoads(options, report.asked, options.duration), store,
               report.server.has_value() ? &*report.server : nullptr, "too much", around));
  report.tally = std::move(mixed.tally);
  report.modes = std::move(mixed.modes);
  report.offered = PerSecond(report.tally.sent, mixed.sent_seconds);
  Rest(options.recovery, around);
  PITSER_ASSIGN_OR_RETURN(const RunReport after,
                          Probe(options, judging, std::uint64_t{254} << kRunBits, around));
  if (AllRight(after)) report.after = after.result.tally.signed_latency;
  report.interrupted = around.interrupts() > 0;
  report.verification = store.VerifyAll();
  return report;
}

}  // namespace

bool IsTyped(const Refusal& refusal) {
  return refusal.code == grpc::StatusCode::RESOURCE_EXHAUSTED && !refusal.limit.empty();
}

std::vector<Finding> OverloadReport::Findings() const {
  const SignatureChecker::Counts& counts = verification.counts;
  std::vector<Finding> findings;
  findings.push_back({absl::StrCat("taken = signed: ", WithCommas(tally.sent),
                                   " sent = ", WithCommas(tally.signed_count), " signed + ",
                                   WithCommas(tally.TotalRefused()), " refused + ",
                                   WithCommas(tally.TotalUndecided()), " undecided"),
                      tally.breaches == 0 && tally.TotalUndecided() == 0 &&
                          tally.sent == tally.signed_count + tally.TotalRefused()});
  findings.push_back({absl::StrCat("every signature is right: ", WithCommas(counts.right), " of ",
                                   WithCommas(tally.signed_count)),
                      counts.wrong == 0 && counts.right == tally.signed_count});
  findings.push_back(
      {"every refusal names its limit",
       std::ranges::all_of(tally.refused, [](const auto& entry) { return IsTyped(entry.first); })});
  findings.push_back(
      {absl::StrCat("afterwards ", after.count(), " of ", probes, " single calls are signed"),
       after.count() == probes});
  if (server.has_value() && max_resident_bytes.has_value()) {
    findings.push_back(
        {absl::StrFormat("the server's memory stays below %d MiB", *max_resident_bytes >> 20),
         server->memory().peak <= *max_resident_bytes});
  }
  return findings;
}

ExitCode RunOverload(const OverloadOptions& options, const Surroundings& around) {
  const auto report = Overload(options, around);
  if (!report.ok()) return around.console.Fail(report.status());
  ExitCode code = ExitCode::kOk;
  for (const Finding& finding : report->Findings()) {
    if (!finding.holds) code = ExitCode::kFailed;
  }
  if (report->interrupted) code = ExitCode::kInterrupted;
  if (report->tally.TotalRefused() == 0) {
    around.console.Note("nothing was refused: for this node it was not too much");
  }
  if (options.run.output.json) {
    around.console.Result(cli::ToLine(ToJson(*report, code)));
  } else {
    around.console.Result(Text(*report));
  }
  return code;
}

}  // namespace pitser::bench
