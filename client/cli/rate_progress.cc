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

// A number of bytes in the unit of `scale`, with one digit behind the point below ten.
struct ByteScale {
  std::string_view name;
  double bytes;
};

ByteScale ScaleOf(std::uint64_t bytes) {
  constexpr std::uint64_t kStep = 1024;
  ByteScale scale{.name = "KiB", .bytes = kStep};
  for (const std::string_view name : {"MiB", "GiB", "TiB"}) {
    if (static_cast<double>(bytes) < scale.bytes * kStep) break;
    scale = {.name = name, .bytes = scale.bytes * kStep};
  }
  return scale;
}

std::string InScale(std::uint64_t bytes, const ByteScale& scale) {
  const double number = static_cast<double>(bytes) / scale.bytes;
  return absl::StrFormat("%.*f", number < 9.95 ? 1 : 0, number);
}

std::string Amount(std::uint64_t done, std::optional<std::uint64_t> total, ProgressUnit unit) {
  if (unit == ProgressUnit::kThings) {
    return total ? absl::StrFormat("%d of %d", done, *total) : absl::StrFormat("%d", done);
  }
  const ByteScale scale = ScaleOf(total.value_or(done));
  return total ? absl::StrFormat("%s of %s %s", InScale(done, scale), InScale(*total, scale),
                                 scale.name)
               : absl::StrFormat("%s %s", InScale(done, scale), scale.name);
}

std::string Rate(double rate, ProgressUnit unit) {
  if (unit == ProgressUnit::kThings) return absl::StrFormat("%.*f/s", rate < 10 ? 1 : 0, rate);
  const auto bytes = static_cast<std::uint64_t>(rate);
  const ByteScale scale = ScaleOf(bytes);
  return absl::StrFormat("%s %s/s", InScale(bytes, scale), scale.name);
}

}  // namespace

std::string ProgressText(std::string_view what, std::uint64_t done,
                         std::optional<std::uint64_t> total, absl::Duration elapsed,
                         ProgressUnit unit) {
  // A file that grows, or a guess that was too low.
  if (total && *total < done) total = std::nullopt;
  std::string text = absl::StrFormat("%s: %s", what, Amount(done, total, unit));
  if (elapsed < kFirstRate || done == 0) return text;
  const double rate = static_cast<double>(done) / absl::ToDoubleSeconds(elapsed);
  absl::StrAppendFormat(&text, ", %s", Rate(rate, unit));
  if (total && *total > done) {
    absl::StrAppendFormat(&text, ", %s", Left(static_cast<double>(*total - done) / rate));
  }
  return text;
}

RateProgress::RateProgress(std::string_view what, std::optional<std::uint64_t> total,
                           Console& console, const base::Clock& clock, ProgressUnit unit)
    : what_(what),
      unit_(unit),
      total_(total),
      console_(console),
      clock_(clock),
      begin_(clock.Monotonic()),
      shown_(begin_) {}

void RateProgress::At(std::uint64_t done) {
  if (!console_.err_is_terminal()) return;
  const absl::Duration now = clock_.Monotonic();
  if (now - shown_ < kEvery) return;
  shown_ = now;
  console_.Progress(Text(done));
}

std::string RateProgress::Text(std::uint64_t done) const {
  return ProgressText(what_, done, total_, clock_.Monotonic() - begin_, unit_);
}

}  // namespace pitser::cli
