#include "server/gateway/ksi/sign_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"
#include "ledger/service/status_codes.h"
#include "server/core/parent.h"

namespace pitser::server {
namespace {

namespace service = ledger::service;

// Waits for its round.
class PendingKsiRequest final : public PendingRequest {
 public:
  PendingKsiRequest(const service::AggregationRequest& request, KsiReply reply,
                    std::shared_ptr<const std::atomic<bool>> gone, KsiService::Done done)
      : PendingRequest(request.hash, static_cast<ledger::Level>(request.level),
                       reply.account->account.login, absl::InfiniteFuture(), AnswerForm::kService),
        reply_(std::move(reply)),
        gone_(std::move(gone)),
        done_(std::move(done)) {}

  bool Cancelled() const override {
    return gone_ != nullptr && gone_->load(std::memory_order_relaxed);
  }

  void Answer(absl::StatusOr<SignAnswer> answer) override {
    if (answer.ok()) {
      reply_.signature = *std::move(answer);
    } else {
      reply_.error = {CodeOf(answer.status()),
                      std::string(ledger::ToStd(answer.status().message()))};
    }
    done_(std::move(reply_));
  }

  // A request that was not taken.
  void Refuse(const absl::Status& why) { Answer(why); }

 private:
  static std::uint64_t CodeOf(const absl::Status& status) {
    switch (ParentFaultOf(status)) {
      case ParentFault::kFailed:
        return service::kUpstreamError;
      case ParentFault::kTimedOut:
        return service::kUpstreamTimeout;
      case ParentFault::kNone:
        break;
    }
    switch (status.code()) {
      case absl::StatusCode::kInvalidArgument:
        return service::kInvalidPayload;
      // The server's own limit is, like the account's, a matter of the next round; a full disk is
      // not.
      case absl::StatusCode::kResourceExhausted:
        return base::LimitOf(status).empty() ? service::kInternalError
                                             : service::aggregator::kTooManyRequests;
      default:
        return service::kInternalError;
    }
  }

  KsiReply reply_;
  const std::shared_ptr<const std::atomic<bool>> gone_;
  const KsiService::Done done_;
};

class KsiSignService final : public KsiService {
 public:
  KsiSignService(KsiSignOptions options, const AccountStore* accounts, Aggregator* aggregator,
                 const base::Clock* clock)
      : KsiService(service::kAggregationRequestTag, service::kAggregationResponseTag, accounts,
                   clock),
        options_(std::move(options)),
        aggregator_(aggregator) {}

 private:
  bool Permits(const Account& account) const override { return account.may_sign; }

  void WriteConfiguration(ledger::ByteVector& out, const Account& account) const override {
    service::WriteAggregatorConfiguration(
        out, {MaxLevel(account), static_cast<std::uint64_t>(ledger::HashAlgorithm::kSha256),
              std::min<std::uint64_t>(options_.round_seconds * 1000, kMaxToldPeriodMs),
              account.max_requests, options_.parents});
  }

  void Serve(Request request, Done done) override {
    const service::AggregationRequests asked = service::ReadAggregationRequests(request.pdu);
    KsiReply& reply = request.reply;
    const Account& account = reply.account->account;
    if (asked.configuration) WriteConfiguration(reply.extras, account);
    if (asked.acknowledgement) Acknowledge(reply.extras, *asked.acknowledgement);
    if (asked.error) {
      Refuse(reply, asked.error->request_id, service::kInvalidPayload, asked.error->why);
      return done(std::move(reply));
    }
    if (!asked.request) return done(std::move(reply));
    reply.has_response = true;
    reply.request_id = asked.request->request_id;
    const std::uint64_t round = CurrentRound();
    if (!MayJoin(*asked.request, round, reply)) return done(std::move(reply));
    const std::shared_ptr<RoundUse> use = reply.account->use;
    auto pending = std::make_unique<PendingKsiRequest>(*asked.request, std::move(reply),
                                                       request.caller.gone, std::move(done));
    PendingKsiRequest& refused = *pending;
    std::unique_ptr<PendingRequest> taken = std::move(pending);
    const absl::Status status = aggregator_->Enqueue(taken);
    // Only then it is still ours.
    if (status.ok()) return;
    use->GiveBack(round);
    refused.Refuse(status);
  }

  // Whether the request may wait for a round; else `reply` says why not.
  bool MayJoin(const service::AggregationRequest& request, std::uint64_t round, KsiReply& reply) {
    const Account& account = reply.account->account;
    if (request.level > MaxLevel(account)) {
      Refuse(reply, request.request_id, service::aggregator::kLevelTooHigh, service::kLevelText);
      return false;
    }
    const absl::Status hash =
        aggregator_->CheckHash(request.hash, static_cast<ledger::Level>(request.level));
    if (!hash.ok()) {
      Refuse(reply, request.request_id, service::kInvalidPayload, ledger::ToStd(hash.message()));
      return false;
    }
    if (!reply.account->use->Take(round, account.max_requests)) {
      Refuse(reply, request.request_id, service::aggregator::kTooManyRequests,
             "Too many requests in this round: the account may send " +
                 std::to_string(account.max_requests));
      return false;
    }
    return true;
  }

  static void Refuse(KsiReply& reply, std::uint64_t request_id, std::uint64_t status,
                     std::string_view why) {
    reply.has_response = true;
    reply.request_id = request_id;
    reply.error = {status, std::string(why)};
  }

  ledger::Level MaxLevel(const Account& account) const {
    return std::min(account.max_level, aggregator_->max_level());
  }

  std::uint64_t CurrentRound() const {
    const auto now = std::max<std::int64_t>(0, absl::ToUnixSeconds(clock().Now()));
    return static_cast<std::uint64_t>(now) / options_.round_seconds;
  }

  void Acknowledge(ledger::ByteVector& out, const service::AcknowledgementRequest& asked) const {
    const auto now_us =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixMicros(clock().Now())));
    const std::uint64_t period_ms = options_.round_seconds * 1000;
    service::Acknowledgement told;
    told.request_time_us = asked.request_time_us;
    told.receipt_time_us = now_us;
    told.acknowledgement_time_us = now_us;
    told.delay_ms = period_ms - now_us / 1000 % period_ms;  // Until the round is over.
    told.period_ms = period_ms;
    told.drift_ms = 0;  // Rounds begin at multiples of the period.
    service::WriteAcknowledgement(out, told);
  }

  static constexpr std::uint64_t kMaxToldPeriodMs = 20'000;  // Clients believe no more (5.1).

  const KsiSignOptions options_;
  Aggregator* const aggregator_;
};

}  // namespace

std::unique_ptr<KsiService> NewKsiSignService(KsiSignOptions options, const AccountStore* accounts,
                                              Aggregator* aggregator, const base::Clock* clock) {
  return std::make_unique<KsiSignService>(std::move(options), accounts, aggregator, clock);
}

}  // namespace pitser::server
