#include "client/cli/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "client/cli/tls_files.h"
#include "client/file.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/base/time_text.h"
#include "ledger/crypto/hasher.h"

namespace pitser::cli {
namespace {

using S = Settings;

constexpr std::string_view kServer = "Server";
constexpr std::string_view kTrust = "Trust";
constexpr std::string_view kHashing = "Hashing";

const std::array kTable = {
    Setting{"server", kServer, "HOST:PORT",
            "the ledger; or an aggregator of the KSI service protocol: ksi+http://HOST:PORT, "
            "ksi+https:// or ksi+tcp://",
            &S::server},
    Setting{"extender", kServer, "URL",
            "an extender of the KSI service protocol, where extending is not done by the server",
            &S::extender},
    Setting{
        "credentials", kServer, "FILE",
        "who we are for the KSI service protocol: lines `login NAME` and `key SECRET`; readable "
        "by nobody else",
        &S::credentials},
    Setting{"timeout", kServer, "SECONDS", "give up after so long",
            Setting::Duration{&S::timeout, absl::Milliseconds(1), absl::Hours(24), true}},
    Setting{"tls_ca",
            kServer,
            "FILE",
            "certificates to believe the server by (PEM); without it, the system's",
            &S::tls_ca,
            {},
            {},
            true},
    Setting{"tls_cert", kServer, "FILE", "our own certificate for the server (PEM)", &S::tls_cert,
            "PITSER_CLIENT_TLS_CERT"},
    Setting{"tls_key", kServer, "FILE", "the key of tls_cert (PEM), readable by nobody else",
            &S::tls_key, "PITSER_CLIENT_TLS_KEY"},
    Setting{"insecure", kServer, "", "plain text also to a server on another machine",
            &S::insecure},
    Setting{"trust",
            kTrust,
            "DIR",
            "folder of `pitser trust fetch` or of a server's DIR/trust; without it, "
            "~/.config/pitser/trust",
            &S::trust,
            {},
            {},
            true},
    Setting{"algorithm", kHashing, "NAME", "the algorithm to hash new documents with",
            &S::algorithm},
};

// What counts as one, see Settings.
constexpr std::array<std::string_view, 4> kConnectionKeys = {"tls_ca", "tls_cert", "tls_key",
                                                             "insecure"};

// Of the user; empty where there is none, as of services without HOME.
std::string ConfigFolder(const Environment& environment) {
  const std::string folder = UserFolder(environment, "XDG_CONFIG_HOME", ".config");
  return folder.empty() ? "" : folder + "/pitser";
}

// The settings file of the default place, unless that cannot be looked at: another user's HOME, as
// `sudo -u` leaves it, must not keep every command from working. Says so in `hints`.
std::string DefaultFile(const std::string& folder, std::vector<std::string>& hints) {
  if (folder.empty()) return "";
  std::string path = folder + "/pitser.toml";
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 || errno == ENOENT) return path;
  hints.push_back(absl::StrFormat("no settings are read from %s: %s", path, std::strerror(errno)));
  return "";
}

// Takes back what layers below the highest one say about certificates.
void KeepOneSetOfCertificates(base::SettingsInForce& settings) {
  using base::Origin;
  const std::string no_switch = "false";
  auto highest = Origin::Layer::kDefault;
  for (const std::string_view key : kConnectionKeys) {
    const base::SettingInForce& setting = base::Named(key, settings);
    const std::string text = base::TextOf(setting.setting);
    if (text.empty() || text == no_switch) continue;
    highest = std::max(highest, setting.origin.layer);
  }
  for (const std::string_view key : kConnectionKeys) {
    base::SettingInForce& setting = base::Named(key, settings);
    if (setting.origin.layer >= highest) continue;
    PITSER_CHECK(
        base::SetFromText(setting.setting, setting.setting.is_switch() ? no_switch : "").ok());
    setting.origin = {};
  }
}

}  // namespace

std::span<const Setting> SettingsTable() { return kTable; }

const Setting& SettingNamed(std::string_view key) {
  const auto* setting = std::ranges::find(kTable, key, &Setting::key);
  PITSER_CHECK(setting != kTable.end());
  return *setting;
}

std::string UserFolder(const Environment& environment, std::string_view variable,
                       std::string_view below_home) {
  const auto folder = environment(variable);
  if (folder && folder->starts_with('/')) return *folder;  // Others are to be ignored, says XDG.
  const auto home = environment("HOME");
  return home ? absl::StrFormat("%s/%s", *home, below_home) : "";
}

LoadedSettings::LoadedSettings() : in_force_(base::InForce(SettingsTable(), values_)) {}

