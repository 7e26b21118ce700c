#include "base/last_words.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/log_output.h"
#include "ledger/base/check_report.h"

namespace pitser::base {
namespace {

constexpr std::chrono::milliseconds kFlushTimeout = std::chrono::seconds(1);
constexpr int kWriteTimeoutMs = 1000;
constexpr unsigned kAlarmSeconds = 5;

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

const char* g_program = "pitser";
std::array<struct sigaction, kCrashes.size()> g_before;
std::atomic<bool> g_said = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// Text of which a part may be missing, without memory from the heap.
class Line {
 public:
  Line& Add(std::string_view text) {
    const std::size_t size = std::min(text.size(), kMax - size_);
    std::memcpy(text_ + size_, text.data(), size);
    size_ += size;
    return *this;
  }
  std::string_view text() const { return {text_, size_}; }

 private:
  static constexpr std::size_t kMax = 4096;
  char text_[kMax];
  std::size_t size_ = 0;
};

std::string_view NameOf(int crash) {
  switch (crash) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "SIGSYS";
  }
}

// The end of the process whatever becomes of the writing.
void SetAlarm() {
  std::signal(SIGALRM, SIG_DFL);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
  alarm(kAlarmSeconds);
}

void OnCrash(int crash) {
  if (!g_said) {
    Line line;
    SayLastWords(line.Add(g_program).Add(": ended by ").Add(NameOf(crash)).text());
  }
  // What it would have done: a core, the next handler's report. A fault comes again by itself.
  for (std::size_t i = 0; i < kCrashes.size(); ++i) {
    if (kCrashes[i] == crash) sigaction(crash, &g_before[i], nullptr);
  }
  raise(crash);
}

void OnCheckFailed(const char* text) {
  Line line;
  SayLastWords(line.Add(g_program).Add(": ").Add(text).text());
}

[[noreturn]] void OnTerminate() {
  Line line;
  line.Add(g_program).Add(": ended by an exception that nobody caught");
  try {
    if (std::current_exception() != nullptr) std::rethrow_exception(std::current_exception());
  } catch (const std::exception& error) {
    line.Add(": ").Add(error.what());
  } catch (...) {
  }
  SayLastWords(line.text());
  std::abort();
}

}  // namespace

void SayLastWords(std::string_view line) noexcept {
  g_said = true;
  SetAlarm();
  FlushLog(kFlushTimeout);
  Line ended;
  const std::string_view text = ended.Add(line.substr(0, 4095)).Add("\n").text();
  pollfd file = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&file, 1, kWriteTimeoutMs) > 0) (void)!write(STDERR_FILENO, text.data(), text.size());
  alarm(0);
}

void SayLastWordsOnCrash(const char* program) {
  g_program = program;
  OpenLog();
  ledger::SetCheckReport(OnCheckFailed);
  std::set_terminate(OnTerminate);
  for (std::size_t i = 0; i < kCrashes.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = OnCrash;
    sigaction(kCrashes[i], &action, &g_before[i]);
  }
}

}  // namespace pitser::base
