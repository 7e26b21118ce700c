#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "net/ksi/address.h"

namespace pitser::net {

struct KsiTransportOptions {
  KsiAddress address;
  std::string ca_pem;  // Whom HTTPS believes; empty: the system's authorities.
};

// One connection to a service of the KSI service protocol. What is sent and received are PDUs whose
// bytes are not looked at beyond their length.
// Errors of all: kUnavailable when the peer is not reached, or ends; kDeadlineExceeded;
// kInvalidArgument when it answers something that is no PDU. After an error the connection is of no
// more use.   Thread: one at a time.
class KsiTransport {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Connects; with HTTPS, shakes hands and checks the peer's certificate against the host's name.
  static absl::StatusOr<std::unique_ptr<KsiTransport>> Connect(const KsiTransportOptions& options,
                                                               Deadline deadline);
  virtual ~KsiTransport() = default;

  // How many requests may be sent before their answers are received: 1 over HTTP.
  virtual std::size_t max_in_flight() const = 0;

  virtual absl::Status Send(ledger::Bytes pdu, Deadline deadline) = 0;
  // Shape: a complete PDU.
  virtual absl::StatusOr<ledger::ByteVector> Receive(Deadline deadline) = 0;
  // Whether it may be used for another request.
  virtual bool reusable() const = 0;
};

// A file over HTTP or HTTPS; over ksi+tcp:// it is asked for by HTTP at the same port, as Pitser
// serves it.   Errors: as above; kNotFound for any status but 200; kInvalidArgument beyond
// `max_size`.
absl::StatusOr<ledger::ByteVector> GetOverHttp(const KsiTransportOptions& options,
                                               const std::string& path, std::size_t max_size,
                                               KsiTransport::Deadline deadline);

}  // namespace pitser::net
