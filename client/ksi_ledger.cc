#include "client/ksi_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/answers.h"
#include "client/verification.h"
#include "ledger/base/status.h"
#include "ledger/service/answered_signature.h"
#include "net/ksi/sign_many.h"

namespace pitser::client {
namespace {

using ledger::ByteVector;
using ledger::Signature;

absl::StatusOr<Signature> Take(const net::KsiSignature& parts, const SignInput& input) {
  auto bytes = ledger::service::AnsweredSignature(parts, input.level);
  if (!bytes.ok()) return MalformedAnswer(bytes.status());
  return TakeSignature(*std::move(bytes), input);
}

std::unique_ptr<net::KsiClient> ClientOf(const std::optional<net::KsiClientOptions>& options) {
  return options ? std::make_unique<net::KsiClient>(*options) : nullptr;
}

}  // namespace

KsiLedger::KsiLedger(KsiLedgerOptions options)
    : options_(std::move(options)),
      aggregator_(ClientOf(options_.aggregator)),
      extender_(ClientOf(options_.extender)) {}

absl::StatusOr<net::KsiClient*> KsiLedger::Aggregator() {
  if (aggregator_ != nullptr) return aggregator_.get();
  return absl::FailedPreconditionError("no aggregator is named");
}

absl::StatusOr<net::KsiClient*> KsiLedger::Extender() {
  if (extender_ != nullptr) return extender_.get();
  return absl::FailedPreconditionError("no extender is named");
}

absl::StatusOr<Signature> KsiLedger::Sign(const ledger::Imprint& hash, ledger::Level level) {
  const SignInput input{.hash = hash, .level = level};
  return std::move(SignMany({&input, 1}).front());
}

std::vector<absl::StatusOr<Signature>> KsiLedger::SignMany(std::span<const SignInput> inputs) {
  std::vector<absl::StatusOr<Signature>> results(inputs.size());
  const auto aggregator = Aggregator();
  if (!aggregator.ok()) {
    for (auto& result : results) result = aggregator.status();
    return results;
  }
  std::vector<net::KsiSignRequest> requests;
  for (const SignInput& input : inputs) requests.push_back({input.hash, input.level});
  const auto answers = net::SignManyWithRetry(**aggregator, requests, options_.retry,
                                              options_.timeout, options_.environment);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (answers[i].ok()) {
      results[i] = Take(*answers[i], inputs[i]);
    } else {
      results[i] = answers[i].status();
    }
  }
  return results;
}

absl::Status KsiLedger::SignBatch(std::span<const ledger::Imprint>, const BatchVisitor&) {
  return absl::UnimplementedError("the service protocol has no batches");
}

absl::StatusOr<std::uint32_t> KsiLedger::GetMaxLevel() {
  PITSER_ASSIGN_OR_RETURN(net::KsiClient* const aggregator, Aggregator());
  PITSER_ASSIGN_OR_RETURN(const auto configuration,
                          aggregator->GetAggregatorConfiguration(options_.timeout));
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(configuration.max_level.value_or(0), 255));
}

absl::StatusOr<ledger::CalendarHashChain> KsiLedger::GetChain(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) {
  PITSER_ASSIGN_OR_RETURN(net::KsiClient* const extender, Extender());
  absl::StatusOr<ledger::CalendarHashChain> chain = absl::UnavailableError("not asked");
  PITSER_RETURN_IF_ERROR(net::CallWithRetry(
      options_.retry, options_.timeout, options_.environment, [&](absl::Duration remaining) {
        chain = extender->Extend(aggregation_time, publication_time, remaining);
        return net::Attempt{chain.status(), std::nullopt};
      }));
  return chain;
}

absl::StatusOr<Signature> KsiLedger::Extend(const Signature& signature,
                                            const ExtendTarget& target) {
  const auto time = target.publication ? std::optional<std::uint64_t>(target.publication->data.time)
                                       : target.time;
  PITSER_ASSIGN_OR_RETURN(const auto chain, GetChain(signature.signing_time(), time));
  return TakeExtended(signature, chain, target);
}

absl::StatusOr<ledger::PublicationsFile> KsiLedger::GetPublicationsFile() {
  net::KsiClient* const from = extender_ != nullptr ? extender_.get() : aggregator_.get();
  if (from == nullptr) return absl::FailedPreconditionError("no service is named");
  PITSER_ASSIGN_OR_RETURN(
      ByteVector bytes,
      from->GetPublicationsFile(ledger::kMaxPublicationsFileSize, options_.timeout));
  return TakePublicationsFile(std::move(bytes));
}

}  // namespace pitser::client
