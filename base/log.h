#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"

namespace pitser::base {

// Structured logging, one event a line, on standard error:
//   2026-11-23T18:40:00.123Z info round_committed round=1700000001 leaves=512 elapsed_ms=14
// No customer bytes and no keys, ever; no imprints above debug level.
// Thread: any.

// A level per meaning.
enum class LogLevel {
  kError,    // Someone must act.
  kWarning,  // Someone may.
  kInfo,     // Life-cycle, and one line a round.
  kDebug,
};

// "error", "warning", "info" or "debug".   Errors: kInvalidArgument.
absl::StatusOr<LogLevel> ParseLogLevel(std::string_view name);

// What is logged from now on: this level and the graver ones. At first kInfo.
void SetLogLevel(LogLevel level);

// One `key=value`. Lives no longer than the call it is made for: it views text.
class LogField {
 public:
  using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view>;

  LogField(std::string_view key, std::string_view text) : key_(key), value_(text) {}
  LogField(std::string_view key, const std::string& text) : key_(key), value_(text) {}
  LogField(std::string_view key, const char* text) : key_(key), value_(std::string_view(text)) {}
  LogField(std::string_view key, absl::string_view text) : key_(key), value_(ledger::ToStd(text)) {}
  // Its message only.
  LogField(std::string_view key, const absl::Status& status) : LogField(key, status.message()) {}
  template <typename T>
  requires std::is_arithmetic_v<T> LogField(std::string_view key, T number)
      : key_(key), value_(Widen(number)) {}

  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  template <typename T>
  static Value Widen(T number) {
    if constexpr (std::is_same_v<T, bool>) {
      return number;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(number);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<std::int64_t>(number);
    } else {
      return static_cast<std::uint64_t>(number);
    }
  }

  std::string_view key_;
  Value value_;
};

using LogFields = std::initializer_list<LogField>;

// LogInfo("round_committed", {{"round", t}, {"leaves", n}});
// `event` and the keys are snake_case words.
void LogError(std::string_view event, LogFields fields = {});
void LogWarning(std::string_view event, LogFields fields = {});
void LogInfo(std::string_view event, LogFields fields = {});
void LogDebug(std::string_view event, LogFields fields = {});

// `event key=value ...`: text with anything but printable ASCII without blanks, quotes, `=` and
// backslashes stands in quotes, escaped, so that no value can break or forge a line.
std::string FormatLogLine(std::string_view event, LogFields fields);

// For tests: sends lines (without time, "info round_committed ...") to `sink` while it lives. One
// at a time.
class ScopedLogSink {
 public:
  explicit ScopedLogSink(std::function<void(std::string_view line)> sink);
  ~ScopedLogSink();
  ScopedLogSink(const ScopedLogSink&) = delete;
  ScopedLogSink& operator=(const ScopedLogSink&) = delete;
};

}  // namespace pitser::base
