#include "client/ksi_ledger.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/answers.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::Signature;

absl::StatusOr<ledger::AggregationHashChain> ParseChain(Bytes part) {
  ledger::TlvReader reader(part);
  PITSER_ASSIGN_OR_RETURN(const ledger::Element element, reader.Next());
  return ledger::ParseAggregationHashChain(element);
}

bool IsAggregationChain(Bytes part) {
  ledger::TlvReader reader(part);
  const auto element = reader.Next();
  return element.ok() && element->type == ledger::kAggregationHashChainTag;
}

// Puts the level of the request into the lowest chain, that of the longest index: the service
// leaves that to its client.   Source: spec/ksi-protocol.md 3.4.
absl::Status AddLevel(net::KsiSignature& parts, ledger::Level level) {
  if (level == 0) return absl::OkStatus();
  ByteVector* lowest = nullptr;
  std::size_t longest = 0;
  for (ByteVector& part : parts) {
    if (!IsAggregationChain(part)) continue;
    PITSER_ASSIGN_OR_RETURN(const auto chain, ParseChain(part));
    if (chain.index.size() <= longest) continue;
    longest = chain.index.size();
    lowest = &part;
  }
  if (lowest == nullptr) return absl::InvalidArgumentError("there is no aggregation hash chain");
  PITSER_ASSIGN_OR_RETURN(auto chain, ParseChain(*lowest));
  const unsigned corrected = unsigned{chain.links.front().level_correction} + level;
  if (corrected > 255) return absl::InvalidArgumentError("a level correction would pass 255");
  chain.links.front().level_correction = static_cast<ledger::Level>(corrected);
  ByteVector written;
  ledger::WriteAggregationHashChain(written, chain);
  *lowest = std::move(written);
  return absl::OkStatus();
}

absl::StatusOr<Signature> Take(net::KsiSignature parts, const SignInput& input) {
  const absl::Status levelled = AddLevel(parts, input.level);
  if (!levelled.ok()) return MalformedAnswer(levelled);
  const std::vector<Bytes> views(parts.begin(), parts.end());
  auto bytes = ledger::AssembleSignature(views);
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
  const net::RetryEnvironment& environment = options_.environment;
  const absl::Duration end = environment.monotonic() + options_.timeout;
  std::vector<std::size_t> pending(inputs.size());
  std::iota(pending.begin(), pending.end(), std::size_t{0});
  for (int attempt = 1; !pending.empty(); ++attempt) {
    std::vector<net::KsiSignRequest> requests;
    for (const std::size_t i : pending) requests.push_back({inputs[i].hash, inputs[i].level});
    auto answers = (*aggregator)->SignMany(requests, end - environment.monotonic());
    std::vector<std::size_t> again;
    absl::Duration delay = absl::ZeroDuration();
    for (std::size_t k = 0; k < pending.size(); ++k) {
      const std::size_t i = pending[k];
      const absl::Status status = answers[k].status();
      const auto wait =
          status.ok() ? std::nullopt
                      : net::DelayBeforeRetry(options_.retry, attempt, {status, std::nullopt},
                                              end - environment.monotonic(), environment.random());
      if (wait) {
        again.push_back(i);
        delay = std::max(delay, *wait);
      }
      if (status.ok()) {
        results[i] = Take(*std::move(answers[k]), inputs[i]);
      } else {
        results[i] = attempt == 1 ? status : net::MoreTelling(status, results[i].status());
      }
    }
    pending = std::move(again);
    if (!pending.empty()) environment.sleep(delay);
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
  PITSER_ASSIGN_OR_RETURN(ByteVector bytes,
                          from->GetPublicationsFile(kMaxPublicationsFileSize, options_.timeout));
  return TakePublicationsFile(std::move(bytes));
}

}  // namespace pitser::client
