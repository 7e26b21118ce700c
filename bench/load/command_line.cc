#include "bench/load/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/arguments.h"
#include "base/build_info.h"
#include "bench/load/raw_options.h"
#include "client/cli/exit_code.h"
#include "client/cli/help.h"
#include "ledger/base/status.h"

namespace pitser::bench {
namespace {

using cli::Error;
using cli::ExitCode;
using enum cli::ExitCode;

// One parser for all commands.
class Parser {
 public:
  Parser() {
    cli::Describe(app_, {"pitser-bench COMMAND [OPTIONS]",
                         "Puts load on a Pitser server and judges it: every signature that comes "
                         "back is verified,\nafter the clock has stopped.",
                         {kOk, kFailed, kUsage, kInconclusive, kRefused, kUnreachable, kLocalFile,
                          kBug, kInterrupted},
                         {"pitser-bench sign --server 127.0.0.1:7380 --duration 3",
                          "pitser-bench compare --server 127.0.0.1:7380 --duration 3"}});
    app_.add_flag("-V,--version", version_, "show the version");
    AddSign();
    AddEmpty();
    AddEmptyServer();
    AddCompare();
    AddOverload();
    base::RefuseEmptyValues(app_, [](std::string_view) { return false; });
  }

  absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& arguments) {
    auto help = base::ParseArguments(app_, arguments);
    if (!help.ok()) return UsageError(ledger::ToStd(help.status().message()));
    if (*help) return CommandLine(Information{**std::move(help)});
    if (version_) {
      return CommandLine(
          Information{absl::StrCat("pitser-bench ", ledger::ToAbsl(base::Version()))});
    }
    if (app_.got_subcommand("sign")) return Settle(SignOf(raw_));
    if (app_.got_subcommand("empty")) return Settle(EmptyOf(raw_));
    if (app_.got_subcommand("empty-server")) return Settle(EmptyServerOf(raw_));
    if (app_.got_subcommand("overload")) return Settle(OverloadOf(raw_));
    if (app_.got_subcommand("compare")) return Settle(CompareOf(raw_));
    return UsageError("a command is missing");
  }

 private:
  void AddSign();
  void AddEmpty();
  void AddEmptyServer();
  void AddCompare();
  void AddOverload();

  void AddServer(CLI::App& app);
  void AddLoad(CLI::App& app);
  void AddMeans(CLI::App& app);
  void AddJudging(CLI::App& app);
  void AddSizes(CLI::App& app);
  void AddRound(CLI::App& app);
  void AddParking(CLI::App& app);
  void AddOutput(CLI::App& app);

  absl::Status UsageError(std::string_view message) const {
    return Error(kUsage, message, base::CommandOf(app_) + " --help");
  }

  template <typename T>
  absl::StatusOr<CommandLine> Settle(absl::StatusOr<T> options) const {
    if (options.ok()) return CommandLine(CommandOptions(*std::move(options)));
    if (cli::ExitCodeOf(options.status()) == kLocalFile) return options.status();
    return UsageError(ledger::ToStd(options.status().message()));
  }

  CLI::App app_{"", "pitser-bench"};
  bool version_ = false;
  RawOptions raw_;
};

void Parser::AddServer(CLI::App& app) {
  const std::string group = "Server";
  app.add_option("--server", raw_.server, "the node to load")
      ->type_name("HOST:PORT")
      ->required()
      ->group(group);
  app.add_option("--tls-ca", raw_.tls_ca, "certificates to believe the server by (PEM)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--tls-cert", raw_.tls_cert, "our own certificate for the server (PEM)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--tls-key", raw_.tls_key, "the key of --tls-cert (PEM)")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--insecure", raw_.insecure, "plain text also to a server on another machine")
      ->group(group);
  app.add_option("--pid", raw_.pid, "the server's process: its memory and processor time are told")
      ->type_name("PID")
      ->group(group);
}

void Parser::AddLoad(CLI::App& app) {
  const std::string group = "Load";
  app.add_option("--mode", raw_.mode, "unary (a call a hash), stream or batch (default: unary)")
      ->type_name("MODE")
      ->check(CLI::IsMember({"unary", "stream", "batch"}).description(""))
      ->group(group);
  app.add_option("--rate", raw_.rate,
                 "hashes a second, by a schedule: latency counts from when a hash was due.\n"
                 "max: as fast as answers make room for new ones (default: max)")
      ->type_name("R|max")
      ->group(group);
  CLI::Option* const duration =
      app.add_option("--duration", raw_.duration,
                     "how long to send (default: 10, or until --count is reached)")
          ->type_name("SECONDS")
          ->check(CLI::Range(0.001, 86400.0).description(""))
          ->group(group);
  CLI::Option* const count =
      app.add_option("--count", raw_.count, "at most so many hashes")->type_name("N")->group(group);
  app.add_option("--in-flight", raw_.in_flight,
                 "hashes that may be unanswered at a time, over all connections (default: 500 a\n"
                 "connection, stream 5000, batch two batches; with --one-round all)")
      ->type_name("K")
      ->check(CLI::Range(1, 100'000'000).description(""))
      ->group(group);
  CLI::Option* const warm_up =
      app.add_option("--warm-up", raw_.warm_up,
                     "what is due in the first seconds is sent and verified, but not measured")
          ->type_name("SECONDS")
          ->check(CLI::Range(0.0, 86400.0).description(""))
          ->group(group);
  app.add_flag(
         "--one-round", raw_.one_round,
         "send all --count hashes within one round, from its beginning on, and tell how long\n"
         "after its end they were answered (exit code 3: they did not all wait for it)")
      ->needs(count)
      ->excludes(duration)
      ->excludes(warm_up)
      ->group(group);
}

void Parser::AddMeans(CLI::App& app) {
  const std::string group = "Load";
  app.add_option("--connections", raw_.connections, "connections to the server (default: 2)")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000).description(""))
      ->group(group);
  app.add_option("--batch-size", raw_.batch_size,
                 "hashes in a SignBatch, and at most so many in a message of a stream (default:\n"
                 "1000)")
      ->type_name("B")
      ->check(CLI::Range(1, 100'000'000).description(""))
      ->group(group);
  app.add_option("--timeout", raw_.timeout,
                 "a call that has no answer for so long is given up (default: 30)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 86400.0).description(""))
      ->group(group);
  app.add_option("--seed", raw_.seed, "which hashes are signed (default: 1)")
      ->type_name("N")
      ->group(group);
}

