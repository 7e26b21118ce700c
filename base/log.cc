#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <utility>

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

// Never destroyed: threads may log until the process is gone.
spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("pitser", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);  // SetLogLevel() decides.
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
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

void Log(LogLevel level, std::string_view event, LogFields fields) {
  if (level > max_level.load(std::memory_order_relaxed)) return;
  const std::string line = FormatLogLine(event, fields);
  TestSink& test = GetTestSink();
  if (test.set.load(std::memory_order_acquire)) {
    MutexLock lock(test.mu);
    if (test.sink) {
      test.sink(std::string(LevelName(level)).append(" ").append(line));
      return;
    }
  }
  Logger().log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
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

}  // namespace pitser::base
