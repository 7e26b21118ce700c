#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/options.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "net/channel.h"

namespace pitser::cli {

// Looks up an environment variable; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment SystemEnvironment();

// The settings file, a TOML table whose keys are named like the flags, `tls_ca` for --tls-ca. What
// is absent is empty.
struct Settings {
  std::string server, tls_ca, tls_cert, tls_key, trust, algorithm;
  bool insecure = false;
  std::optional<double> timeout_seconds;
};

// Reads `path`, or, when that is empty, the default place, where no file is no error.
// Errors: exit code 7 when the file cannot be read, 2 when it is no TOML, has an unknown key or a
// value of the wrong kind - naming file and line.
absl::StatusOr<Settings> LoadSettings(const std::string& path, const Environment& environment);

// Flags win over the environment (PITSER_SERVER, PITSER_TRUST), that over the settings file, that
// over the defaults.
struct ServerAddress {
  net::ChannelOptions channel;
  absl::Duration timeout;
};
// Errors: exit code 2 when no server is named or an option is wrong, 7 for unreadable PEM files.
absl::StatusOr<ServerAddress> ResolveServer(const ServerOptions& options, const Settings& settings,
                                            const Environment& environment);

// The trust folder and whether anybody named it (the default one may be absent).
struct TrustFolder {
  std::string path;
  bool named;
};
TrustFolder ResolveTrustFolder(const std::string& flag, const Settings& settings,
                               const Environment& environment);

// The algorithm to hash new documents with. Errors: exit code 2 for one that is unknown, that this
// build lacks or that is not trusted any more.
absl::StatusOr<ledger::HashAlgorithm> ResolveAlgorithm(const std::string& flag,
                                                       const Settings& settings);
// The same check for an algorithm that stands in a hash.
absl::Status CheckMaySign(ledger::HashAlgorithm algorithm);

// A file that a flag names, read whole. Errors: exit code 7, or 4 when it is too long.
absl::StatusOr<ledger::ByteVector> ReadInput(const std::string& path, std::size_t max_bytes);

// "2026-11-23T18:00:00Z" or Unix seconds. Errors: exit code 2.
absl::StatusOr<std::uint64_t> ParseTime(const std::string& text);
// The other way, for people.
std::string FormatTime(std::uint64_t seconds);

}  // namespace pitser::cli
