#include "bench/load/raw_options.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "client/cli/exit_code.h"
#include "ledger/base/status.h"
#include "net/endpoint.h"

namespace pitser::bench {
namespace {

constexpr std::size_t kMaxPemSize = 1 << 20;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::chrono::nanoseconds Seconds(double seconds) {
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  auto text = base::ReadFile(path, kMaxPemSize);
  if (!text.ok()) return cli::WithExitCode(text.status(), cli::ExitCode::kLocalFile);
  return text;
}

absl::StatusOr<net::ChannelOptions> ServerOf(const RawOptions& raw) {
  net::ChannelOptions server;
  PITSER_ASSIGN_OR_RETURN(server.endpoint, net::ParseEndpoint(raw.server));
  server.insecure = raw.insecure;
  PITSER_ASSIGN_OR_RETURN(server.ca_pem, ReadPem(raw.tls_ca));
  PITSER_ASSIGN_OR_RETURN(server.certificate_pem, ReadPem(raw.tls_cert));
  PITSER_ASSIGN_OR_RETURN(server.key_pem, ReadPem(raw.tls_key));
  return server;
}

absl::StatusOr<double> RateOf(const std::string& text, std::string_view word) {
  double rate = 0;
  if (text == word) return rate;
  if (!absl::SimpleAtod(text, &rate) || !(rate > 0) || rate > 1e9) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a number of hashes a second or '", ledger::ToAbsl(word), "' expected, got '", text, "'"));
  }
  return rate;
}

// In-flight when it is not said: enough for the mode to show what it can do.
std::uint64_t DefaultInFlight(const RawOptions& raw, Mode mode) {
  switch (mode) {
    case Mode::kUnary:
      return 500 * raw.connections;
    case Mode::kStream:
      return 5000 * raw.connections;
    case Mode::kBatch:
      break;
  }
  return 2 * raw.batch_size * raw.connections;
}

absl::Status CheckOneRound(const LoadOptions& load) {
  if (load.in_flight < load.count) {
    return absl::InvalidArgumentError("--one-round: --in-flight must be at least --count");
  }
  // The wait for a round's beginning, and for its end.
  if (load.timeout < 2 * load.one_round) {
    return absl::InvalidArgumentError("--one-round: --timeout must be at least twice --round");
  }
  return absl::OkStatus();
}

absl::StatusOr<LoadOptions> LoadOf(const RawOptions& raw) {
  LoadOptions load;
  load.mode = raw.mode == "stream"  ? Mode::kStream
              : raw.mode == "batch" ? Mode::kBatch
                                    : Mode::kUnary;
  load.connections = raw.connections;
  PITSER_ASSIGN_OR_RETURN(load.rate, RateOf(raw.rate, "max"));
  load.count = raw.count;
  const double seconds = raw.duration.value_or(raw.count > 0 ? 0.0 : 10.0);
  load.duration = Seconds(seconds);
  load.warm_up = Seconds(raw.warm_up);
  if (seconds > 0 && load.warm_up >= load.duration) {
    return absl::InvalidArgumentError("the warm-up must be shorter than the run");
  }
  load.batch_size = raw.batch_size;
  load.in_flight = raw.in_flight.value_or(
      std::max(DefaultInFlight(raw, load.mode), raw.one_round ? raw.count : 0));
  if (load.in_flight < load.connections) {
    return absl::InvalidArgumentError("--in-flight must be at least --connections");
  }
  if (load.mode == Mode::kBatch && load.in_flight / load.connections < load.batch_size) {
    return absl::InvalidArgumentError(
        "--in-flight must be at least --connections times --batch-size: a batch is sent whole");
  }
  load.timeout = Seconds(raw.timeout);
  load.seed = raw.seed;
  if (raw.one_round) {
    load.one_round = std::chrono::seconds(raw.round);
    PITSER_RETURN_IF_ERROR(CheckOneRound(load));
  }
  return load;
}

absl::Status CheckParked(const RawOptions& raw) {
  if (!raw.one_round || raw.parked) return absl::OkStatus();
  return absl::InvalidArgumentError("--one-round: the empty server has rounds with --parked only");
}

// "unary=2,stream=48,batch=50": shares of any sum.
absl::StatusOr<std::array<double, 3>> MixOf(const std::string& text) {
  std::array<double, 3> mix{};
  double sum = 0;
  for (const absl::string_view piece : absl::StrSplit(text, ',')) {
    const std::vector<std::string> words = absl::StrSplit(piece, '=');
    double share = 0;
    const std::array<std::string_view, 3> names = {"unary", "stream", "batch"};
    const auto name = std::ranges::find(names, words.front());
    if (words.size() != 2 || name == names.end() || !absl::SimpleAtod(words.back(), &share) ||
        !(share >= 0) || share > 1e6) {
      return absl::InvalidArgumentError(
          absl::StrCat("--mix: expected shares like unary=2,stream=48,batch=50, got '", text, "'"));
    }
    mix[static_cast<std::size_t>(name - names.begin())] = share;
    sum += share;
  }
  if (sum <= 0) return absl::InvalidArgumentError("--mix: no share is above 0");
  for (double& share : mix) share /= sum;
  return mix;
}

}  // namespace

