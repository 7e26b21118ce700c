#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <utility>

#include "base/line_writer.h"
#include "base/log_output.h"
#include "base/mutex.h"

namespace pitser::base {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kDebug:
      return "debug";
  }
  return "unknown";
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kDebug:
      break;
  }
  return spdlog::level::debug;
}

std::atomic<LogLevel> max_level{LogLevel::kInfo};

// Some hours of a line a second, for whom nobody reads meanwhile.
constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20;
// At the process's end.
constexpr std::chrono::milliseconds kFlushTimeout = std::chrono::seconds(1);

std::string TellDropped(std::uint64_t lines);

// Never destroyed, as nothing here: threads may log until the process is gone.
LineWriter& StandardError() {
  static LineWriter* const writer = [] {
    auto* const made = new LineWriter(STDERR_FILENO, kMaxWaitingBytes, TellDropped);
    std::atexit([] { FlushLog(kFlushTimeout); });
    return made;
  }();
  return *writer;
}

// A line with its time and its end. Not to be used by two threads at once, and so under a lock.
class Formatter {
 public:
  std::string Format(LogLevel level, std::string_view line) PITSER_EXCLUDES(mu_) {
    spdlog::memory_buf_t text;
    MutexLock lock(mu_);
    formatter_.format({"", ToSpdlog(level), {line.data(), line.size()}}, text);
    return {text.data(), text.size()};
  }

 private:
  Mutex mu_;
  spdlog::pattern_formatter formatter_ PITSER_GUARDED_BY(mu_){"%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                                                              spdlog::pattern_time_type::utc};
};

Formatter& GetFormatter() {
  static Formatter* const formatter = new Formatter;
  return *formatter;
}

std::string TellDropped(std::uint64_t lines) {
  return GetFormatter().Format(
      LogLevel::kWarning,
      FormatLogLine("log_lines_dropped",
                    {{"lines", lines}, {"reason", "standard error was not read, or is full"}}));
}

struct TestSink {
  Mutex mu;  // Held while the sink runs: lines come one at a time.
  std::function<void(std::string_view)> sink PITSER_GUARDED_BY(mu);
  std::atomic<bool> set{false};
};

TestSink& GetTestSink() {
  static TestSink* const sink = new TestSink;
  return *sink;
}

bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

void AppendQuoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out.push_back('\\');
        out.push_back(c);
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        if (c >= ' ' && c <= '~') {
          out.push_back(c);
        } else {
          fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  out.push_back('"');
}

struct ValueAppender {
  std::string& out;
  void operator()(bool value) const { out.append(value ? "true" : "false"); }
  void operator()(std::int64_t value) const {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void operator()(std::uint64_t value) const {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void operator()(double value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(std::string_view value) const {
    if (IsPlain(value)) {
      out.append(value);
    } else {
      AppendQuoted(out, value);
    }
  }
};

// Whether a test took the line.
bool GaveToTest(LogLevel level, const std::string& line) {
  TestSink& test = GetTestSink();
  if (!test.set.load(std::memory_order_acquire)) return false;
  MutexLock lock(test.mu);
  if (!test.sink) return false;
  test.sink(std::string(LevelName(level)).append(" ").append(line));
  return true;
}

void Log(LogLevel level, std::string_view event, LogFields fields) {
  if (level > max_level.load(std::memory_order_relaxed)) return;
  try {  // The library's border: there may be no memory for a line.
    const std::string line = FormatLogLine(event, fields);
    if (!GaveToTest(level, line)) StandardError().Write(GetFormatter().Format(level, line));
  } catch (const std::exception&) {
    StandardError().Drop();
  }
}

}  // namespace

absl::StatusOr<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level :
       {LogLevel::kError, LogLevel::kWarning, LogLevel::kInfo, LogLevel::kDebug}) {
    if (LevelName(level) == name) return level;
  }
  return absl::InvalidArgumentError(
      fmt::format("log level: expected error, warning, info or debug, got '{}'", name));
}

void SetLogLevel(LogLevel level) { max_level.store(level, std::memory_order_relaxed); }

std::string FormatLogLine(std::string_view event, LogFields fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    line.push_back(' ');
    line.append(field.key());
    line.push_back('=');
    std::visit(ValueAppender{line}, field.value());
  }
  return line;
}

void LogError(std::string_view event, LogFields fields) { Log(LogLevel::kError, event, fields); }
void LogWarning(std::string_view event, LogFields fields) {
  Log(LogLevel::kWarning, event, fields);
}
void LogInfo(std::string_view event, LogFields fields) { Log(LogLevel::kInfo, event, fields); }
void LogDebug(std::string_view event, LogFields fields) { Log(LogLevel::kDebug, event, fields); }

ScopedLogSink::ScopedLogSink(std::function<void(std::string_view)> sink) {
  TestSink& test = GetTestSink();
  MutexLock lock(test.mu);
  test.sink = std::move(sink);
  test.set.store(true, std::memory_order_release);
}

ScopedLogSink::~ScopedLogSink() {
  TestSink& test = GetTestSink();
  MutexLock lock(test.mu);
  test.sink = nullptr;
  test.set.store(false, std::memory_order_release);
}

bool FlushLog(std::chrono::milliseconds timeout) noexcept { return StandardError().Flush(timeout); }

void OpenLog() { StandardError(); }

std::uint64_t DroppedLogLines() noexcept { return StandardError().dropped(); }

}  // namespace pitser::base
