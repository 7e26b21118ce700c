#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/clock.h"
#include "client/cli/console.h"

namespace pitser::cli {

// What is counted: things, or bytes of one.
enum class ProgressUnit { kThings, kBytes };

// "signing: 40000 of 65536, 21000/s, 2 s left", "hashing x.iso: 1.2 of 4.7 GiB, 510 MiB/s, 7 s
// left"; what is not known is left out.
std::string ProgressText(std::string_view what, std::uint64_t done,
                         std::optional<std::uint64_t> total, absl::Duration elapsed,
                         ProgressUnit unit = ProgressUnit::kThings);

// Tells on a terminal how far something is that is counted. Console clips the line to the terminal
// and wipes it before anything else is said; EndProgress() does at the end.
// Thread: one at a time.
class RateProgress {
 public:
  // Begins at 0 now.
  RateProgress(std::string_view what, std::optional<std::uint64_t> total, Console& console,
               const base::Clock& clock, ProgressUnit unit = ProgressUnit::kThings);

  void SetTotal(std::optional<std::uint64_t> total) { total_ = total; }
  // Shows it, not more often than a few times a second.
  void At(std::uint64_t done);
  std::string Text(std::uint64_t done) const;

 private:
  const std::string what_;
  const ProgressUnit unit_;
  std::optional<std::uint64_t> total_;
  Console& console_;
  const base::Clock& clock_;
  const absl::Duration begin_;
  absl::Duration shown_;
};

}  // namespace pitser::cli
