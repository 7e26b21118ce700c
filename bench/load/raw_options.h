#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bench/load/options.h"

// What words and numbers on a command line mean: values, defaults that depend on others, what does
// not go together. How the words are found is command_line.cc's.
namespace pitser::bench {

// The command line as it was written, with the defaults of what is not.
struct RawOptions {
  std::string server, tls_ca, tls_cert, tls_key;
  bool insecure = false;
  std::string mode = "unary";
  std::uint64_t connections = 2;
  std::string rate = "max";
  std::optional<double> duration;
  std::uint64_t count = 0;
  std::optional<std::uint64_t> in_flight;
  std::uint64_t batch_size = 1000;
  double warm_up = 0;
  double timeout = 30;
  std::uint64_t seed = 1;
  bool json = false, quiet = false;
  std::string trust;
  std::optional<pid_t> pid;
  std::uint64_t verify_in_full = 1000;
  std::uint64_t keep_mib = 4096;
  std::string listen = "127.0.0.1:0";
  EmptySizes sizes{.signature_bytes = 1500, .part_bytes = 800, .tail_bytes = 1100};
  bool parked = false;
  std::uint64_t round = 1;
  bool one_round = false;
  bool with_parent = false;
  std::string capacity = "find";
  double find = 5;
  double factor = 4;
  double recovery = 5;
  std::string mix = "unary=2,stream=48,batch=50";
  std::uint64_t probes = 20;
  std::uint64_t max_resident_mib = 0;
};

// Each command's options.
// Errors: kInvalidArgument, saying what is wrong with which option; exit code 7 for a file that
// cannot be read.
absl::StatusOr<SignOptions> SignOf(const RawOptions& raw);
absl::StatusOr<EmptyServerOptions> EmptyServerOf(const RawOptions& raw);
absl::StatusOr<EmptyOptions> EmptyOf(const RawOptions& raw);
absl::StatusOr<CompareOptions> CompareOf(const RawOptions& raw);
absl::StatusOr<OverloadOptions> OverloadOf(const RawOptions& raw);

}  // namespace pitser::bench
