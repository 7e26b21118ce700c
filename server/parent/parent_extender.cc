#include "server/parent/parent_extender.h"

#include <algorithm>

#include "ledger/base/status.h"
#include "ledger/service/status_codes.h"
#include "server/parent/parent_error.h"

namespace pitser::server {
namespace {

namespace extender = ledger::service::extender;
using base::MutexLock;

constexpr absl::Duration kRefreshEvery = absl::Seconds(10);

// Whether the chain is what was asked for; its root is for those to judge who trust something.
absl::Status CheckChain(const ledger::CalendarHashChain& chain, std::uint64_t aggregation_time,
                        std::optional<std::uint64_t> publication_time) {
  if (chain.AggregationTime() != aggregation_time ||
      (publication_time && chain.publication_time != *publication_time)) {
    return absl::InternalError("it gave a chain between other seconds than were asked for");
  }
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t shape,
                          ledger::CalendarTimeFromShape(chain.publication_time, chain.links));
  if (shape == aggregation_time) return absl::OkStatus();
  return absl::InternalError("it gave a chain whose shape is another second's");
}

}  // namespace

ParentExtender::ParentExtender(const ParentExtenderOptions& options, base::Clock* clock)
    : options_(options), client_(options.extender) {
  Refresh();
  ticker_.emplace(*clock, "pitser-extender", kRefreshEvery, [this] { Refresh(); });
}

void ParentExtender::Refresh() {
  const auto told = client_.GetExtenderConfiguration(options_.timeout);
  if (!told.ok()) return;  // Whoever extends is told why.
  if (told->last_time) NoteHead(*told->last_time);
  MutexLock lock(mu_);
  first_second_ = told->first_time.value_or(0);
}

std::uint64_t ParentExtender::first_second() const {
  MutexLock lock(mu_);
  return first_second_;
}

std::optional<std::uint64_t> ParentExtender::head() const {
  MutexLock lock(mu_);
  return head_;
}

void ParentExtender::NoteHead(std::uint64_t t) const {
  MutexLock lock(mu_);
  head_ = std::max(head_.value_or(0), t);
}

absl::Status ParentExtender::ErrorOf(const absl::Status& status) const {
  switch (net::KsiStatusOf(status).value_or(0)) {
    case extender::kInvalidTimeRange:
      return absl::InvalidArgumentError(status.message());
    case extender::kBeforeCalendar:
      return absl::NotFoundError(status.message());
    case extender::kAfterCalendar:
    case extender::kInTheFuture:
      return absl::OutOfRangeError(status.message());
    default:
      return ParentError("extender", client_.address(), status);
  }
}

absl::StatusOr<ledger::CalendarHashChain> ParentExtender::Chain(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const {
  auto chain = client_.Extend(aggregation_time, publication_time, options_.timeout);
  if (!chain.ok()) return ErrorOf(chain.status());
  const absl::Status right = CheckChain(*chain, aggregation_time, publication_time);
  if (!right.ok()) return ParentError("extender", client_.address(), right);
  NoteHead(chain->publication_time);
  return chain;
}

}  // namespace pitser::server
