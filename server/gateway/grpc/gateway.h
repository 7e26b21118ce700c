#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "net/endpoint.h"
#include "server/aggregator/aggregator.h"
#include "server/core/head_watch.h"
#include "server/extender/extender.h"
#include "server/publisher/publications.h"
#include "storage/calendar.h"

namespace pitser::server {

// What the gateway refuses beyond; the fields of Limits in proto/pitser/v1/pitser.proto. The first
// two are the aggregator's to enforce and told here only.
struct GrpcLimits {
  std::uint64_t max_pending = 0;
  std::uint32_t max_level = 0;
  std::uint64_t max_message_bytes = std::uint64_t{4} << 20;
  std::uint32_t max_streams_per_connection = 4096;
  std::uint32_t max_batch = 100'000;
  std::uint32_t max_stream_in_flight = 100'000;
  std::uint64_t max_stream_unsent_bytes = std::uint64_t{64} << 20;
  std::uint32_t stream_stall_ms = 30'000;
  std::uint32_t max_queued_reads = 1024;
  std::uint64_t max_batch_digests = 2'000'000;
  std::uint32_t max_calendar_streams = 256;
  std::uint32_t max_publication_streams = 256;
  // What gRPC may hold for all connections together; it slows its peers down beyond.
  std::uint64_t max_grpc_memory_bytes = std::uint64_t{512} << 20;
};

struct GrpcTls {
  // PEM texts. With a client authority, every client must show a certificate of it, whose common
  // name is then its account.
  std::string certificate_pem, key_pem, client_ca_pem;
};

struct GrpcGatewayOptions {
  net::Endpoint listen;  // Port 0: any free one.
  std::optional<GrpcTls> tls;
  // Serve plain text beyond this machine.
  bool insecure_listen = false;
  // The account of whoever shows no certificate.
  std::string default_account = "anonymous";
  GrpcLimits limits;
  std::string version;                             // Told to clients, e.g. "pitserd 0.1.0".
  absl::Duration round_length = absl::Seconds(1);  // Told to clients.
  // That read the calendar. Two read as fast as a disk answers, and its hot nodes are in memory.
  std::size_t read_threads = 2;
};

// Whether these options may be listened with: plain text only on this machine, unless it is asked
// for, and a certificate with its own key. Start() asks it too.
// Errors: kInvalidArgument, saying what to give.
absl::Status CheckListener(const GrpcGatewayOptions& options);

// Whom the gateway serves. Nothing is owned, all outlive it.
struct GrpcGatewayParts {
  base::Clock* clock;
  Aggregator* aggregator;
  const Extender* extender;
  const storage::Calendar* calendar;  // Null: the calendar is the parent's, as trust is.
  const Publications* publications;
  HeadWatch* head_watch;  // Of `calendar`. Stopped by Shutdown().
  // What the signatures are trusted by. With `calendar`.
  struct Trust {
    ledger::Certificate root;
    ledger::SubjectConstraint constraint;
  };
  std::optional<Trust> trust;
};

// The services of pitser.v1, as grpc.health.v1 names them.
inline constexpr std::string_view kSignerService = "pitser.v1.Signer";
inline constexpr std::string_view kExtenderService = "pitser.v1.Extender";
inline constexpr std::string_view kPublicationsService = "pitser.v1.Publications";
inline constexpr std::string_view kCalendarService = "pitser.v1.Calendar";
inline constexpr std::string_view kInfoService = "pitser.v1.Info";

// The face of the node to the world: pitser.v1, health and reflection over gRPC. It translates and
// authenticates and decides nothing.
// Thread: any; Shutdown() is the owner's.
class GrpcGateway {
 public:
  // Listens and serves; health says "not serving" of each service until the owner says otherwise by
  // SetServing().
  // Errors: those of CheckListener(); kUnavailable when the port cannot be had, saying so in one
  // line.
  static absl::StatusOr<std::unique_ptr<GrpcGateway>> Start(GrpcGatewayOptions options,
                                                            GrpcGatewayParts parts);
  virtual ~GrpcGateway() = default;

  // Where it listens, with the port that was found.
  virtual const net::Endpoint& endpoint() const = 0;

  // What health says of a service from now on; of the node as a whole, for an empty name.
  virtual void SetServing(std::string_view service, bool serving) = 0;

  // Whether a read came upon stored bytes that contradict their checksum or shape.
  virtual bool SawDamage() const = 0;

  // Health says "not serving" for good: the first step of a shutdown.
  virtual void StopServing() = 0;

  // Takes no more calls, lets those that run end until `timeout`, then breaks them off. Pending
  // signatures are answered before, by stopping the aggregator: else this waits for them. Streams
  // of answers end after the message that is on its way.
  virtual void Shutdown(absl::Duration timeout) = 0;
};

}  // namespace pitser::server
