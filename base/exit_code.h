#pragma once

namespace pitser::base {

// What our programs end with: one meaning each, the same in every command. The values are part of
// the interface and never change. docs/cli.md has the table.
enum class ExitCode : int {
  kOk = 0,            // Done, or verified.
  kFailed = 1,        // Proven wrong.
  kUsage = 2,         // The command line or the configuration is wrong.
  kInconclusive = 3,  // The evidence at hand does not decide.
  kMalformed = 4,     // The input is not what it should be.
  kRefused = 5,       // By the service, or by a node's own rules.
  kUnreachable = 6,   // Nobody answers, or not in time.
  kLocalFile = 7,     // A file cannot be read or written.
  kBug = 70,          // Ours.
  kInterrupted = 130,
};

}  // namespace pitser::base
