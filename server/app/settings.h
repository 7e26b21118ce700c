#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/settings.h"

namespace pitser::server {

// What an operator can choose, with the defaults. SettingsTable() says what each one means.
struct Settings {
  std::string data = "./pitser-data";

  std::string grpc_listen = "127.0.0.1:7380";
  bool insecure_listen = false;
  std::string tls_cert, tls_key, tls_client_ca;
  std::string account = "anonymous";

  std::string ksi_sign_listen, ksi_extend_listen;
  bool allow_anonymous = false;
  std::uint64_t anonymous_max_level = 20;
  std::uint64_t anonymous_max_requests = 16'000;
  bool ksi_push_configuration = false;
  std::string ksi_cors_origins;

  std::string parent, parent_extender, parent_publications, parent_credentials, parent_ca;
  absl::Duration parent_timeout = absl::Seconds(10);
  absl::Duration parent_publications_every = absl::Minutes(10);
  std::uint64_t parent_max_level = 17;

  std::string machine_id;
  std::uint64_t round_seconds = 1;
  absl::Duration publish_every = absl::Hours(24);
  bool test_schedule = false;
  std::string genesis;

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
  std::uint64_t max_stream_unsent_bytes = std::uint64_t{64} << 20;
  std::uint64_t stream_stall_ms = 30'000;
  std::uint64_t max_queued_reads = 1024;
  std::uint64_t max_calendar_streams = 256;
  std::uint64_t max_publication_streams = 256;
  std::uint64_t max_grpc_memory_bytes = std::uint64_t{512} << 20;
  std::uint64_t ksi_max_connections = 4096;
  std::uint64_t ksi_max_connections_per_address = 1024;
  std::uint64_t ksi_max_in_flight = 16'384;
  std::uint64_t ksi_max_unsent_bytes = std::uint64_t{4} << 20;
  absl::Duration ksi_transfer_timeout = absl::Seconds(30);
  absl::Duration ksi_first_request_timeout = absl::Seconds(10);
  absl::Duration ksi_idle_timeout = absl::Minutes(15);
  std::uint64_t calendar_cache_bytes = std::uint64_t{64} << 20;

  absl::Duration shutdown_timeout = absl::Seconds(10);
  std::string log_level = "info";
};

using Setting = base::Setting<Settings>;

// The section of what is refused beyond.
inline constexpr std::string_view kLimitsSection = "Limits";

// All settings, section by section: the one list, see base/settings.h.
std::span<const Setting> SettingsTable();

// The environment variable that names the configuration file when --config does not.
inline constexpr std::string_view kConfigVariable = "PITSER_CONFIG";

// deploy/pitserd.toml, from the table.
std::string SampleConfig();

}  // namespace pitser::server
