#include "bench/load/process_watch.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"

namespace pitser::bench {

absl::StatusOr<ProcessSample> SampleProcess(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(file, text);
  // The program's name stands in parentheses and may have any characters in it.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return absl::NotFoundError(absl::StrCat("there is no process ", pid));
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user_ticks = 0, system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  for (int field = 16; field < 24; ++field) fields >> skipped;
  std::uint64_t pages = 0;
  fields >> pages;
  if (!fields) return absl::NotFoundError(absl::StrCat("process ", pid, " has ended"));
  return ProcessSample{
      .resident_bytes = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
      .cpu_seconds = (user_ticks + system_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK))};
}

absl::StatusOr<ProcessWatch> ProcessWatch::Create(pid_t pid) {
  PITSER_ASSIGN_OR_RETURN(const ProcessSample sample, SampleProcess(pid));
  ProcessWatch watch(pid);
  watch.memory_.idle = watch.memory_.peak = sample.resident_bytes;
  return watch;
}

void ProcessWatch::Connected() {
  const auto sample = SampleProcess(pid_);
  if (!sample.ok()) return;
  memory_.connected = sample->resident_bytes;
  memory_.peak = std::max(memory_.peak, sample->resident_bytes);
  cpu_begin_ = cpu_end_ = sample->cpu_seconds;
}

void ProcessWatch::Tick(std::uint64_t in_flight, std::uint64_t answered) {
  const auto sample = SampleProcess(pid_);
  if (!sample.ok()) return;  // Whoever died is told by its connections.
  memory_.peak = std::max(memory_.peak, sample->resident_bytes);
  cpu_end_ = sample->cpu_seconds;
  if (answered > 0) return;
  memory_.waiting = sample->resident_bytes;
  memory_.waiting_requests = in_flight;
}

void ProcessWatch::Ended() {
  if (const auto sample = SampleProcess(pid_); sample.ok()) cpu_end_ = sample->cpu_seconds;
}

}  // namespace pitser::bench
