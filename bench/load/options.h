#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "bench/load/load.h"

// What each command was told, checked.
namespace pitser::bench {

// How results are shown.
struct OutputOptions {
  bool json = false;
  bool quiet = false;
};

// `pitser-bench sign`.
struct SignOptions {
  LoadOptions load;
  OutputOptions output;
  std::string trust;                    // A folder; empty: the internal policy is enough.
  std::optional<pid_t> pid;             // Of the server.
  std::uint64_t verify_in_full = 1000;  // So many signatures also go through ledger::Verify().
  std::uint64_t keep_bytes = 0;         // Beyond it signatures are verified while the clock runs.
};

// What an empty server answers with.
struct EmptySizes {
  std::uint64_t signature_bytes = 0;  // The answer of a unary call.
  std::uint64_t part_bytes = 0;       // Of each answer in a stream or batch.
  std::uint64_t tail_bytes = 0;       // Of each message of a stream, of each batch.
};

// `pitser-bench empty-server`.
struct EmptyServerOptions {
  net::Endpoint listen;
  EmptySizes sizes;
  bool parked = false;  // Answer at the end of the round that the request came in during.
  std::chrono::seconds round{1};
  bool with_parent = false;  // End when the process that started it does.
};

// `pitser-bench empty`.
struct EmptyOptions {
  LoadOptions load;
  OutputOptions output;
  EmptyServerOptions server;
};

// `pitser-bench compare`: `sign`, and then `empty` with the sizes that were seen.
struct CompareOptions {
  SignOptions sign;
  bool parked = false;
  std::chrono::seconds round{1};
};

// `pitser-bench overload`.
struct OverloadOptions {
  SignOptions run;      // Its load's mode, rate, count and duration are not looked at.
  double capacity = 0;  // Hashes a second; 0: to be found.
  std::chrono::nanoseconds find{};
  double factor = 4;
  std::chrono::nanoseconds duration{};
  std::chrono::nanoseconds recovery{};
  // Shares of the rate by mode: unary, stream, batch. They sum up to 1.
  std::array<double, 3> mix{};
  std::uint64_t probes = 0;
  std::optional<std::uint64_t> max_resident_bytes;
};

using CommandOptions =
    std::variant<SignOptions, EmptyOptions, EmptyServerOptions, CompareOptions, OverloadOptions>;

}  // namespace pitser::bench
