#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/service/payloads.h"
#include "net/ksi/credentials.h"
#include "net/ksi/transport.h"

namespace pitser::net {

struct KsiClientOptions {
  KsiTransportOptions transport;
  KsiCredentials credentials;
  // Connections at once for many requests; more than one only over HTTP.
  std::size_t max_connections = 64;
};

// A hash for an aggregator; `level` is the height of the tree that it is the root of.
struct KsiSignRequest {
  ledger::Imprint hash;
  std::uint64_t level = 0;
};

// What an aggregator answered: the elements of a signature, as they came, lowest chain first. Level
// corrections leave out the request's level.   Source: spec/ksi-protocol.md 3.2, 3.4.
using KsiSignature = std::vector<ledger::ByteVector>;

// What became of one request of many.
struct KsiSignOutcome {
  absl::StatusOr<KsiSignature> signature;
  absl::Duration took;  // Since its turn came: none when it never did.
};

// The status code that a service refused with (ledger/service/status_codes.h), if that is what an
// error of the client's says.
std::optional<std::uint64_t> KsiStatusOf(const absl::Status& status);

// A client of one service of the KSI service protocol, an aggregator or an extender. It checks that
// an answer is the service's (its HMAC) and the request's (its id), and nothing of what is in it.
//
// Errors: kUnauthenticated when either side does not believe the other's HMAC; kInvalidArgument for
// requests that the service refuses for good and answers that are malformed; kResourceExhausted,
// kUnavailable for what may go another time; kOutOfRange for times that the calendar does not have;
// kDataLoss when its calendar is damaged; kDeadlineExceeded. They name the service, and its status
// code. Nothing is repeated.   Thread: any number at once.
class KsiClient {
 public:
  explicit KsiClient(KsiClientOptions options);
  ~KsiClient();
  KsiClient(const KsiClient&) = delete;
  KsiClient& operator=(const KsiClient&) = delete;

  const KsiAddress& address() const { return options_.transport.address; }

  // Waits until the round is over: about a second.
  absl::StatusOr<KsiSignature> Sign(const KsiSignRequest& request, absl::Duration timeout);
  // Many at once: over TCP on one connection, over HTTP on `max_connections`. One result for each
  // request, in their order; each has its own of the `timeouts`, from when its turn to be sent has
  // come. One whose turn never came ends with kUnavailable, or as the others did when none of them
  // was answered.
  std::vector<KsiSignOutcome> SignMany(std::span<const KsiSignRequest> requests,
                                       std::span<const absl::Duration> timeouts);

  // The calendar hash chain from a second to a later one, or to the newest.
  absl::StatusOr<ledger::CalendarHashChain> Extend(std::uint64_t aggregation_time,
                                                   std::optional<std::uint64_t> publication_time,
                                                   absl::Duration timeout);

  absl::StatusOr<ledger::service::AggregatorConfiguration> GetAggregatorConfiguration(
      absl::Duration timeout);
  absl::StatusOr<ledger::service::ExtenderConfiguration> GetExtenderConfiguration(
      absl::Duration timeout);

  // Over HTTP, at the service's own host and port.   Source: 6.4.
  absl::StatusOr<ledger::ByteVector> GetPublicationsFile(std::size_t max_size,
                                                         absl::Duration timeout);

 private:
  using Deadline = KsiTransport::Deadline;
  class SignRun;

  std::unique_ptr<KsiTransport> TakeIdle();  // Null: there is none.
  void GiveBack(std::unique_ptr<KsiTransport> transport);
  // One PDU and its answer, checked to be the service's.
  absl::StatusOr<ledger::ByteVector> Ask(std::uint16_t tag, ledger::Bytes payloads,
                                         Deadline deadline);
  absl::StatusOr<ledger::ByteVector> Seal(std::uint16_t tag, ledger::Bytes payloads);
  // Whether an answer is the service's; the error that it holds, if it is bare.
  absl::Status CheckAnswer(ledger::Bytes bytes, std::uint16_t tag) const;
  absl::Status ErrorOf(const ledger::service::ServiceError& error, bool aggregator) const;

  const KsiClientOptions options_;
  const std::uint64_t instance_id_;
  std::atomic<std::uint64_t> message_id_ = 0, request_id_ = 0;

  base::Mutex mu_;  // Leaf lock.
  std::vector<std::unique_ptr<KsiTransport>> idle_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::net
