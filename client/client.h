#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/ledger.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "ledger/format/signature.h"
#include "net/channel.h"
#include "net/retry.h"

namespace pitser::client {

struct ClientOptions {
  net::ChannelOptions channel;
  // For each call with all its repetitions; of SignMany(), for each group from when it is sent.
  absl::Duration timeout = absl::Seconds(30);
  net::RetryPolicy retry;
  net::RetryEnvironment environment = net::RetryEnvironment::System();
  // Hashes of SignMany() that wait at a server at once: the size of its groups.
  std::size_t max_in_flight = 512;
  // Digests of one call of SignBatch() at most, beside the server's own limits: some 1 KiB of
  // memory each while their batch is under way.
  std::size_t max_batch = 100'000;
};

// Gets what became of a request of a SignStream (client/sign_stream.h).
using SignCallback = std::function<void(absl::StatusOr<ledger::Signature>)>;

// What a server refuses beyond: the fields of `Limits` in the contract, by their names there. 0: it
// does not serve what the limit is about.
struct ServerLimits {
  std::uint64_t max_pending = 0;
  std::uint32_t max_level = 0;
  std::uint64_t max_message_bytes = 0;
  std::uint32_t max_streams_per_connection = 0;
  std::uint32_t max_batch = 0;
  std::uint32_t max_stream_in_flight = 0;
  std::uint64_t max_stream_unsent_bytes = 0;
  std::uint32_t stream_stall_ms = 0;
  std::uint32_t max_queued_reads = 0;
  std::uint64_t max_batch_digests = 0;
  std::uint32_t max_calendar_streams = 0;
  std::uint32_t max_publication_streams = 0;
};

struct ServerInfo {
  std::string version;
  absl::Duration round_length;
  absl::Time time;  // By the server's clock.
  ServerLimits limits;
  std::vector<ledger::HashAlgorithm> algorithms;  // That this library knows too, by ascending id.
  std::vector<ledger::HashAlgorithm> may_be_signed;
  ledger::ByteVector root_fingerprint;  // SHA-256 of the root certificate, 32 bytes.
};

// Whom a server wants to be believed by: to be confirmed from elsewhere.
struct TrustAnswer {
  std::vector<ledger::Certificate> anchors;            // At least one.
  std::vector<ledger::SubjectConstraint> constraints;  // At least one.
};

// A ledger's services over gRPC.
class Client final : public Ledger {
 public:
  // Errors: kInvalidArgument when the options contradict each other. Nothing is connected yet.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Waits until the round is over: about a second.
  using Ledger::Sign;
  absl::StatusOr<ledger::Signature> Sign(const ledger::Imprint& hash, ledger::Level level) override;

  // Signs many hashes, `max_in_flight` at once. The signatures of a group that came in around a
  // round's end are of two seconds: what is signed is never asked for again. One result for each
  // input, in its order.
  std::vector<absl::StatusOr<ledger::Signature>> SignMany(
      std::span<const SignInput> inputs) override;

  // Signs many hashes of one algorithm, all of level 0, in batches as large as the server and
  // `max_batch` allow, one after the other: each batch is a tree of its own in one round. `visit`
  // is called in the order of the hashes, on this thread, once a whole batch is there and every
  // signature of it was checked; memory is bounded by one batch.
  // Errors: those of the batch that failed: its hashes and all behind it were not visited, and
  // those before it are signed. kUnimplemented when this server does not serve batches;
  // kInvalidArgument when the algorithms differ.
  absl::Status SignBatch(std::span<const ledger::Imprint> hashes,
                         const BatchVisitor& visit) override;

  // The signature with its calendar hash chain leading to the target.
  // Errors: kOutOfRange while the calendar has not come that far.
  absl::StatusOr<ledger::Signature> Extend(const ledger::Signature& signature,
                                           const ExtendTarget& target) override;

  // Parsed, its CMS signature not yet checked: CheckPublicationsFile() does, with trust.
  absl::StatusOr<ledger::PublicationsFile> GetPublicationsFile() override;

  absl::StatusOr<std::uint32_t> GetMaxLevel() override;
  absl::StatusOr<ServerInfo> GetServerInfo();
  absl::StatusOr<TrustAnswer> GetTrust();

 private:
  friend class SignStream;
  struct Stubs;

  Client(ClientOptions options, std::unique_ptr<Stubs> stubs);

  using SignResults = std::vector<absl::StatusOr<ledger::Signature>>;
  // How many digests of this size one batch may have. Errors: those of GetServerInfo();
  // kUnimplemented.
  absl::StatusOr<std::size_t> BatchSize(std::size_t digest_size);
  absl::Status SignOneBatch(std::span<const ledger::Imprint> hashes, std::size_t first,
                            const BatchVisitor& visit);
  SignResults SignGroup(std::span<const SignInput> inputs);
  std::vector<net::Attempt> SignAtOnce(std::span<const SignInput> inputs,
                                       std::span<const std::size_t> which,
                                       std::span<const absl::Duration> timeouts,
                                       SignResults& results);

  const ClientOptions options_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace pitser::client
