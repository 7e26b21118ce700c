#include "server/app/signals.h"

#include <cstdlib>
#include <ctime>

#include "base/exit_code.h"
#include "base/last_words.h"
#include "base/log.h"
#include "base/log_output.h"

namespace pitser::server {
namespace {

using base::MutexLock;

// How often the thread looks whether it is to end, or the shutdown is overdue.
constexpr timespec kLookEvery = {0, 100'000'000};

const char* NameOf(int signal) {
  switch (signal) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return "SIGUSR2";
  }
}

// As if nobody had asked for the signal.
void EndBy(int signal) {
  base::FlushLog(std::chrono::milliseconds(100));
  std::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  raise(signal);
}

}  // namespace

Signals::Signals() {
  sigemptyset(&waited_for_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
    sigaddset(&waited_for_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &waited_for_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  thread_ = base::Thread("pitser-signals", [this] { Run(); });
}

Signals::~Signals() {
  {
    MutexLock lock(mu_);
    over_ = true;
  }
  thread_.Join();
}

void Signals::Started() {
  MutexLock lock(mu_);
  started_ = true;
}

void Signals::Await(absl::Duration longest) {
  MutexLock lock(mu_);
  while (!asked_) changed_.Wait(mu_);
  until_ = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(longest);
}

// Whether it is the first one that the node can be ended by in order.
bool Signals::TakeEnding(int signal) {
  {
    MutexLock lock(mu_);
    if (!started_ || asked_) return false;
    asked_ = true;
  }
  base::LogInfo("stopping", {{"signal", NameOf(signal)}});
  changed_.SignalAll();
  return true;
}

void Signals::EndIfOverdue() {
  {
    MutexLock lock(mu_);
    if (std::chrono::steady_clock::now() < until_) return;
  }
  base::SayLastWords("pitserd: the shutdown took too long: ended at once, which loses nothing");
  std::_Exit(static_cast<int>(base::ExitCode::kBug));
}

void Signals::Run() {
  while (true) {
    const int signal = sigtimedwait(&waited_for_, nullptr, &kLookEvery);
    if (signal == SIGTERM || signal == SIGINT) {
      if (!TakeEnding(signal)) EndBy(signal);
    } else if (signal > 0) {
      base::LogInfo("signal_ignored", {{"signal", NameOf(signal)}});
    }
    EndIfOverdue();
    MutexLock lock(mu_);
    if (over_) return;
  }
}

}  // namespace pitser::server
