#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "client/cli/console.h"
#include "client/file.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/signature.h"

namespace pitser::cli {

inline constexpr std::string_view kSignatureSuffix = ".ksig";

// "ALGORITHM:HEX". Errors: exit code 2.
absl::StatusOr<ledger::Imprint> ParseHash(const std::string& text);

// A signature from a file or, for "-", standard input.
// Errors: exit code 7 when it cannot be read, 4 when it is malformed.
absl::StatusOr<ledger::Signature> ReadSignature(const std::string& path);

// client::HashFile() with the exit codes of a command: 7; 3 when this build lacks the algorithm.
absl::StatusOr<ledger::Imprint> HashWithExitCode(const std::string& path,
                                                 ledger::HashAlgorithm algorithm,
                                                 const client::HashProgress& progress);
// The same of a document that is signed: with `force` also of one that changed while it was read.
absl::StatusOr<ledger::Imprint> HashToSign(const std::string& path, ledger::HashAlgorithm algorithm,
                                           bool force, const client::HashProgress& progress);

// So much of a file takes long enough that people are told.
inline constexpr std::uint64_t kLargeFile = 32 << 20;

// The hash of a document, read as a stream, with progress on the terminal.
// Errors: exit code 7; 3 when this build lacks the algorithm.
absl::StatusOr<ledger::Imprint> HashDocument(const std::string& path,
                                             ledger::HashAlgorithm algorithm, Console& console,
                                             const base::Clock& clock = base::Clock::System());

// Where a result that is bytes goes.
struct Destination {
  std::string path;  // "-": standard output.
  bool replace = false;
};

// Refuses before any work is done: a file that is there and may not be replaced (7), an output
// that is the input (2), bytes for a terminal that nobody asked for by `-o -` (2), bytes and JSON
// on one stream (2); a folder in which no file can be made, or an output that is no file (7).
// `asked_for` tells whether `-o` named the destination.
absl::Status CheckDestination(const Destination& destination, const std::string& input,
                              bool asked_for, const Console& console);

// Whether a file can be made there, as far as can be told before it is: part of the above.
// Errors: exit code 7.
absl::Status CheckCanBeMade(const Destination& destination);

// Writes bytes to a destination. Errors: exit code 7.
absl::Status Deliver(const Destination& destination, ledger::Bytes content, Console& console);

}  // namespace pitser::cli
