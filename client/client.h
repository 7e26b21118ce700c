#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "net/channel.h"
#include "net/retry.h"

namespace pitser::client {

struct ClientOptions {
  net::ChannelOptions channel;
  // For each call with all its repetitions, and for each group of SignMany().
  absl::Duration timeout = absl::Seconds(30);
  net::RetryPolicy retry;
  net::RetryEnvironment environment = net::RetryEnvironment::System();
  // Hashes of SignMany() that wait at a server at once: the size of its groups.
  std::size_t max_in_flight = 512;
};

// A hash to be signed; `level` is the height of the tree that it is the root of.
struct SignInput {
  ledger::Imprint hash;
  ledger::Level level = 0;
};

// Where a signature is extended to. At most one of the two is set; none means the calendar's head.
struct ExtendTarget {
  std::optional<ledger::PublicationRecord> publication;  // Becomes part of the signature.
  std::optional<std::uint64_t> time;                     // Unix seconds; no publication record.
};

struct ServerInfo {
  std::string version;
  absl::Duration round_length;
  absl::Time time;  // By the server's clock.
  std::uint32_t max_level = 0;
  std::vector<ledger::HashAlgorithm> may_be_signed;
  ledger::ByteVector root_fingerprint;  // SHA-256 of the root certificate, 32 bytes.
};

// Whom a server wants to be believed by: to be confirmed from elsewhere.
struct TrustAnswer {
  std::vector<ledger::Certificate> anchors;            // At least one.
  std::vector<ledger::SubjectConstraint> constraints;  // At least one.
};

// A ledger's services. Everything it hands out was checked as far as it can be without trust: a
// signature is internally consistent and is of the hash that was asked for.
//
// Errors, of every call: the server's, by code; kUnavailable and kDeadlineExceeded when it is not
// reached; kInvalidArgument when its answer is malformed; IsWrongAnswer() when the answer is
// well-formed and proven wrong. What is worth repeating (net/retry.h) was repeated.
// Prints nothing.   Thread: any number at once.
class Client {
 public:
  // Errors: kInvalidArgument when the options contradict each other. Nothing is connected yet.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Waits until the round is over: about a second.
  absl::StatusOr<ledger::Signature> Sign(const ledger::Imprint& hash, ledger::Level level = 0);

  // Signs many hashes, `max_in_flight` at once, each group in one round: the signatures of a group
  // that came in around a round's end are asked for again. One result for each input, in its
  // order.
  std::vector<absl::StatusOr<ledger::Signature>> SignMany(std::span<const SignInput> inputs);

  // The signature with its calendar hash chain leading to the target.
  // Errors: kOutOfRange while the calendar has not come that far.
  absl::StatusOr<ledger::Signature> Extend(const ledger::Signature& signature,
                                           const ExtendTarget& target);

  // Parsed, its CMS signature not yet checked: CheckPublicationsFile() does, with trust.
  absl::StatusOr<ledger::PublicationsFile> GetPublicationsFile();

  absl::StatusOr<ServerInfo> GetServerInfo();
  absl::StatusOr<TrustAnswer> GetTrust();

 private:
  struct Stubs;

  Client(ClientOptions options, std::unique_ptr<Stubs> stubs);

  using SignResults = std::vector<absl::StatusOr<ledger::Signature>>;
  SignResults SignGroup(std::span<const SignInput> inputs);
  SignResults SignWithRetry(std::span<const SignInput> inputs);
  std::vector<net::Attempt> SignAtOnce(std::span<const SignInput> inputs,
                                       const std::vector<std::size_t>& which,
                                       absl::Duration timeout, SignResults& results);

  const ClientOptions options_;
  const std::unique_ptr<Stubs> stubs_;
};

// Whether an error says that the server's answer was well-formed and proven wrong.
bool IsWrongAnswer(const absl::Status& status);

}  // namespace pitser::client
