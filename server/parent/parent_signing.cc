#include "server/parent/parent_signing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "ledger/base/status.h"
#include "ledger/service/answered_signature.h"
#include "ledger/tree/root_tail.h"
#include "ledger/verify/verifier.h"
#include "net/ksi/sign_many.h"
#include "net/retry.h"
#include "server/parent/parent_error.h"

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr absl::Duration kTick = absl::Seconds(1);
// How often a parent that is reached is asked whether its limits have changed.
constexpr absl::Duration kProbeEvery = absl::Minutes(1);
constexpr absl::Duration kProbeTimeout = absl::Seconds(5);

// The parent's answer as a signature, when it is one of this root and rests on something.
absl::StatusOr<ledger::Signature> CheckedSignature(const net::KsiSignature& parts,
                                                   const ledger::LeveledImprint& root) {
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector bytes,
                          ledger::service::AnsweredSignature(parts, root.level));
  PITSER_ASSIGN_OR_RETURN(ledger::Signature signature, ledger::Signature::Parse(std::move(bytes)));
  PITSER_ASSIGN_OR_RETURN(
      const ledger::VerificationResult result,
      Verify(ledger::Policy::kInternal,
             {.signature = signature, .document_hash = root.imprint, .input_level = root.level}));
  if (result.outcome != ledger::Outcome::kOk) {
    return absl::InternalError(absl::StrCat(ledger::ToAbsl(ledger::ErrorCodeName(result.code)), " ",
                                            ledger::ToAbsl(ledger::ErrorCodeText(result.code))));
  }
  if (!signature.calendar_chain() ||
      (!signature.authentication_record() && !signature.publication_record())) {
    return absl::InternalError("it has no calendar hash chain, or no record of where that leads");
  }
  return signature;
}

std::vector<std::string> ClientsOf(const ledger::Signature& signature) {
  std::vector<std::string> clients;
  for (const ledger::Identity& identity : signature.Identities()) {
    clients.emplace_back(identity.metadata.client_id);
  }
  return clients;
}

}  // namespace

ParentSigning::ParentSigning(const ParentSigningOptions& options, base::Clock* clock)
    : options_(options), clock_(clock), client_(options.aggregator), max_level_(options.max_level) {
  Probe();
  ticker_.emplace(*clock, "pitser-parent", kTick, [this] { Tick(); });
}

void ParentSigning::Tick() {
  if (!Health().ok() || clock_->Monotonic() - probed_ >= kProbeEvery) Probe();
}

void ParentSigning::Probe() {
  const auto told = client_.GetAggregatorConfiguration(std::min(options_.timeout, kProbeTimeout));
  probed_ = clock_->Monotonic();
  // A service that has no configuration to tell is there all the same.
  Noted(absl::IsInvalidArgument(told.status()) ? absl::OkStatus() : told.status()).IgnoreError();
  if (!told.ok() || !told->max_level) return;
  const auto level =
      static_cast<ledger::Level>(std::min<std::uint64_t>(*told->max_level, options_.max_level));
  if (max_level_.exchange(level) != level) {
    base::LogInfo("parent_max_level", {{"max_level", unsigned{level}}});
  }
}

absl::Status ParentSigning::Health() const {
  MutexLock lock(mu_);
  return health_;
}

std::optional<std::uint64_t> ParentSigning::last_signed() const {
  MutexLock lock(mu_);
  return last_signed_;
}

absl::Status ParentSigning::Noted(const absl::Status& status) {
  const bool reached = !(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                         absl::IsUnauthenticated(status));
  const absl::Status told =
      status.ok() ? status : ParentError("aggregator", client_.address(), status);
  bool changed;
  {
    MutexLock lock(mu_);
    changed = reached != health_.ok();
    health_ = reached ? absl::OkStatus() : told;
  }
  if (changed && reached) base::LogInfo("parent_reachable");
  if (changed && !reached) base::LogError("parent_unreachable", {{"reason", told}});
  return told;
}

absl::StatusOr<Seal> ParentSigning::Take(const absl::StatusOr<net::KsiSignature>& answer,
                                         const ledger::LeveledImprint& root) {
  const absl::Status noted = Noted(answer.status());
  if (!noted.ok()) return noted;
  const auto signature = CheckedSignature(*answer, root);
  if (!signature.ok()) return ParentError("aggregator", client_.address(), signature.status());
  auto tail = ledger::TailOfRoot(*signature, root.level);
  if (!tail.ok()) return ParentError("aggregator", client_.address(), tail.status());
  if (options_.on_signed) options_.on_signed(tail->aggregation_time);
  MutexLock lock(mu_);
  last_signed_ = tail->aggregation_time;
  return Seal{.aggregation_time = tail->aggregation_time,
              .tail = std::move(tail->bytes),
              .above = {tail->above.begin(), tail->above.end()},
              .clients = ClientsOf(*signature)};
}

absl::StatusOr<Seal> ParentSigning::Close(std::uint64_t t, const ledger::LeveledImprint& root) {
  return std::move(CloseMany(t, {&root, 1}).front());
}

std::vector<absl::StatusOr<Seal>> ParentSigning::CloseMany(
    std::uint64_t, std::span<const ledger::LeveledImprint> roots) {
  std::vector<net::KsiSignRequest> requests;
  for (const ledger::LeveledImprint& root : roots) requests.push_back({root.imprint, root.level});
  const auto answers = net::SignManyWithRetry(client_, requests, net::RetryPolicy(),
                                              options_.timeout, net::RetryEnvironment::System());
  std::vector<absl::StatusOr<Seal>> seals;
  for (std::size_t i = 0; i < roots.size(); ++i) seals.push_back(Take(answers[i], roots[i]));
  return seals;
}

}  // namespace pitser::server
