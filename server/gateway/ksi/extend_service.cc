#include "server/gateway/ksi/extend_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/worker_pool.h"
#include "ledger/service/status_codes.h"
#include "server/core/parent.h"

namespace pitser::server {
namespace {

namespace service = ledger::service;

class KsiExtendServiceImpl final : public KsiExtendService {
 public:
  KsiExtendServiceImpl(const KsiExtendOptions& options, const AccountStore* accounts,
                       const Extender* extender, const base::Clock* clock)
      : KsiExtendService(service::kExtensionRequestTag, service::kExtensionResponseTag, accounts,
                         clock),
        extender_(extender),
        reads_(options.read_threads, options.max_queued) {}

  bool SawDamage() const override { return saw_damage_; }
  void Stop() override {
    stopping_ = true;
    reads_.Stop();
  }

 private:
  bool Permits(const Account& account) const override { return account.may_extend; }

  void WriteConfiguration(ledger::ByteVector& out, const Account& account) const override {
    service::ExtenderConfiguration told;
    told.max_requests = account.max_requests;
    // Before any second was closed the calendar ends where it begins: to be told always (5.2), and
    // whoever asks for that second has it closed. 0: a parent's, which was not reached yet.
    const std::uint64_t first = extender_->first_second();
    const std::uint64_t head = extender_->head().value_or(first);
    if (head > 0) {
      told.first_time = std::min(first, head);
      told.last_time = head;
    }
    service::WriteExtenderConfiguration(out, told);
  }

  void Serve(Request request, Done done) override {
    const service::ExtensionRequests asked = service::ReadExtensionRequests(request.pdu);
    KsiReply& reply = request.reply;
    if (asked.configuration) WriteConfiguration(reply.extras, reply.account->account);
    reply.has_response = asked.error || asked.request;
    reply.calendar_last_time = extender_->head();
    if (asked.error) {
      reply.request_id = asked.error->request_id;
      reply.error = {service::kInvalidPayload, asked.error->why};
      return done(std::move(reply));
    }
    if (!asked.request) return done(std::move(reply));
    reply.request_id = asked.request->request_id;
    auto kept = std::make_shared<KsiReply>(std::move(reply));
    const auto posted = reads_.Post([this, kept, asked = *asked.request, done] {
      if (stopping_) {
        kept->error = {service::kInternalError, "The server is shutting down"};
      } else {
        Read(asked, *kept);
      }
      done(std::move(*kept));
    });
    if (posted == base::WorkerPool::Posted::kYes) return;
    kept->error = {service::kInternalError, "The server is busy: ask again later"};
    done(std::move(*kept));
  }

  void Read(const service::ExtensionRequest& asked, KsiReply& reply) {
    reply.error = Check(asked);
    if (reply.error.status == service::kSuccess) {
      auto chain = extender_->Chain(asked.aggregation_time, asked.publication_time);
      if (chain.ok()) {
        reply.chain = *std::move(chain);
      } else {
        reply.error = ErrorOf(chain.status());
      }
    }
    reply.calendar_last_time = extender_->head();
  }

  // The rules of the service, in its order (4.3).
  service::ServiceError Check(const service::ExtensionRequest& asked) {
    const std::uint64_t from = asked.aggregation_time;
    const std::uint64_t to = asked.publication_time.value_or(from);
    const std::uint64_t newest = std::max(from, to);
    if (to < from) {
      return {service::extender::kInvalidTimeRange,
              "The publication time is before the aggregation time"};
    }
    const auto now =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(clock().Now())));
    if (newest > now) return {service::extender::kInTheFuture, "The time is in the future"};
    if (from < extender_->first_second()) {
      return {service::extender::kBeforeCalendar,
              absl::StrCat("The aggregation time is before the calendar's first second, ",
                           extender_->first_second())};
    }
    const absl::Status closed = extender_->Reach(newest);
    if (absl::IsOutOfRange(closed)) {
      return {service::extender::kAfterCalendar, std::string(ledger::ToStd(closed.message()))};
    }
    return closed.ok() ? service::ServiceError() : ErrorOf(closed);
  }

  service::ServiceError ErrorOf(const absl::Status& status) {
    const std::string text(ledger::ToStd(status.message()));
    switch (ParentFaultOf(status)) {
      case ParentFault::kFailed:
        return {service::kUpstreamError, text};
      case ParentFault::kTimedOut:
        return {service::kUpstreamTimeout, text};
      case ParentFault::kNone:
        break;
    }
    switch (status.code()) {
      case absl::StatusCode::kNotFound:
        return {service::extender::kBeforeCalendar, text};
      case absl::StatusCode::kOutOfRange:  // The head cannot go back, but a first second may
                                           // differ.
        return {service::extender::kAfterCalendar, text};
      case absl::StatusCode::kDataLoss:
        saw_damage_ = true;
        return {service::extender::kCalendarDamaged, "The calendar's stored bytes are damaged"};
      case absl::StatusCode::kUnavailable:
        return {service::extender::kCalendarMissing, text};
      default:
        return {service::kInternalError, text};
    }
  }

  const Extender* const extender_;
  std::atomic<bool> saw_damage_ = false, stopping_ = false;
  base::WorkerPool reads_;
};

}  // namespace

std::unique_ptr<KsiExtendService> NewKsiExtendService(const KsiExtendOptions& options,
                                                      const AccountStore* accounts,
                                                      const Extender* extender,
                                                      const base::Clock* clock) {
  return std::make_unique<KsiExtendServiceImpl>(options, accounts, extender, clock);
}

}  // namespace pitser::server