absl::StatusOr<SignOptions> SignOf(const RawOptions& raw) {
  SignOptions sign;
  PITSER_ASSIGN_OR_RETURN(sign.load, LoadOf(raw));
  PITSER_ASSIGN_OR_RETURN(sign.load.server, ServerOf(raw));
  sign.output = {.json = raw.json, .quiet = raw.quiet};
  sign.trust = raw.trust;
  sign.pid = raw.pid;
  sign.verify_in_full = raw.verify_in_full;
  sign.keep_bytes = raw.keep_mib * kMiB;
  return sign;
}

absl::StatusOr<EmptyServerOptions> EmptyServerOf(const RawOptions& raw) {
  EmptyServerOptions server;
  PITSER_ASSIGN_OR_RETURN(server.listen, net::ParseEndpoint(raw.listen, /*allow_port_zero=*/true));
  if (!server.listen.IsLoopback()) {
    return absl::InvalidArgumentError("an empty server listens on loopback only");
  }
  server.sizes = raw.sizes;
  server.parked = raw.parked;
  server.round = std::chrono::seconds(raw.round);
  server.with_parent = raw.with_parent;
  return server;
}

absl::StatusOr<EmptyOptions> EmptyOf(const RawOptions& raw) {
  EmptyOptions empty;
  PITSER_RETURN_IF_ERROR(CheckParked(raw));
  PITSER_ASSIGN_OR_RETURN(empty.load, LoadOf(raw));
  PITSER_ASSIGN_OR_RETURN(empty.server, EmptyServerOf(raw));
  empty.output = {.json = raw.json, .quiet = raw.quiet};
  return empty;
}

absl::StatusOr<CompareOptions> CompareOf(const RawOptions& raw) {
  CompareOptions compare;
  PITSER_RETURN_IF_ERROR(CheckParked(raw));
  PITSER_ASSIGN_OR_RETURN(compare.sign, SignOf(raw));
  compare.parked = raw.parked;
  compare.round = std::chrono::seconds(raw.round);
  return compare;
}

absl::StatusOr<OverloadOptions> OverloadOf(const RawOptions& raw) {
  OverloadOptions overload;
  PITSER_ASSIGN_OR_RETURN(overload.run, SignOf(raw));
  PITSER_ASSIGN_OR_RETURN(overload.capacity, RateOf(raw.capacity, "find"));
  PITSER_ASSIGN_OR_RETURN(overload.mix, MixOf(raw.mix));
  overload.find = Seconds(raw.find);
  overload.factor = raw.factor;
  overload.duration = Seconds(raw.duration.value_or(60));
  overload.recovery = Seconds(raw.recovery);
  overload.probes = raw.probes;
  if (raw.max_resident_mib > 0) overload.max_resident_bytes = raw.max_resident_mib * kMiB;
  return overload;
}

}  // namespace pitser::bench
