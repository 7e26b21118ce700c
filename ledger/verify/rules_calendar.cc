#include <optional>

#include "ledger/verify/rules.h"

// Calendar-based verification: the calendar that an extender serves, asked today, is the one that
// the signature was made in.   Source: spec 9.9.
namespace pitser::ledger::internal {
namespace {

using Result = absl::StatusOr<Finding>;

// The extender is asked for the chain that the signature has; without one, for its newest.
std::optional<std::uint64_t> AskedTime(const Evidence& evidence) {
  const auto& chain = evidence.signature().calendar_chain();
  if (!chain.has_value()) return std::nullopt;
  return chain->publication_time;
}

const ExtendedCalendar& Extended(Evidence& evidence) {
  return *evidence.Extended(AskedTime(evidence));
}

bool HasPublishedCalendar(const Evidence& evidence) {
  return HasCalendarChain(evidence) && evidence.signature().publication_record().has_value();
}
bool HasUnpublishedCalendar(const Evidence& evidence) {
  return HasCalendarChain(evidence) && !evidence.signature().publication_record().has_value();
}

Result CheckAnswer(Evidence& evidence) {
  return CheckExtenderAnswers(evidence, AskedTime(evidence));
}

Result CheckRoot(Evidence& evidence) {
  const absl::StatusOr<Imprint>& own = evidence.calendar_root();
  if (!own.ok()) return own.status();
  const absl::StatusOr<Imprint>& served = Extended(evidence).root;
  if (!served.ok()) return served.status();
  return Finding::If(*served == *own);
}

Result CheckRightLinks(Evidence& evidence) {
  return Finding::If(RightLinksEqual(evidence.signature().calendar_chain()->links,
                                     Extended(evidence).chain.links));
}

Result CheckInput(Evidence& evidence) { return CheckExtendedInput(evidence, AskedTime(evidence)); }

Result CheckTime(Evidence& evidence) {
  return Finding::If(Extended(evidence).chain.AggregationTime() ==
                     evidence.signature().aggregation_chains().front().aggregation_time);
}

constexpr Rule kCalendarRules[] = {
    {"extender-answers", ErrorCode::kGen02, nullptr, CheckAnswer},
    {"served-root-matches-calendar-root", ErrorCode::kCal01, HasPublishedCalendar, CheckRoot},
    {"served-right-links-match", ErrorCode::kCal04, HasUnpublishedCalendar, CheckRightLinks},
    {"served-input-matches-aggregation-root", ErrorCode::kCal02, nullptr, CheckInput},
    {"served-time-matches-aggregation-time", ErrorCode::kCal03, nullptr, CheckTime},
};

}  // namespace

std::span<const Rule> CalendarRules() { return kCalendarRules; }

}  // namespace pitser::ledger::internal
