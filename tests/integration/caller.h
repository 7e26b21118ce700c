#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::testing {

// A client of raw stubs, as somebody would write it who has nothing but the .proto file.
class Caller {
 public:
  // "HOST:PORT"; a connection of its own.
  explicit Caller(const std::string& endpoint,
                  const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                      grpc::InsecureChannelCredentials());

  struct SignResult {
    grpc::Status status;
    std::string limit;  // Trailing metadata `pitser-limit`.
    v1::SignResponse response;
  };
  SignResult Sign(const ledger::Imprint& hash, std::uint32_t level = 0,
                  std::chrono::milliseconds timeout = std::chrono::seconds(60)) const;

  absl::StatusOr<ledger::PublicationsFile> PublicationsFile() const;
  // Fetches what the server says of itself, and verifies the file by it.
  absl::StatusOr<ledger::PublicationsFile> VerifiedPublicationsFile(std::uint64_t at_time) const;
  absl::StatusOr<v1::ExtendResponse> Extend(std::uint64_t from,
                                            std::optional<std::uint64_t> to = {}) const;
  absl::StatusOr<v1::ExtendSignatureResponse> ExtendSignature(
      ledger::Bytes signature, std::optional<std::uint64_t> to = {}) const;
  absl::StatusOr<v1::GetCalendarHeadResponse> Head() const;

  // What grpc.health.v1 says: 1 serving, 2 not serving; the status code, negative, of a call that
  // failed. An empty name is the node as a whole.
  int Health(std::string_view service) const;

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
};

// Parses `signature` and verifies it for `hash` with the key-based policy.
// Errors: kFailedPrecondition with the rule's code, besides those of parsing.
absl::StatusOr<ledger::Signature> ParseAndVerify(const std::string& signature,
                                                 const ledger::Imprint& hash, ledger::Level level,
                                                 const ledger::PublicationsFile& publications);

}  // namespace pitser::testing
