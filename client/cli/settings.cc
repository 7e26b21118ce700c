#include "client/cli/settings.h"

#include <toml++/toml.h>

#include <charconv>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/exit_code.h"
#include "client/file.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"

namespace pitser::cli {
namespace {

constexpr std::size_t kMaxSettingsSize = 1 << 20;
constexpr std::size_t kMaxPemSize = 1 << 20;
constexpr absl::Duration kDefaultTimeout = absl::Seconds(30);

std::string ConfigFolder(const Environment& environment) {
  if (const auto folder = environment("XDG_CONFIG_HOME")) return *folder + "/pitser";
  return environment("HOME").value_or("") + "/.config/pitser";
}

// The first that says something.
std::string FirstOf(const std::string& flag, const std::optional<std::string>& variable,
                    const std::string& setting) {
  if (!flag.empty()) return flag;
  return variable ? *variable : setting;
}

absl::Status WrongSetting(const std::string& path, const toml::node& node, std::string_view what) {
  return Error(ExitCode::kUsage,
               absl::StrFormat("%s:%d: %s", path, node.source().begin.line, what));
}

template <typename T>
absl::Status Take(const std::string& path, const toml::node& node, std::string_view kind, T& out) {
  const auto value = node.value<T>();
  if (!value) return WrongSetting(path, node, absl::StrFormat("expected %s", kind));
  out = *value;
  return absl::OkStatus();
}

absl::Status TakeSetting(const std::string& path, std::string_view key, const toml::node& node,
                         Settings& settings) {
  if (key == "server") return Take(path, node, "a text", settings.server);
  if (key == "tls_ca") return Take(path, node, "a text", settings.tls_ca);
  if (key == "tls_cert") return Take(path, node, "a text", settings.tls_cert);
  if (key == "tls_key") return Take(path, node, "a text", settings.tls_key);
  if (key == "trust") return Take(path, node, "a text", settings.trust);
  if (key == "algorithm") return Take(path, node, "a text", settings.algorithm);
  if (key == "insecure") return Take(path, node, "true or false", settings.insecure);
  if (key == "timeout") {
    return Take(path, node, "a number of seconds", settings.timeout_seconds.emplace());
  }
  return WrongSetting(path, node,
                      absl::StrFormat("unknown setting '%s'; there are server, tls_ca, tls_cert, "
                                      "tls_key, insecure, timeout, trust and algorithm",
                                      key));
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector content, ReadInput(path, kMaxPemSize));
  return ledger::ToString(content);
}

}  // namespace

Environment SystemEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
}

absl::StatusOr<Settings> LoadSettings(const std::string& path, const Environment& environment) {
  const std::string file = path.empty() ? ConfigFolder(environment) + "/pitser.toml" : path;
  Settings settings;
  if (path.empty() && !client::FileExists(file)) return settings;
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector content, ReadInput(file, kMaxSettingsSize));
  try {
    const toml::table table = toml::parse(ledger::AsText(content), file);
    for (const auto& [key, node] : table) {
      PITSER_RETURN_IF_ERROR(TakeSetting(file, key.str(), node, settings));
    }
  } catch (const toml::parse_error& error) {
    return Error(ExitCode::kUsage, absl::StrFormat("%s:%d: %s", file, error.source().begin.line,
                                                   error.description()));
  }
  return settings;
}

