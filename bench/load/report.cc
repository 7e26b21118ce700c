#include "bench/load/report.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace pitser::bench {
namespace {

using cli::Json;

constexpr double kMiB = 1 << 20;

double Mean(std::uint64_t sum, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

// Memory that each waiting request takes of the server; nothing when none was seen waiting.
double BytesPerRequest(const ProcessWatch::Memory& memory) {
  if (memory.waiting_requests == 0 || memory.waiting < memory.connected) return 0;
  return Mean(memory.waiting - memory.connected, memory.waiting_requests);
}

double Milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string Line(std::string_view name, std::string_view value) {
  return absl::StrFormat("%-12s %s\n", name, value);
}

std::string Headline(const RunReport& report) {
  const LoadOptions& load = report.load;
  std::string text = absl::StrFormat("%s, %d connection%s, at most %s in flight",
                                     ModeName(load.mode), load.connections,
                                     load.connections == 1 ? "" : "s", WithCommas(load.in_flight));
  if (load.mode != Mode::kUnary) {
    absl::StrAppendFormat(&text, ", %s a message", WithCommas(load.batch_size));
  }
  if (load.rate > 0) {
    absl::StrAppendFormat(&text, ", %g/s by schedule", load.rate);
  } else {
    text += ", as fast as answers come";
  }
  return text;
}

std::string VerificationText(const RunReport& report) {
  const KeptStore::Report& verified = *report.verification;
  const SignatureChecker::Counts& counts = verified.counts;
  std::string text =
      absl::StrFormat("%s right, %s wrong, by the %s policy; %s of them one by one",
                      WithCommas(counts.right), WithCommas(counts.wrong),
                      report.key_based ? "key-based" : "internal", WithCommas(counts.in_full));
  const std::uint64_t after = counts.right + counts.wrong - verified.verified_beside;
  absl::StrAppendFormat(&text, "; %.2f s on %d thread%s", verified.seconds, verified.threads,
                        verified.threads == 1 ? "" : "s");
  if (after > 0 && verified.seconds > 0.01) {
    absl::StrAppendFormat(
        &text, " (%s/s)",
        WithCommas(static_cast<std::uint64_t>(static_cast<double>(after) / verified.seconds)));
  }
  if (verified.verified_beside > 0) {
    absl::StrAppendFormat(&text, "; %s while the clock ran", WithCommas(verified.verified_beside));
  }
  return text;
}

std::string ServerText(const ProcessWatch& server) {
  const ProcessWatch::Memory& memory = server.memory();
  std::string text = absl::StrFormat(
      "%.2f s of processor; resident %.1f MiB idle, %.1f connected, %.1f at most",
      server.cpu_seconds(), static_cast<double>(memory.idle) / kMiB,
      static_cast<double>(memory.connected) / kMiB, static_cast<double>(memory.peak) / kMiB);
  if (memory.waiting_requests > 0) {
    absl::StrAppendFormat(&text, ", %.1f with %s waiting (%.0f bytes each)",
                          static_cast<double>(memory.waiting) / kMiB,
                          WithCommas(memory.waiting_requests), BytesPerRequest(memory));
  }
  return text;
}

std::string AfterBoundaryText(const AfterBoundary& after) {
  return absl::StrFormat("p50 %.2f ms, p99 %.2f, last %.2f after the round's end",
                         Milliseconds(after.latency.ValueAt(0.5)),
                         Milliseconds(after.latency.ValueAt(0.99)),
                         Milliseconds(after.latency.max()));
}

Json AfterBoundaryJson(const AfterBoundary& after) {
  const std::string flaw = after.Flaw();
  Json json;
  json["count"] = after.latency.count();
  json["p50"] = Milliseconds(after.latency.ValueAt(0.5));
  json["p99"] = Milliseconds(after.latency.ValueAt(0.99));
  json["last"] = Milliseconds(after.latency.max());
  json["flaw"] = flaw.empty() ? Json(nullptr) : Json(flaw);
  return json;
}

Json BytesJson(const RunReport& report) {
  const Tally& tally = report.result.tally;
  Json json;
  json["sent"] = tally.bytes_sent;
  json["received"] = tally.bytes_received;
  json["sent_per_request"] = Mean(tally.bytes_sent, tally.sent);
  json["received_per_signature"] = Mean(tally.bytes_received, tally.signed_count);
  json["part"] = Mean(tally.part_bytes, tally.signed_count);
  json["tail"] = Mean(tally.tail_bytes, tally.tails);
  if (report.verification.has_value()) {
    json["kept_per_signature"] = Mean(report.verification->kept_bytes, tally.signed_count);
  }
  return json;
}

Json VerificationJson(const RunReport& report) {
  const KeptStore::Report& verified = *report.verification;
  Json json;
  json["policy"] = report.key_based ? "key-based" : "internal";
  json["right"] = verified.counts.right;
  json["wrong"] = verified.counts.wrong;
  json["in_full"] = verified.counts.in_full;
  json["while_running"] = verified.verified_beside;
  json["seconds"] = verified.seconds;
  json["threads"] = verified.threads;
  json["complaints"] = verified.counts.complaints;
  return json;
}

Json ServerJson(const ProcessWatch& server) {
  const ProcessWatch::Memory& memory = server.memory();
  Json json;
  json["pid"] = server.pid();
  json["cpu_s"] = server.cpu_seconds();
  json["resident_idle_bytes"] = memory.idle;
  json["resident_connected_bytes"] = memory.connected;
  json["resident_waiting_bytes"] = memory.waiting;
  json["waiting_requests"] = memory.waiting_requests;
  json["bytes_per_waiting_request"] = BytesPerRequest(memory);
  json["resident_peak_bytes"] = memory.peak;
  return json;
}

}  // namespace

std::string WithCommas(std::uint64_t number) {
  std::string text = absl::StrCat(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

Json RefusalsJson(const std::map<Refusal, std::uint64_t>& refusals) {
  Json by = Json::array();
  std::uint64_t total = 0;
  for (const auto& [refusal, count] : refusals) {
    by.push_back({{"code", CodeName(refusal.code)}, {"limit", refusal.limit}, {"count", count}});
    total += count;
  }
  return {{"total", total}, {"by", by}};
}

std::string RefusalsText(const std::map<Refusal, std::uint64_t>& refusals) {
  std::vector<std::string> pieces;
  std::uint64_t total = 0;
  for (const auto& [refusal, count] : refusals) {
    pieces.push_back(absl::StrCat(CodeName(refusal.code), refusal.limit.empty() ? "" : " ",
                                  refusal.limit, " ", WithCommas(count)));
    total += count;
  }
  if (pieces.empty()) return "0";
  return absl::StrCat(WithCommas(total), " (", absl::StrJoin(pieces, ", "), ")");
}

Json LatencyJson(const Histogram& histogram) {
  Json json;
  json["count"] = histogram.count();
  json["mean"] = histogram.Mean() / 1e6;
  json["p50"] = Milliseconds(histogram.ValueAt(0.5));
  json["p90"] = Milliseconds(histogram.ValueAt(0.9));
  json["p99"] = Milliseconds(histogram.ValueAt(0.99));
  json["p999"] = Milliseconds(histogram.ValueAt(0.999));
  json["max"] = Milliseconds(histogram.max());
  return json;
}

std::string LatencyText(const Histogram& histogram) {
  if (histogram.count() == 0) return "none";
  return absl::StrFormat("p50 %.2f ms, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f",
                         Milliseconds(histogram.ValueAt(0.5)), Milliseconds(histogram.ValueAt(0.9)),
                         Milliseconds(histogram.ValueAt(0.99)),
                         Milliseconds(histogram.ValueAt(0.999)), Milliseconds(histogram.max()));
}

std::string RunText(const RunReport& report) {
  const LoadResult& result = report.result;
  const Tally& tally = result.tally;
  std::string text = Headline(report) + "\n";
  text += Line("sent", absl::StrCat(WithCommas(tally.sent), " in ", WithCommas(tally.calls),
                                    report.load.mode == Mode::kStream ? " messages" : " calls"));
  text += Line("signed", WithCommas(tally.signed_count));
  text += Line("refused", RefusalsText(tally.refused));
  text += Line("undecided", RefusalsText(tally.undecided));
  if (tally.missed > 0) {
    text += Line("not sent", absl::StrCat(WithCommas(tally.missed), " that were due"));
  }
  if (!report.Accounted()) {
    text +=
        Line("BROKEN", absl::StrCat(tally.breaches, " answers that the contract does not allow"));
  }
  for (const std::string& complaint : tally.complaints) text += Line("", complaint);
  text += Line("rate", absl::StrFormat("%.1f signed/s over %.2f s", result.Rate(), result.seconds));
  text += Line("latency", LatencyText(tally.signed_latency));
  if (tally.refused_latency.count() > 0) {
    text += Line("of refusals", LatencyText(tally.refused_latency));
  }
  if (report.load.one_round.count() > 0) {
    text += Line("boundary", AfterBoundaryText(tally.after_boundary));
    const std::string flaw = tally.after_boundary.Flaw();
    if (!flaw.empty()) text += Line("INVALID", flaw);
  }
  text += Line("bytes", absl::StrFormat("%.1f sent a request, %.1f received a signature",
                                        Mean(tally.bytes_sent, tally.sent),
                                        Mean(tally.bytes_received, tally.signed_count)));
  if (report.verification.has_value()) {
    text +=
        Line("kept", absl::StrFormat("%.1f bytes a signature",
                                     Mean(report.verification->kept_bytes, tally.signed_count)));
    text += Line("verified", VerificationText(report));
    for (const std::string& complaint : report.verification->counts.complaints) {
      text += Line("", complaint);
    }
  }
  text += Line("generator", absl::StrFormat("%.2f s of processor", report.generator_cpu_seconds));
  if (report.server.has_value()) text += Line("server", ServerText(*report.server));
  text.pop_back();
  return text;
}

void AddRunJson(const RunReport& report, Json& json) {
  const LoadOptions& load = report.load;
  const LoadResult& result = report.result;
  const Tally& tally = result.tally;
  json["mode"] = ModeName(load.mode);
  json["connections"] = load.connections;
  json["in_flight"] = load.in_flight;
  json["batch_size"] = load.batch_size;
  json["rate_asked"] = load.rate > 0 ? Json(load.rate) : Json(nullptr);
  json["seed"] = load.seed;
  json["sent"] = tally.sent;
  json["calls"] = tally.calls;
  json["signed"] = tally.signed_count;
  json["refused"] = RefusalsJson(tally.refused);
  json["undecided"] = RefusalsJson(tally.undecided);
  json["not_sent"] = tally.missed;
  json["breaches"] = tally.breaches;
  json["complaints"] = tally.complaints;
  json["accounted"] = report.Accounted();
  json["seconds"] = result.seconds;
  json["measured_signed"] = tally.measured_signed;
  json["rate"] = result.Rate();
  json["latency_ms"] = LatencyJson(tally.signed_latency);
  json["refusal_latency_ms"] = LatencyJson(tally.refused_latency);
  if (load.one_round.count() > 0) {
    json["after_boundary_ms"] = AfterBoundaryJson(tally.after_boundary);
  }
  json["bytes"] = BytesJson(report);
  if (report.verification.has_value()) json["verification"] = VerificationJson(report);
  json["generator_cpu_s"] = report.generator_cpu_seconds;
  if (report.server.has_value()) json["server"] = ServerJson(*report.server);
}

}  // namespace pitser::bench
