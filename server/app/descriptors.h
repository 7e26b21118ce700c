#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/app/settings.h"

// How many files and connections the process may have open: the limit is raised as far as it may
// be, and it is told when it is reached.
namespace pitser::server {

// What the settings make necessary.
std::uint64_t DescriptorsNeeded(const Settings& settings);

// Raises the limit as far as this process may.
// Errors: kFailedPrecondition when it stays below `needed`, saying what to do.
absl::Status RaiseDescriptorLimit(std::uint64_t needed);

// Looks now and then whether there are any left.
// Logs: descriptors_low, descriptors_exhausted (again each minute while it lasts),
// descriptors_free. Thread: one at a time.
class DescriptorWatch {
 public:
  // `now`: of a clock that does not go back.
  void Look(absl::Duration now);

 private:
  enum class State { kFree, kLow, kExhausted };
  static State Find();

  State state_ = State::kFree;
  absl::Duration told_;
};

}  // namespace pitser::server
