#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/empty_server.h"
#include "ledger/base/status.h"

namespace pitser::bench {
namespace {

std::vector<std::string> ArgumentsOf(const EmptyServerOptions& options) {
  std::vector<std::string> arguments = {
      "pitser-bench",
      "empty-server",
      "--with-parent",
      "--listen",
      options.listen.ToString(),
      "--signature-bytes",
      absl::StrCat(options.sizes.signature_bytes),
      "--part-bytes",
      absl::StrCat(options.sizes.part_bytes),
      "--tail-bytes",
      absl::StrCat(options.sizes.tail_bytes),
      "--round",
      absl::StrCat(options.round.count()),
  };
  if (options.parked) arguments.push_back("--parked");
  return arguments;
}

// The first line that comes out of `fd`, without its end; what there was when it ends before.
std::string ReadLine(int fd) {
  std::string line;
  for (char c = 0; read(fd, &c, 1) == 1 && c != '\n';) line.push_back(c);
  return line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EmptyProcess>> EmptyProcess::Start(
    const EmptyServerOptions& options) {
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  std::vector<std::string> arguments = ArgumentsOf(options);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  const std::string line = error == 0 ? ReadLine(out[0]) : "";
  close(out[0]);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start the empty server");
  std::unique_ptr<EmptyProcess> process(new EmptyProcess(pid));
  if (!line.starts_with(kEmptyReady)) {
    return absl::InternalError(absl::StrCat("the empty server did not get ready: '", line, "'"));
  }
  PITSER_ASSIGN_OR_RETURN(process->endpoint_, net::ParseEndpoint(line.substr(kEmptyReady.size())));
  return process;
}

EmptyProcess::~EmptyProcess() {
  kill(pid_, SIGTERM);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace pitser::bench
