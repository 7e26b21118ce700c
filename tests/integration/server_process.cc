#include "tests/integration/server_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "ledger/base/check.h"

namespace pitser::testing {

std::string BuiltPitserd() {
  const char* dir = std::getenv("PITSER_BIN_DIR");
  PITSER_CHECK(dir != nullptr);
  return std::string(dir) + "/pitserd";
}

namespace {

// The environment without what pitserd would take for a setting, ended by a null.
std::vector<char*> VariablesWithoutSettings() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("PITSER_")) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& arguments,
                             const std::string& program) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> variables = VariablesWithoutSettings();
  int out[2];
  PITSER_CHECK(pipe2(out, O_CLOEXEC) == 0);
  err_fd_ = memfd_create("stderr", MFD_CLOEXEC);
  PITSER_CHECK(err_fd_ >= 0);
  pid_ = fork();
  PITSER_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err_fd_, STDERR_FILENO);
    execve(argv[0], argv.data(), variables.data());
    _exit(127);
  }
  close(out[1]);
  out_fd_ = out[0];
}

ServerProcess::~ServerProcess() {
  if (!exit_code_.has_value()) {
    Signal(SIGKILL);
    Wait();
  }
  close(out_fd_);
  close(err_fd_);
}

std::string ServerProcess::AwaitReady() {
  char c = 0;
  while (out_.find('\n') == std::string::npos && read(out_fd_, &c, 1) == 1) out_ += c;
  const std::string start = "pitserd ready grpc=";
  if (out_.rfind(start, 0) != 0 || out_.back() != '\n') return "";
  return out_.substr(start.size(), out_.size() - start.size() - 1);
}

void ServerProcess::Signal(int signal) const { kill(pid_, signal); }

bool ServerProcess::Ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid != 0;
}

int ServerProcess::Wait() {
  if (exit_code_.has_value()) return *exit_code_;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(out_fd_, buffer, sizeof(buffer))) > 0;) {
    out_.append(buffer, static_cast<std::size_t>(n));
  }
  int status = 0;
  PITSER_CHECK(waitpid(pid_, &status, 0) == pid_);
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *exit_code_;
}

std::string ServerProcess::err() const {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0;
       (n = pread(err_fd_, buffer, sizeof(buffer), static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

RunResult RunServer(const std::vector<std::string>& arguments, const std::string& program) {
  ServerProcess process(arguments, program);
  const int exit_code = process.Wait();
  return {exit_code, process.out(), process.err()};
}

}  // namespace pitser::testing
