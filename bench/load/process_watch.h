#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

namespace pitser::bench {

// What /proc says of a process.
struct ProcessSample {
  std::uint64_t resident_bytes = 0;
  double cpu_seconds = 0;  // User and system, all threads, since its start.
};

// Errors: kNotFound when there is no such process.   Thread: any.
absl::StatusOr<ProcessSample> SampleProcess(pid_t pid);

// The memory of a server through a run, and the processor time that it took.
// Thread: one at a time.
class ProcessWatch {
 public:
  // Errors: as SampleProcess().
  static absl::StatusOr<ProcessWatch> Create(pid_t pid);

  pid_t pid() const { return pid_; }

  void Connected();  // The run is connected and begins.
  // To be called often while the run goes on.
  void Tick(std::uint64_t in_flight, std::uint64_t answered);
  void Ended();  // The clock has stopped.

  struct Memory {
    std::uint64_t idle = 0;       // Before anybody connected.
    std::uint64_t connected = 0;  // When nothing was sent yet.
    // The last that was seen before the first answer, and how many requests were waiting then.
    std::uint64_t waiting = 0;
    std::uint64_t waiting_requests = 0;
    std::uint64_t peak = 0;
  };
  const Memory& memory() const { return memory_; }
  double cpu_seconds() const { return cpu_end_ - cpu_begin_; }

 private:
  explicit ProcessWatch(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  Memory memory_;
  double cpu_begin_ = 0;
  double cpu_end_ = 0;
};

}  // namespace pitser::bench
