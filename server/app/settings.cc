#include "server/app/settings.h"

#include <array>

#include "base/settings_text.h"

namespace pitser::server {
namespace {

using S = Settings;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = kMiB << 10;

constexpr std::string_view kService = "The service";
constexpr std::string_view kKsi = "The KSI service protocol";
constexpr std::string_view kParent = "The parent";
constexpr std::string_view kRounds = "Rounds and publications";
constexpr std::string_view kKeys = "Keys and certificates";
constexpr std::string_view kClock = "The clock";
constexpr std::string_view kLimits = kLimitsSection;
constexpr std::string_view kProcess = "The process";

const std::array kTable = {
    Setting{"data", kService, "DIR",
            "the data folder: calendar, keys and what others trust the server by. Made on the "
            "first start",
            &S::data},
    Setting{"grpc_listen", kService, "HOST:PORT",
            "where the gRPC service listens. Port 0 takes any free one, which the ready line tells",
            &S::grpc_listen},
    Setting{"tls_cert", kService, "FILE",
            "the server's TLS certificate, PEM, followed by its intermediates. Without it the "
            "service speaks plain text",
            &S::tls_cert},
    Setting{"tls_key", kService, "FILE", "the key of tls_cert, PEM, readable by nobody else",
            &S::tls_key},
    Setting{"tls_client_ca",
            kService,
            "FILE",
            "authorities, PEM: every client must show a certificate of one of them, whose common "
            "name is its account",
            &S::tls_client_ca,
            {},
            {},
            true},
    Setting{"insecure_listen", kService, "",
            "serve plain text to other machines too. Without it a listener that is not loopback "
            "needs TLS",
            &S::insecure_listen},
    Setting{
        "account", kService, "NAME",
        "the account of clients that show no certificate. It stands in every signature they get",
        &S::account},

    Setting{"ksi_sign_listen",
            kKsi,
            "HOST:PORT",
            "where clients of the KSI service protocol sign, over HTTP or TCP; with tls_cert also "
            "over HTTPS. Port 0 takes any free one",
            &S::ksi_sign_listen,
            {},
            "nowhere"},
    Setting{"ksi_extend_listen",
            kKsi,
            "HOST:PORT",
            "where they extend: another port, as they expect",
            &S::ksi_extend_listen,
            {},
            "nowhere"},
    Setting{"allow_anonymous", kKsi, "",
            "the account anon with the key anon, for tests: whoever reaches the port can use it. "
            "Only on loopback, or with insecure_listen",
            &S::allow_anonymous},
    Setting{"anonymous_max_level", kKsi, "N",
            "of allow_anonymous: the highest tree that a hash may be the root of",
            Setting::Number{&S::anonymous_max_level, 1, 20}},
    Setting{"anonymous_max_requests", kKsi, "N", "of allow_anonymous: requests in one round",
            Setting::Number{&S::anonymous_max_requests, 1, 16'000}},
    Setting{"ksi_push_configuration", kKsi, "",
            "tell clients over TCP unasked when their account's limits have changed. Not every "
            "client takes it",
            &S::ksi_push_configuration},
    Setting{"ksi_cors_origins",
            kKsi,
            "ORIGINS",
            "web pages that may ask over HTTP: origins with commas between, as browsers name them "
            "(https://app.example), or * for any",
            &S::ksi_cors_origins,
            {},
            "none"},

    Setting{"parent",
            kParent,
            "URL",
            "the aggregator that signs this server's rounds, of Pitser or of any other ledger: "
            "ksi+http://, ksi+https:// or ksi+tcp://HOST:PORT. The server then has no calendar and "
            "no keys of its own",
            &S::parent,
            {},
            "it is a ledger itself"},
    Setting{"parent_extender", kParent, "URL",
            "the extender of the same ledger, needed with parent", &S::parent_extender},
    Setting{"parent_publications",
            kParent,
            "URL",
            "the ledger's publications file, http:// or https://",
            &S::parent_publications,
            {},
            "/ksi-publications.bin where parent_extender is"},
    Setting{"parent_credentials", kParent, "FILE",
            "this server's account there: a file, readable by nobody else, with the lines "
            "'login NAME' and 'key SECRET'",
            &S::parent_credentials},
    Setting{"parent_ca",
            kParent,
            "FILE",
            "the authorities, PEM, that its HTTPS certificates are of. Without it, the system's",
            &S::parent_ca,
            {},
            {},
            true},
    Setting{"parent_timeout", kParent, "DURATION",
            "how long its answer to a round, an extension or a file is waited for",
            Setting::Duration{&S::parent_timeout, absl::Seconds(1), absl::Minutes(10)}},
    Setting{
        "parent_publications_every", kParent, "DURATION",
        "how often its publications file is fetched",
        Setting::Duration{&S::parent_publications_every, absl::Seconds(1), absl::Hours(24 * 7)}},
    Setting{"parent_max_level", kParent, "N",
            "the highest tree that it takes from this server's account, where it does not tell "
            "less itself. A round that makes a higher one is sent as several",
            Setting::Number{&S::parent_max_level, 1, 253}},

    Setting{"publish_every", kRounds, "DURATION",
            "a publication at every multiple of this since 1970, e.g. 24h: at midnight UTC",
            Setting::Duration{&S::publish_every, absl::Seconds(1), absl::Hours(24 * 366)}},
    Setting{"test_schedule", kRounds, "",
            "take a publish_every that fills the publications file within a year, after which "
            "nothing can be published: for tests",
            &S::test_schedule},
    Setting{
        "genesis",
        kRounds,
        "TIME",
        "the calendar's first second for clients of the KSI service protocol, who extend nothing "
        "before it. RFC 3339, or Unix seconds; it can only be moved back. Earlier seconds cost "
        "nothing",
        &S::genesis,
        {},
        "the first start"},
    Setting{"round_seconds", kRounds, "N",
            "seconds of a round, after which its requests are signed",
            Setting::Number{&S::round_seconds, 1, 3600}},
    Setting{"machine_id",
            kRounds,
            "NAME",
            "the name of this server in its signatures' metadata",
            &S::machine_id,
            {},
            "none"},

    Setting{"organization", kKeys, "NAME",
            "the organization in the certificates that are made on the first start",
            &S::organization},
    Setting{"publications_email", kKeys, "ADDRESS",
            "the e-mail address of the publications file's signer, by which others know it",
            &S::publications_email},
    Setting{"root_certificate", kKeys, "FILE",
            "own keys instead of made ones, all five together: the root certificate, PEM",
            &S::root_certificate},
    Setting{"publications_certificate", kKeys, "FILE",
            "the certificate of the publications file's signer, PEM", &S::publications_certificate},
    Setting{"publications_key", kKeys, "FILE", "its key, PEM, readable by nobody else",
            &S::publications_key},
    Setting{"calendar_certificate", kKeys, "FILE",
            "the certificate of the key that signs calendar roots, PEM", &S::calendar_certificate},
    Setting{"calendar_key", kKeys, "FILE", "its key, RSA, PEM, readable by nobody else",
            &S::calendar_key},

    Setting{"accept_gap", kClock, "",
            "start although more than max_gap has passed since the newest second of the calendar. "
            "For one start, when the clock is known to be right: the seconds between can never be "
            "used again",
            &S::accept_gap},
    Setting{"max_gap", kClock, "DURATION",
            "the longest time since the newest second of the calendar that a start takes for true",
            Setting::Duration{&S::max_gap, absl::Seconds(1), absl::Hours(24 * 366 * 100)}},
    Setting{"max_clock_step", kClock, "DURATION",
            "the largest step forward of the machine's clock beyond which signing stops",
            Setting::Duration{&S::max_clock_step, absl::Seconds(1), absl::Hours(24)}},
    Setting{"max_clock_behind", kClock, "DURATION",
            "how far the machine's clock may be behind the newest second of the calendar: so long "
            "requests wait, beyond it they are refused",
            Setting::Duration{&S::max_clock_behind, absl::ZeroDuration(), absl::Hours(1)}},

    Setting{"max_pending", kLimits, "N",
            "requests that may wait for their signatures, of all callers together. A batch is one",
            Setting::Number{&S::max_pending, 1, 100'000'000}},
    Setting{"max_level", kLimits, "N", "the highest tree that a request's hash may be the root of",
            Setting::Number{&S::max_level, 0, 253}},
    Setting{"max_message_bytes", kLimits, "BYTES", "one message to the server",
            Setting::Number{&S::max_message_bytes, 1024, 256 * kMiB}},
    Setting{"max_streams_per_connection", kLimits, "N",
            "calls at once on one connection; a client's further calls wait on its side",
            Setting::Number{&S::max_streams_per_connection, 1, 1'000'000}},
    Setting{"max_batch", kLimits, "N", "digests in one batch",
            Setting::Number{&S::max_batch, 1, 10'000'000}},
    Setting{"max_batch_digests", kLimits, "N",
            "digests in all batches together, each about 100 bytes of memory from the batch's "
            "beginning until its last signature is sent. At least max_batch",
            Setting::Number{&S::max_batch_digests, 1, 1'000'000'000}},
    Setting{"max_stream_in_flight", kLimits, "N", "unanswered requests of one stream",
            Setting::Number{&S::max_stream_in_flight, 1, 100'000'000}},
    Setting{"max_stream_unsent_bytes", kLimits, "BYTES",
            "answers of one stream that wait to be read, as they would be sent: held, they take a "
            "sixth of it; while there are more, no requests of the stream are read",
            Setting::Number{&S::max_stream_unsent_bytes, 1024, 1024 * kGiB}},
    Setting{"stream_stall_ms", kLimits, "MS",
            "milliseconds after which a stream or a batch whose answers nobody reads is ended",
            Setting::Number{&S::stream_stall_ms, 100, 3'600'000}},
    Setting{"max_queued_reads", kLimits, "N",
            "calls that may wait for the calendar to be read, of all callers together",
            Setting::Number{&S::max_queued_reads, 1, 1'000'000}},
    Setting{"max_calendar_streams", kLimits, "N",
            "StreamCalendarLeaves calls at once, of all callers together",
            Setting::Number{&S::max_calendar_streams, 1, 100'000}},
    Setting{"max_publication_streams", kLimits, "N",
            "GetPublicationsFile and ListPublications calls at once, of all callers together",
            Setting::Number{&S::max_publication_streams, 1, 100'000}},
    Setting{"max_grpc_memory_bytes", kLimits, "BYTES",
            "what gRPC may hold for all connections together before it slows them down",
            Setting::Number{&S::max_grpc_memory_bytes, 16 * kMiB, 1024 * kGiB}},
    Setting{"ksi_max_connections", kLimits, "N",
            "connections of the KSI service protocol at once; further ones are closed",
            Setting::Number{&S::ksi_max_connections, 1, 1'000'000}},
    Setting{"ksi_max_connections_per_address", kLimits, "N",
            "of them, those that one address may have (of IPv6 one network of 64 bits). Raise it "
            "where all come through a proxy",
            Setting::Number{&S::ksi_max_connections_per_address, 1, 1'000'000}},
    Setting{"ksi_max_in_flight", kLimits, "N",
            "unanswered requests of one TCP connection; while there are more, none is read",
            Setting::Number{&S::ksi_max_in_flight, 1, 10'000'000}},
    Setting{"ksi_max_unsent_bytes", kLimits, "BYTES",
            "answers of one TCP connection that wait to be read; while there are more, no request "
            "is read",
            Setting::Number{&S::ksi_max_unsent_bytes, 65'539, kGiB}},
    Setting{"ksi_transfer_timeout", kLimits, "DURATION",
            "what a request may take from its first byte to its last, and an answer to be read on",
            Setting::Duration{&S::ksi_transfer_timeout, absl::Milliseconds(100), absl::Hours(1)}},
    Setting{
        "ksi_first_request_timeout", kLimits, "DURATION",
        "after which a connection of the KSI service protocol that sent nothing is closed, and "
        "one that showed no account's right HMAC yet when it sends no more",
        Setting::Duration{&S::ksi_first_request_timeout, absl::Milliseconds(100), absl::Hours(1)}},
    Setting{"ksi_idle_timeout", kLimits, "DURATION",
            "after which a connection of the KSI service protocol without requests is closed",
            Setting::Duration{&S::ksi_idle_timeout, absl::Milliseconds(100), absl::Hours(24)}},
    Setting{"calendar_cache_bytes", kLimits, "BYTES", "memory for the calendar's hot part",
            Setting::Number{&S::calendar_cache_bytes, kMiB, 1024 * kGiB}},

    Setting{"shutdown_timeout", kProcess, "DURATION",
            "how long a shutdown waits for calls that run, after all pending requests are answered",
            Setting::Duration{&S::shutdown_timeout, absl::ZeroDuration(), absl::Hours(1)}},
    Setting{"log_level", kProcess, "LEVEL",
            "what is logged on standard error: error, warning, info or debug", &S::log_level},
};

}  // namespace

std::span<const Setting> SettingsTable() { return kTable; }

std::string SampleConfig() {
  Settings defaults;
  return "# Configuration of pitserd: pitserd --config FILE\n"
         "# Every key is also a flag (grpc_listen: --grpc-listen), which counts more, and an\n"
         "# environment variable (PITSER_GRPC_LISTEN), which counts more than this file. What is\n"
         "# commented out shows the default. An unknown key is an error.\n"
         "# Made by `pitserd --sample-config`.\n" +
         base::SampleConfig(base::InForce(SettingsTable(), defaults));
}

}  // namespace pitser::server
