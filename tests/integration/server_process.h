#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace pitser::testing {

// The pitserd of this build: in PITSER_BIN_DIR.
std::string BuiltPitserd();

// A pitserd as a process of its own.
class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& arguments,
                         const std::string& program = BuiltPitserd());
  // Kills it if it still runs.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Waits for the ready line. "HOST:PORT" of gRPC; empty when the process ended without it.
  std::string AwaitReady();
  void Signal(int signal) const;
  // Whether it has ended, collected by Wait() or not.
  bool Ended() const;
  // Waits for the end. The exit code; 128 + N when signal N ended it.
  int Wait();

  // All that it wrote: of standard output once Wait() returned, of standard error too.
  const std::string& out() const { return out_; }
  std::string err() const;

 private:
  pid_t pid_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;  // A file without a name: it is never full.
  std::string out_;
  std::optional<int> exit_code_;
};

// Runs it to its end.
struct RunResult {
  int exit_code;
  std::string out, err;
};
RunResult RunServer(const std::vector<std::string>& arguments,
                    const std::string& program = BuiltPitserd());

}  // namespace pitser::testing
