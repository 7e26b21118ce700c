#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/settings.h"
#include "base/variables.h"
#include "client/cli/options.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "net/channel.h"
#include "net/ksi/client.h"

namespace pitser::cli {

using Environment = base::Variables;

// What a user can choose once for all commands, with the defaults. SettingsTable() says what each
// one means.
struct Settings {
  std::string server;
  std::string extender;     // Of the KSI service protocol; empty: the server.
  std::string credentials;  // A file, for the KSI service protocol.
  absl::Duration timeout = absl::Seconds(30);
  // These four count as one: whoever names a certificate, or none, in one layer does not mean those
  // of a lower layer, which are for another server.
  std::string tls_ca, tls_cert, tls_key;
  bool insecure = false;

  std::string trust;         // A folder.
  bool trust_named = false;  // Whether anybody named it: the default one may be absent.
  std::string algorithm = "sha-256";
};

using Setting = base::Setting<Settings>;

// All settings, section by section: the one list, see base/settings.h.
std::span<const Setting> SettingsTable();
const Setting& SettingNamed(std::string_view key);

// The environment variable that names the settings file when --config does not. PITSER_CONFIG is
// pitserd's, whose file has other keys.
inline constexpr std::string_view kConfigVariable = "PITSER_CLIENT_CONFIG";

// A folder of the user by the XDG base directories: what the variable names, else below HOME. Empty
// where there is neither.
std::string UserFolder(const Environment& environment, std::string_view variable,
                       std::string_view below_home);

// The settings that are in force, and where they come from. Not movable: the origins point into
// the values.
class LoadedSettings {
 public:
  // From the flags, the environment and the settings file: the one that is named, or that of the
  // default place if it is there.
  // Errors: exit code 7 when the file cannot be read, 2 when it is no TOML, or for an unknown key
  // or a wrong value - naming file and line, variable or flag.
  static absl::StatusOr<std::unique_ptr<LoadedSettings>> Load(const CommonOptions& options,
                                                              const Environment& environment);

  LoadedSettings(const LoadedSettings&) = delete;
  LoadedSettings& operator=(const LoadedSettings&) = delete;

  const Settings& values() const { return values_; }
  const base::SettingsInForce& in_force() const { return in_force_; }
  const std::string& file() const { return file_; }  // Empty when none was read.
  // Advice on variables that were probably meant to be settings, one sentence each.
  const std::vector<std::string>& hints() const { return hints_; }

 private:
  LoadedSettings();

  Settings values_;
  base::SettingsInForce in_force_;
  std::string file_;
  std::vector<std::string> hints_;
};

// Errors: exit code 2 where no trust folder is named and there is none by default.
absl::Status CheckTrustFolder(const Settings& settings);

// Whether the server is one of the KSI service protocol.
bool SpeaksKsi(const Settings& settings);
// One of its services. Errors: exit code 2 when `url` is no address of one or no credentials are
// named, 7 for unreadable files.
absl::StatusOr<net::KsiClientOptions> ResolveKsi(const std::string& url, const Settings& settings);

inline constexpr std::string_view kGrpcScheme = "grpc://";

struct ServerAddress {
  net::ChannelOptions channel;
  absl::Duration timeout;
};
// `server` is HOST:PORT, with or without kGrpcScheme before it.
// Errors: exit code 2 when no server is named or the settings contradict each other, 7 for
// unreadable PEM files.
absl::StatusOr<ServerAddress> ResolveServer(const Settings& settings);

// The algorithm to hash new documents with. Errors: exit code 2 for one that is unknown, that this
// build lacks or that is not trusted any more.
absl::StatusOr<ledger::HashAlgorithm> ResolveAlgorithm(const Settings& settings);
// The same check for an algorithm that stands in a hash.
absl::Status CheckMaySign(ledger::HashAlgorithm algorithm);

// A file that a flag names, read whole. Errors: exit code 7, or 4 when it is too long.
absl::StatusOr<ledger::ByteVector> ReadInput(const std::string& path, std::size_t max_bytes);

// "2026-11-23T18:00:00Z" or Unix seconds. Errors: exit code 2.
absl::StatusOr<std::uint64_t> ParseTime(const std::string& text);
// The other way, for people.
std::string FormatTime(std::uint64_t seconds);

}  // namespace pitser::cli
