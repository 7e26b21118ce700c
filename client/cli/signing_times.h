#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/commands.h"

namespace pitser::cli {

// Holds the times of signatures that were just made against the clock: they are kept, but a time
// that is far from now is no yes.
class SigningTimes {
 public:
  SigningTimes(const base::Clock& clock, std::string server, Console& console)
      : clock_(clock), server_(std::move(server)), console_(console) {}

  // OK, or why this one's time is in doubt, with exit code 3. People are told the first time.
  absl::Status Judge(std::uint64_t signing_time);

 private:
  const base::Clock& clock_;
  const std::string server_;
  Console& console_;
  bool told_ = false;
};

}  // namespace pitser::cli
