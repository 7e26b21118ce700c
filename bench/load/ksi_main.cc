// pitser-ksi-bench: load of the KSI service protocol; `--help` says how.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"
#include "bench/load/ksi_load.h"

namespace pitser::bench {
namespace {

double Ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

void Tell(const KsiLoadOptions& options, const KsiLoadResult& result) {
  std::string text = absl::StrFormat(
      "%s, %d connections%s: %d answered in %.2f s, %.0f/s; %d refused, %d undecided\n"
      "  latency p50 %.1f ms, p99 %.1f ms, most %.1f ms; %.0f bytes an answer\n",
      options.http ? "HTTP" : "TCP", options.connections,
      options.http ? std::string() : absl::StrFormat(" of %d in flight", options.in_flight),
      result.answered, result.seconds, result.rate(), result.refused, result.undecided,
      Ms(result.latency.ValueAt(0.5)), Ms(result.latency.ValueAt(0.99)), Ms(result.latency.max()),
      result.answered == 0
          ? 0.0
          : static_cast<double>(result.answer_bytes) / static_cast<double>(result.answered));
  std::fputs(text.c_str(), stdout);
}

int Main(int argc, char** argv) {
  CLI::App app{
      "Puts load of the KSI service protocol on an aggregator and verifies every signature."};
  std::string server, login = "anon", key = "anon";
  double seconds = 10;
  std::size_t empty_server = 0;
  KsiLoadOptions options;
  app.add_option("--server", server, "HOST:PORT of an aggregator");
  app.add_option("--login", login, "the login id (default anon)");
  app.add_option("--key", key, "its key (default anon)");
  app.add_option("--accounts", options.accounts,
                 "share the load among so many accounts: LOGIN0, LOGIN1, ... of one key");
  app.add_flag("--http", options.http,
               "over HTTP, one request a connection at a time; else over TCP");
  app.add_option("--connections", options.connections, "how many (default 4)");
  app.add_option("--in-flight", options.in_flight, "unanswered requests of each (default 4096)");
  app.add_option("--seconds", seconds, "how long (default 10)");
  app.add_flag("--empty", options.empty, "the server is an empty one: nothing is verified");
  app.add_option("--empty-server", empty_server,
                 "serve answers of so many bytes that mean nothing, until killed");
  CLI11_PARSE(app, argc, argv);
  if (empty_server > 0) return RunEmptyKsiServer(empty_server);
  const auto endpoint = net::ParseEndpoint(server);
  if (!endpoint.ok()) {
    std::fprintf(stderr, "--server: %s\n", std::string(endpoint.status().message()).c_str());
    return 2;
  }
  options.endpoint = *endpoint;
  options.credentials = {login, ledger::ToVector(ledger::AsBytes(key)),
                         ledger::HashAlgorithm::kSha256};
  options.duration = absl::Seconds(seconds);
  KeptStore kept({.checker = {.publications = nullptr, .max_in_full = 1000},
                  .seed = options.seed,
                  .max_bytes = std::uint64_t{4} << 30});
  const auto result = RunKsiLoad(options, options.empty ? nullptr : &kept);
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", std::string(result.status().message()).c_str());
    return 6;
  }
  Tell(options, *result);
  if (options.empty) return 0;
  const KeptStore::Report report = kept.VerifyAll();
  std::fputs(absl::StrFormat("  %d right, %d wrong, of %d answered\n", report.counts.right,
                             report.counts.wrong, result->answered)
                 .c_str(),
             stdout);
  return report.counts.wrong == 0 && report.counts.right == result->answered ? 0 : 1;
}

}  // namespace
}  // namespace pitser::bench

int main(int argc, char** argv) { return pitser::bench::Main(argc, argv); }