absl::StatusOr<ServerAddress> ResolveServer(const ServerOptions& options, const Settings& settings,
                                            const Environment& environment) {
  const std::string server = FirstOf(options.server, environment("PITSER_SERVER"), settings.server);
  if (server.empty()) {
    return Error(ExitCode::kUsage, "no server is named",
                 "give --server HOST:PORT, set PITSER_SERVER, or write `server` in the settings");
  }
  ServerAddress address;
  auto endpoint = net::ParseEndpoint(server);
  if (!endpoint.ok()) return WithExitCode(endpoint.status(), ExitCode::kUsage);
  address.channel.endpoint = *std::move(endpoint);

  // Certificates come as a set: those of the flags, or those of the settings file.
  const bool from_flags =
      !options.tls_ca.empty() || !options.tls_cert.empty() || !options.tls_key.empty();
  if (options.insecure && from_flags) {
    return Error(ExitCode::kUsage, "--insecure and --tls-... contradict each other");
  }
  address.channel.insecure = options.insecure || (settings.insecure && !from_flags);
  if (!address.channel.insecure) {
    PITSER_ASSIGN_OR_RETURN(address.channel.ca_pem,
                            ReadPem(from_flags ? options.tls_ca : settings.tls_ca));
    PITSER_ASSIGN_OR_RETURN(address.channel.certificate_pem,
                            ReadPem(from_flags ? options.tls_cert : settings.tls_cert));
    PITSER_ASSIGN_OR_RETURN(address.channel.key_pem,
                            ReadPem(from_flags ? options.tls_key : settings.tls_key));
  }
  const std::optional<double> seconds =
      options.timeout_seconds ? options.timeout_seconds : settings.timeout_seconds;
  address.timeout = seconds ? absl::Seconds(*seconds) : kDefaultTimeout;
  if (address.timeout <= absl::ZeroDuration() || address.timeout > absl::Hours(24)) {
    return Error(ExitCode::kUsage, "the timeout must be above 0 and at most 86400 seconds");
  }
  return address;
}

TrustFolder ResolveTrustFolder(const std::string& flag, const Settings& settings,
                               const Environment& environment) {
  const std::string named = FirstOf(flag, environment("PITSER_TRUST"), settings.trust);
  if (!named.empty()) return {.path = named, .named = true};
  return {.path = ConfigFolder(environment) + "/trust", .named = false};
}

absl::Status CheckMaySign(ledger::HashAlgorithm algorithm) {
  const std::string_view name = ledger::HashAlgorithmName(algorithm);
  if (!ledger::AlgorithmPolicy::Default().Trusted(algorithm)) {
    return Error(ExitCode::kUsage,
                 absl::StrFormat("%s is not trusted any more and is not signed", name),
                 "use sha-256, sha-384 or sha-512");
  }
  return absl::OkStatus();
}

absl::StatusOr<ledger::HashAlgorithm> ResolveAlgorithm(const std::string& flag,
                                                       const Settings& settings) {
  const std::string name = FirstOf(flag, std::nullopt, settings.algorithm);
  if (name.empty()) return ledger::HashAlgorithm::kSha256;
  const auto algorithm = ledger::HashAlgorithmFromName(name);
  if (!algorithm.ok()) return WithExitCode(algorithm.status(), ExitCode::kUsage);
  PITSER_RETURN_IF_ERROR(CheckMaySign(*algorithm));
  if (!ledger::HashAvailable(*algorithm)) {
    return Error(ExitCode::kUsage, absl::StrFormat("this build cannot compute %s",
                                                   ledger::HashAlgorithmName(*algorithm)));
  }
  return *algorithm;
}

absl::StatusOr<ledger::ByteVector> ReadInput(const std::string& path, std::size_t max_bytes) {
  auto content = client::ReadFile(path, max_bytes);
  if (content.ok()) return content;
  const bool too_long = content.status().code() == absl::StatusCode::kInvalidArgument;
  return WithExitCode(content.status(), too_long ? ExitCode::kMalformed : ExitCode::kLocalFile);
}

absl::StatusOr<std::uint64_t> ParseTime(const std::string& text) {
  std::uint64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, number_error] = std::from_chars(text.data(), end, seconds);
  if (number_error == std::errc() && rest == end) return seconds;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error) && absl::ToUnixSeconds(time) >= 0) {
    return static_cast<std::uint64_t>(absl::ToUnixSeconds(time));
  }
  return Error(
      ExitCode::kUsage,
      absl::StrFormat("'%s' is no time; expected e.g. 2026-11-23T18:00:00Z or Unix seconds", text));
}

std::string FormatTime(std::uint64_t seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(seconds)),
                          absl::UTCTimeZone());
}

}  // namespace pitser::cli
