#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ledger/crypto/imprint.h"
#include "net/endpoint.h"
#include "server/accounts/account_store.h"
#include "server/aggregator/aggregator.h"
#include "server/extender/extender.h"
#include "server/publisher/publications.h"

namespace pitser::server {

// What a gateway refuses, or ends, beyond.
struct KsiLimits {
  std::size_t max_connections = 4096;              // Of both ports together.
  std::size_t max_connections_per_address = 1024;  // An IPv6 network of 64 bits is one.
  // Requests of one TCP connection that wait for their answers, and bytes of answers that wait to
  // be read. While there are more, nothing is read from it.
  std::size_t max_in_flight = 16'384;
  std::size_t max_unsent_bytes = std::size_t{4} << 20;
  // The same of all TCP connections together.
  std::size_t max_unsent_bytes_in_all = std::size_t{512} << 20;
  std::size_t max_queued_reads = 1024;  // Extension requests, of all callers together.
  std::size_t read_threads = 2;         // That answer them.
  // From a request's first byte to its last; also what an answer may take to be read on.
  absl::Duration transfer_timeout = absl::Seconds(30);
  absl::Duration idle_timeout = absl::Minutes(15);
  // What stands for it until a connection has shown a right HMAC.
  absl::Duration first_request_timeout = absl::Seconds(10);
};

struct KsiTls {
  std::string certificate_pem, key_pem;
};

struct KsiGatewayOptions {
  // Where the two services listen; nothing: not at all. Port 0: any free one.
  std::optional<net::Endpoint> sign_listen, extend_listen;
  // With it, a connection may also begin with TLS, then HTTP inside.
  std::optional<KsiTls> tls;
  std::uint64_t round_seconds = 1;
  std::vector<std::string> parents;  // Told in configurations.
  // Tell clients over TCP when their account has changed.   Source: spec/ksi-protocol.md 5.3.
  bool push_configuration = false;
  // Origins of web pages that may ask; "*" is any. Empty: CORS is off.
  std::vector<std::string> cors_origins;
  KsiLimits limits;
};

// Whom the gateway serves. Nothing is owned, all outlive it.
struct KsiGatewayParts {
  base::Clock* clock;
  const AccountStore* accounts;
  Aggregator* aggregator;
  const Extender* extender;
  const Publications* publications;
};

// The face of the node to clients of the KSI service protocol: HTTP, HTTPS and raw TCP on one port
// for each of the two services.   Source: spec/ksi-protocol.md 6. Thread: any; Shutdown() is the
// owner's.
class KsiGateway {
 public:
  // Errors: kInvalidArgument for TLS files that do not go together; kUnavailable when a port cannot
  // be had, saying so in one line.
  static absl::StatusOr<std::unique_ptr<KsiGateway>> Start(KsiGatewayOptions options,
                                                           const KsiGatewayParts& parts);
  virtual ~KsiGateway() = default;

  // Where it listens, with the ports that were found; nothing: not at all.
  virtual const std::optional<net::Endpoint>& sign_endpoint() const = 0;
  virtual const std::optional<net::Endpoint>& extend_endpoint() const = 0;

  // Connections that are open.
  virtual std::size_t connections() const = 0;
  // Whether a read came upon stored bytes that contradict their checksum or shape.
  virtual bool SawDamage() const = 0;

  // Takes no more connections and requests, sends the answers that are due, then closes; at
  // `timeout` it closes anyway. Pending signatures are answered before, by stopping the aggregator.
  virtual void Shutdown(absl::Duration timeout) = 0;
};

}  // namespace pitser::server