absl::StatusOr<std::unique_ptr<LoadedSettings>> LoadedSettings::Load(
    const CommonOptions& options, const Environment& environment) {
  std::unique_ptr<LoadedSettings> loaded(new LoadedSettings());
  const std::string folder = ConfigFolder(environment);
  if (!folder.empty()) loaded->values_.trust = folder + "/trust";
  const base::Layers layers{.file_flag = options.config,
                            .file_variable = kConfigVariable,
                            .default_file = DefaultFile(folder, loaded->hints_),
                            .variables = environment,
                            .flags = options.flags};
  auto file = base::ApplyLayers(layers, loaded->in_force_);
  if (!file.ok()) {
    const bool wrong = file.status().code() == absl::StatusCode::kInvalidArgument;
    return WithExitCode(file.status(), wrong ? ExitCode::kUsage : ExitCode::kLocalFile);
  }
  KeepOneSetOfCertificates(loaded->in_force_);
  loaded->values_.trust_named =
      base::Named("trust", loaded->in_force_).origin.layer != base::Origin::Layer::kDefault;
  loaded->file_ = *std::move(file);
  for (std::string& hint : base::MisspeltVariables(layers, loaded->in_force_)) {
    loaded->hints_.push_back(std::move(hint));
  }
  return loaded;
}

absl::StatusOr<ServerAddress> ResolveServer(const Settings& settings) {
  if (settings.server.empty()) {
    return Error(ExitCode::kUsage, "no server is named",
                 "give --server HOST:PORT, set PITSER_SERVER, or write `server` in the settings");
  }
  if (SpeaksKsi(settings)) {
    return Error(ExitCode::kUsage,
                 "this is not done over the KSI service protocol, which the server speaks",
                 "name a ledger that speaks gRPC: --server HOST:PORT");
  }
  ServerAddress address;
  // An address as --extender takes it is good here, too.
  std::string_view server = settings.server;
  if (server.starts_with(kGrpcScheme)) {
    server.remove_prefix(kGrpcScheme.size());
    if (server.ends_with('/')) server.remove_suffix(1);
  }
  if (const auto scheme = server.find("://"); scheme != std::string_view::npos) {
    return Error(
        ExitCode::kUsage,
        absl::StrFormat("%s:// is no way to a ledger", Printable(server.substr(0, scheme))),
        "gRPC is named as HOST:PORT, the KSI service protocol as ksi+http://HOST:PORT");
  }
  auto endpoint = net::ParseEndpoint(server);
  if (!endpoint.ok()) return WithExitCode(endpoint.status(), ExitCode::kUsage);
  address.channel.endpoint = *std::move(endpoint);
  const bool certificates =
      !settings.tls_ca.empty() || !settings.tls_cert.empty() || !settings.tls_key.empty();
  if (settings.insecure && certificates) {
    return Error(ExitCode::kUsage, "--insecure and --tls-... contradict each other");
  }
  address.channel.insecure = settings.insecure;
  PITSER_ASSIGN_OR_RETURN(TlsTexts texts,
                          ReadTlsFiles(settings.tls_ca, settings.tls_cert, settings.tls_key));
  address.channel.ca_pem = std::move(texts.ca);
  address.channel.certificate_pem = std::move(texts.certificate);
  address.channel.key_pem = std::move(texts.key);
  address.timeout = settings.timeout;
  return address;
}

absl::Status CheckTrustFolder(const Settings& settings) {
  if (!settings.trust.empty()) return absl::OkStatus();
  return Error(ExitCode::kUsage, "no trust folder is named, and HOME is not set",
               "name one: --trust DIR, or -o DIR of `pitser trust fetch`");
}

bool SpeaksKsi(const Settings& settings) { return net::LooksLikeKsiAddress(settings.server); }

absl::StatusOr<net::KsiClientOptions> ResolveKsi(const std::string& url, const Settings& settings) {
  net::KsiClientOptions options;
  auto address = net::ParseKsiAddress(url);
  if (!address.ok()) return WithExitCode(address.status(), ExitCode::kUsage);
  options.transport.address = *std::move(address);
  PITSER_ASSIGN_OR_RETURN(TlsTexts texts, ReadTlsFiles(settings.tls_ca, {}, {}));
  options.transport.ca_pem = std::move(texts.ca);
  if (settings.credentials.empty()) {
    return Error(ExitCode::kUsage, "no credentials are named for the KSI service protocol",
                 "give --credentials FILE with the lines `login NAME` and `key SECRET`");
  }
  auto credentials = net::ReadKsiCredentials(settings.credentials);
  if (!credentials.ok()) return WithExitCode(credentials.status(), ExitCode::kLocalFile);
  options.credentials = *std::move(credentials);
  return options;
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

absl::StatusOr<ledger::HashAlgorithm> ResolveAlgorithm(const Settings& settings) {
  const auto algorithm = ledger::HashAlgorithmFromName(settings.algorithm);
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

std::string FormatTime(std::uint64_t seconds) { return ledger::TimeText(seconds); }

}  // namespace pitser::cli
