#include "client/cli/rate_progress.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace pitser::cli {
namespace {

constexpr absl::Duration kEvery = absl::Milliseconds(100);
// Before that a rate says nothing.
constexpr absl::Duration kFirstRate = absl::Milliseconds(500);

std::string Left(double seconds) {
  const auto whole = static_cast<long long>(seconds + 0.5);
  if (whole < 120) return absl::StrFormat("%d s left", whole);
  if (whole < 7200) return absl::StrFormat("%d min left", (whole + 30) / 60);
  return absl::StrFormat("%d h left", (whole + 1800) / 3600);
}

}  // namespace

std::string ProgressText(std::string_view what, std::size_t done, std::optional<std::size_t> total,
                         absl::Duration elapsed) {
  std::string text = absl::StrFormat("%s: %d", what, done);
  if (total) absl::StrAppendFormat(&text, " of %d", *total);
  if (elapsed < kFirstRate || done == 0) return text;
  const double rate = static_cast<double>(done) / absl::ToDoubleSeconds(elapsed);
  absl::StrAppendFormat(&text, ", %.*f/s", rate < 10 ? 1 : 0, rate);
  if (total && *total > done) {
    absl::StrAppendFormat(&text, ", %s", Left(static_cast<double>(*total - done) / rate));
  }
  return text;
}

RateProgress::RateProgress(std::string_view what, std::optional<std::size_t> total,
                           Console& console, const base::Clock& clock)
    : what_(what),
      total_(total),
      console_(console),
      clock_(clock),
      begin_(clock.Monotonic()),
      shown_(begin_) {}

void RateProgress::At(std::size_t done) {
  if (!console_.err_is_terminal()) return;
  const absl::Duration now = clock_.Monotonic();
  if (now - shown_ < kEvery) return;
  shown_ = now;
  console_.Progress(Text(done));
}

std::string RateProgress::Text(std::size_t done) const {
  return ProgressText(what_, done, total_, clock_.Monotonic() - begin_);
}

}  // namespace pitser::cli
