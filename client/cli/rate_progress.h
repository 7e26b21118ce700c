#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/clock.h"
#include "client/cli/console.h"

namespace pitser::cli {

// "signing: 40000 of 65536, 21000/s, 2 s left"; what is not known is left out.
std::string ProgressText(std::string_view what, std::size_t done, std::optional<std::size_t> total,
                         absl::Duration elapsed);

// Tells on a terminal how far something is that is counted. Thread: one at a time.
class RateProgress {
 public:
  // Begins at 0 now.
  RateProgress(std::string_view what, std::optional<std::size_t> total, Console& console,
               const base::Clock& clock);

  void SetTotal(std::optional<std::size_t> total) { total_ = total; }
  // Shows it, not more often than a few times a second.
  void At(std::size_t done);
  std::string Text(std::size_t done) const;

 private:
  const std::string what_;
  std::optional<std::size_t> total_;
  Console& console_;
  const base::Clock& clock_;
  const absl::Duration begin_;
  absl::Duration shown_;
};

}  // namespace pitser::cli
