#include "server/keys/certificate_watch.h"

#include <limits>

#include "base/log.h"
#include "server/keys/key_files.h"

namespace pitser::server {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;
constexpr int kMarks[] = {-1, 1, 7, 30, kTellDaysBefore};  // -1: it has ended.
constexpr int kGraveFrom = 7;  // Someone must act: from here on at the latest.
constexpr int kNoMark = std::numeric_limits<int>::max();

// The nearest mark that was passed.
int MarkOf(std::uint64_t not_after, std::uint64_t now) {
  const std::int64_t left = static_cast<std::int64_t>(not_after) - static_cast<std::int64_t>(now);
  for (const int mark : kMarks) {
    if (mark < 0 ? left < 0 : left <= mark * kDay) return mark;
  }
  return kNoMark;
}

}  // namespace

std::int64_t DaysLeft(std::uint64_t not_after, std::uint64_t now) {
  const auto left = static_cast<std::int64_t>(not_after - now);
  return left < 0 ? (left + 1) / kDay - 1 : left / kDay;
}

void CertificateWatch::Look(std::span<const CertificateInUse> certificates, std::uint64_t now) {
  for (const CertificateInUse& certificate : certificates) {
    const int mark = MarkOf(certificate.not_after, now);
    Told& told = told_.try_emplace(certificate.name, Told{0, kNoMark}).first->second;
    if (told.not_after != certificate.not_after) told = {certificate.not_after, kNoMark};
    if (mark >= told.days_before) continue;
    told.days_before = mark;
    const auto log = mark <= kGraveFrom ? base::LogError : base::LogWarning;
    log("certificate_runs_out", {{"certificate", certificate.name},
                                 {"file", certificate.file},
                                 {"end", internal::TimeText(certificate.not_after)},
                                 {"days_left", DaysLeft(certificate.not_after, now)},
                                 {"advice", certificate.advice}});
  }
}

}  // namespace pitser::server
