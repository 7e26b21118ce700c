#include "server/app/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace pitser::server {
namespace {

// Of the calendar's database, the listeners and some callers.
constexpr std::uint64_t kForTheRest = 256;
// More is of no use, and some systems' "unlimited" is a number that libraries count up to.
constexpr rlim_t kMost = rlim_t{1} << 20;
constexpr absl::Duration kTellEvery = absl::Minutes(1);

std::uint64_t Limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : kMost;
}

}  // namespace

std::uint64_t DescriptorsNeeded(const Settings& settings) {
  const bool ksi = !settings.ksi_sign_listen.empty() || !settings.ksi_extend_listen.empty();
  return kForTheRest + (ksi ? settings.ksi_max_connections : 0);
}

absl::Status RaiseDescriptorLimit(std::uint64_t needed) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  const rlim_t most = std::min(limit.rlim_max, std::max<rlim_t>(kMost, needed));
  if (limit.rlim_cur < most) {
    rlimit raised = limit;
    raised.rlim_cur = most;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= needed) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the limit of open files and connections is ", limit.rlim_cur, ", and ", needed,
                   " are needed: raise it (ulimit -n, or LimitNOFILE of a systemd unit)",
                   needed > kForTheRest ? ", or lower ksi_max_connections" : ""));
}

DescriptorWatch::State DescriptorWatch::Find() {
  // It gets the lowest number that is free: all below it are taken.
  const int free = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  if (free < 0) return errno == EMFILE || errno == ENFILE ? State::kExhausted : State::kFree;
  close(free);
  const bool low = static_cast<std::uint64_t>(free) >= Limit() / 10 * 9;
  return low ? State::kLow : State::kFree;
}

void DescriptorWatch::Look(absl::Duration now) {
  const State state = Find();
  const bool again = state == State::kExhausted && now - told_ >= kTellEvery;
  if (state == state_ && !again) return;
  state_ = state;
  told_ = now;
  switch (state) {
    case State::kFree:
      return base::LogInfo("descriptors_free");
    case State::kLow:
      return base::LogWarning("descriptors_low", {{"limit", Limit()}});
    case State::kExhausted:
      return base::LogError(
          "descriptors_exhausted",
          {{"limit", Limit()},
           {"hint", "no connection is taken until others end; raise the limit of open files"}});
  }
}

}  // namespace pitser::server
