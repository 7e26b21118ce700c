#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "client/ledger.h"
#include "net/ksi/client.h"
#include "net/retry.h"

namespace pitser::client {

struct KsiLedgerOptions {
  // Each is one service; who only signs, or only extends, leaves the other out.
  std::optional<net::KsiClientOptions> aggregator, extender;
  absl::Duration timeout =
      absl::Seconds(30);  // For each request, since it is sent, with all its repetitions.
  net::RetryPolicy retry = {};
  net::RetryEnvironment environment = net::RetryEnvironment::System();
};

// A ledger by the KSI service protocol: Pitser's, or any other.
// Calls for which a service was left out end with kFailedPrecondition.
class KsiLedger final : public Ledger {
 public:
  explicit KsiLedger(KsiLedgerOptions options);

  using Ledger::Sign;
  absl::StatusOr<ledger::Signature> Sign(const ledger::Imprint& hash, ledger::Level level) override;
  std::vector<absl::StatusOr<ledger::Signature>> SignMany(
      std::span<const SignInput> inputs) override;
  absl::Status SignBatch(std::span<const ledger::Imprint> hashes,
                         const BatchVisitor& visit) override;
  absl::StatusOr<std::uint32_t> GetMaxLevel() override;
  absl::StatusOr<ledger::Signature> Extend(const ledger::Signature& signature,
                                           const ExtendTarget& target) override;
  absl::StatusOr<ledger::PublicationsFile> GetPublicationsFile() override;

  // The chain as it comes: ledger::Verify() holds it against the question.
  absl::StatusOr<ledger::CalendarHashChain> GetChain(std::uint64_t aggregation_time,
                                                     std::optional<std::uint64_t> publication_time);

 private:
  absl::StatusOr<net::KsiClient*> Aggregator();
  absl::StatusOr<net::KsiClient*> Extender();

  const KsiLedgerOptions options_;
  std::unique_ptr<net::KsiClient> aggregator_, extender_;
};

}  // namespace pitser::client
