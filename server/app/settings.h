#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pitser::server {

// What an operator can choose, with the defaults. SettingsTable() says what each one means.
struct Settings {
  std::string data = "./pitser-data";

  std::string grpc_listen = "127.0.0.1:7380";
  bool insecure_listen = false;
  std::string tls_cert, tls_key, tls_client_ca;
  std::string account = "anonymous";

  std::string machine_id;
  std::uint64_t round_seconds = 1;
  absl::Duration publish_every = absl::Hours(24);

  std::string organization = "Pitser";
  std::string publications_email = "publications@localhost";
  std::string root_certificate, publications_certificate, publications_key, calendar_certificate,
      calendar_key;

  bool accept_gap = false;
  absl::Duration max_clock_step = absl::Seconds(60);
  absl::Duration max_clock_behind = absl::Seconds(5);
  absl::Duration max_gap = absl::Hours(24 * 30);

  std::uint64_t max_pending = 200'000;
  std::uint64_t max_level = 200;
  std::uint64_t max_message_bytes = std::uint64_t{4} << 20;
  std::uint64_t max_streams_per_connection = 4096;
  std::uint64_t max_batch = 100'000;
  std::uint64_t max_batch_digests = 2'000'000;
  std::uint64_t max_stream_in_flight = 100'000;
  std::uint64_t max_stream_unsent_bytes = std::uint64_t{16} << 20;
  std::uint64_t stream_stall_ms = 30'000;
  std::uint64_t max_queued_reads = 1024;
  std::uint64_t max_grpc_memory_bytes = std::uint64_t{512} << 20;
  std::uint64_t calendar_cache_bytes = std::uint64_t{64} << 20;

  absl::Duration shutdown_timeout = absl::Seconds(10);
  std::string log_level = "info";
};

// One setting. The table of them drives the flags, the configuration file, the help, the sample
// configuration and docs/settings.md: there is no second list.
struct Setting {
  struct Number {
    std::uint64_t Settings::*value;
    std::uint64_t min, max;
  };
  struct Duration {
    absl::Duration Settings::*value;
    absl::Duration min, max;
  };
  using Text = std::string Settings::*;
  using Switch = bool Settings::*;

  std::string_view key;      // In the file, snake_case; the flag has dashes.
  std::string_view section;  // A heading for people.
  std::string_view shape;    // What a value looks like, e.g. "HOST:PORT".
  std::string_view help;     // Lower case, no final stop; may be several sentences.
  std::variant<Text, Switch, Number, Duration> field;

  // "--grpc-listen".
  std::string flag() const;
};

// All settings, section by section.
std::span<const Setting> SettingsTable();

// Sets one from its text form, as on the command line: a switch takes "true" and "false", a
// duration Go's notation ("24h", "1m30s"). Errors: kInvalidArgument, saying what was expected and
// what came.
absl::Status SetFromText(const Setting& setting, std::string_view text, Settings& settings);

// The value in the text form.
std::string TextOf(const Setting& setting, const Settings& settings);

// deploy/pitserd.toml and the table of docs/settings.md, from the table.
std::string SampleConfig();
std::string SettingsMarkdown();

}  // namespace pitser::server