void Parser::AddJudging(CLI::App& app) {
  const std::string group = "Judging";
  app.add_option("--trust", raw_.trust,
                 "the server's DIR/trust, or a folder of `pitser trust fetch`: the key of every\n"
                 "round is judged too (without it: whether signatures are right in themselves)")
      ->type_name("DIR")
      ->group(group);
  app.add_option("--verify-in-full", raw_.verify_in_full,
                 "so many signatures are also verified one by one, the slow way (default: 1000)")
      ->type_name("N")
      ->group(group);
  app.add_option("--keep-mib", raw_.keep_mib,
                 "memory for received signatures; what is more is verified while the clock runs,\n"
                 "at the lowest priority (default: 4096)")
      ->type_name("MIB")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->group(group);
}

void Parser::AddSizes(CLI::App& app) {
  const std::string group = "Empty server";
  app.add_option("--signature-bytes", raw_.sizes.signature_bytes,
                 "size of a unary call's answer (default: 1500)")
      ->type_name("N")
      ->check(CLI::Range(1, 65'539).description(""))
      ->group(group);
  app.add_option("--part-bytes", raw_.sizes.part_bytes,
                 "size of an answer in a stream or batch (default: 800)")
      ->type_name("N")
      ->check(CLI::Range(1, 65'539).description(""))
      ->group(group);
  app.add_option("--tail-bytes", raw_.sizes.tail_bytes,
                 "size of what such a message or batch ends with (default: 1100)")
      ->type_name("N")
      ->check(CLI::Range(1, 65'539).description(""))
      ->group(group);
}

void Parser::AddRound(CLI::App& app) {
  app.add_option("--round", raw_.round,
                 "how long the server's rounds are, for --one-round and --parked (default: 1)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600).description(""))
      ->group("Load");
}

void Parser::AddParking(CLI::App& app) {
  const std::string group = "Empty server";
  app.add_flag("--parked", raw_.parked,
               "the empty server answers at the end of the round, as signing does, and not at once")
      ->group(group);
}

void Parser::AddOutput(CLI::App& app) {
  app.add_flag("--json", raw_.json, "one JSON object on standard output");
  app.add_flag("-q,--quiet", raw_.quiet, "no progress");
}

void Parser::AddSign() {
  CLI::App& app = *app_.add_subcommand("sign", "sign hashes as fast as it goes, or at a rate");
  cli::Describe(app,
                {"pitser-bench sign --server HOST:PORT [--mode MODE] [--rate R|max] [OPTIONS]",
                 "Has made-up hashes signed and tells throughput and latency; verifies every "
                 "signature when\nthe clock has stopped. Every hash that was sent is accounted "
                 "for: signed, refused by the\nserver, or undecided. The worst of these gives "
                 "the exit code.",
                 {kOk, kFailed, kUsage, kInconclusive, kRefused, kUnreachable, kLocalFile, kBug,
                  kInterrupted},
                 {"pitser-bench sign --server 127.0.0.1:7380 --mode stream --rate 5000 "
                  "--duration 3",
                  "pitser-bench sign --server 127.0.0.1:7380 --mode batch --count 10000 "
                  "--trust pitser-data/trust --json"}});
  AddServer(app);
  AddLoad(app);
  AddRound(app);
  AddMeans(app);
  AddJudging(app);
  AddOutput(app);
}

void Parser::AddEmpty() {
  CLI::App& app = *app_.add_subcommand("empty", "the same calls to a server that does nothing");
  cli::Describe(app,
                {"pitser-bench empty [--mode MODE] [--rate R|max] [--parked] [OPTIONS]",
                 "Starts a server that answers the same calls with as many bytes and does "
                 "nothing else, in a\nprocess of its own, and loads it: what gRPC alone costs "
                 "here and now.",
                 {kOk, kFailed, kUsage, kInconclusive, kRefused, kUnreachable, kBug, kInterrupted},
                 {"pitser-bench empty --duration 3 --parked",
                  "pitser-bench empty --mode batch --count 100000 --json"}});
  AddLoad(app);
  AddRound(app);
  AddMeans(app);
  AddSizes(app);
  AddParking(app);
  AddOutput(app);
}

void Parser::AddEmptyServer() {
  CLI::App& app = *app_.add_subcommand("empty-server", "only the server of `empty`");
  cli::Describe(app, {"pitser-bench empty-server [--listen HOST:PORT] [--parked] [OPTIONS]",
                      "The server that `empty` starts, to be loaded and looked at by others. Says "
                      "where it listens;\nends on SIGTERM or SIGINT.",
                      {kOk, kUsage, kLocalFile, kBug},
                      {"timeout 2 pitser-bench empty-server || true",
                       "timeout 2 pitser-bench empty-server --parked --round 5 || true"}});
  app.add_option("--listen", raw_.listen, "where; port 0 takes a free one (default: 127.0.0.1:0)")
      ->type_name("HOST:PORT");
  app.add_flag("--with-parent", raw_.with_parent, "end when the process that started it ends");
  AddSizes(app);
  AddParking(app);
  AddRound(app);
}

void Parser::AddCompare() {
  CLI::App& app = *app_.add_subcommand("compare", "`sign`, then `empty` with the sizes seen");
  cli::Describe(app, {"pitser-bench compare --server HOST:PORT [--mode MODE] [--parked] [OPTIONS]",
                      "Runs `sign` and right after it `empty` under the same load, with the sizes "
                      "of the answers\nthat came: what signing costs beside the bare calls.",
                      {kOk, kFailed, kUsage, kInconclusive, kRefused, kUnreachable, kLocalFile,
                       kBug, kInterrupted},
                      {"pitser-bench compare --server 127.0.0.1:7380 --duration 3 --parked",
                       "pitser-bench compare --server 127.0.0.1:7380 --mode batch --count 10000 "
                       "--json"}});
  AddServer(app);
  AddLoad(app);
  AddRound(app);
  AddMeans(app);
  AddParking(app);
  AddJudging(app);
  AddOutput(app);
}

void Parser::AddOverload() {
  CLI::App& app = *app_.add_subcommand("overload", "more than the server can take");
  cli::Describe(app,
                {"pitser-bench overload --server HOST:PORT [--capacity R] [--factor F] [OPTIONS]",
                 "Finds what the node takes, offers several times as much for a while, as "
                 "single calls,\nstreams and batches together, and looks whether refusals are "
                 "typed and quick, whether all\nthat was taken is signed, and whether all is "
                 "as before a little later. Exit code 1: not so.",
                 {kOk, kFailed, kUsage, kUnreachable, kLocalFile, kBug, kInterrupted},
                 {"pitser-bench overload --server 127.0.0.1:7380 --capacity 2000 --duration 3 "
                  "--recovery 1",
                  "pitser-bench overload --server 127.0.0.1:7380 --mix unary=1,stream=1 "
                  "--capacity 1000 --duration 2 --recovery 1 --json"}});
  AddServer(app);
  const std::string group = "Load";
  app.add_option("--capacity", raw_.capacity,
                 "hashes a second that the node can take; find: measure it first (default: find)")
      ->type_name("R|find")
      ->group(group);
  app.add_option("--find", raw_.find, "how long to measure the capacity (default: 5)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 3600.0).description(""))
      ->group(group);
  app.add_option("--factor", raw_.factor, "so many times the capacity is offered (default: 4)")
      ->type_name("F")
      ->check(CLI::Range(0.1, 1000.0).description(""))
      ->group(group);
  app.add_option("--duration", raw_.duration, "for so long (default: 60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86400.0).description(""))
      ->group(group);
  app.add_option("--mix", raw_.mix,
                 "shares of the hashes by mode (default: unary=2,stream=48,batch=50)")
      ->type_name("SHARES")
      ->group(group);
  AddMeans(app);
  AddJudging(app);
  const std::string judging = "Judging";
  app.add_option("--recovery", raw_.recovery,
                 "so long after the overload the node must be as before (default: 5)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 3600.0).description(""))
      ->group(judging);
  app.add_option("--probes", raw_.probes,
                 "single calls, before and after, by which that is judged (default: 20)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""))
      ->group(judging);
  app.add_option("--max-resident-mib", raw_.max_resident_mib,
                 "with --pid: memory that the server must not go beyond")
      ->type_name("MIB")
      ->group(judging);
  AddOutput(app);
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  Parser parser;
  return parser.Parse(base::PlainArguments(arguments));
}

}  // namespace pitser::bench
