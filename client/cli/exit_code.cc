#include "client/cli/exit_code.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "ledger/base/bytes.h"
#include "ledger/base/check.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kExitCodePayload = "pitser/exit-code";
constexpr std::string_view kHintPayload = "pitser/hint";

constexpr std::array<ExitCodeInfo, 10> kExitCodes = {{
    {ExitCode::kOk, "", "ok", "done; verified"},
    {ExitCode::kFailed, "proven-wrong", "failed", "proven wrong: the verification failed"},
    {ExitCode::kUsage, "usage", "error", "the command line or the configuration is wrong"},
    {ExitCode::kInconclusive, "inconclusive", "inconclusive",
     "the evidence at hand cannot decide; never a yes"},
    {ExitCode::kMalformed, "malformed-input", "malformed", "malformed input"},
    {ExitCode::kRefused, "refused", "error", "refused by the service"},
    {ExitCode::kUnreachable, "unreachable", "error", "the service is unreachable or timed out"},
    {ExitCode::kLocalFile, "local-file", "error", "a local file cannot be read or written"},
    {ExitCode::kBug, "internal-error", "error", "an error of ours: please report it"},
    {ExitCode::kInterrupted, "interrupted", "error", "interrupted"},
}};

// From worst to best.
constexpr std::array<ExitCode, 10> kOrder = {
    ExitCode::kInterrupted,  ExitCode::kUsage,     ExitCode::kFailed,      ExitCode::kBug,
    ExitCode::kMalformed,    ExitCode::kLocalFile, ExitCode::kUnreachable, ExitCode::kRefused,
    ExitCode::kInconclusive, ExitCode::kOk};

std::optional<ExitCode> CarriedCode(const absl::Status& status) {
  const auto payload = status.GetPayload(ledger::ToAbsl(kExitCodePayload));
  if (!payload) return std::nullopt;
  const std::string text(*payload);
  int code = 0;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return static_cast<ExitCode>(code);
}

absl::StatusCode StatusCodeFor(ExitCode code) {
  switch (code) {
    case ExitCode::kUsage:
    case ExitCode::kMalformed:
      return absl::StatusCode::kInvalidArgument;
    case ExitCode::kInconclusive:
      return absl::StatusCode::kOutOfRange;
    case ExitCode::kRefused:
      return absl::StatusCode::kPermissionDenied;
    case ExitCode::kUnreachable:
      return absl::StatusCode::kUnavailable;
    case ExitCode::kLocalFile:
      return absl::StatusCode::kNotFound;
    case ExitCode::kInterrupted:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

std::span<const ExitCodeInfo> AllExitCodes() { return kExitCodes; }

const ExitCodeInfo& InfoOf(ExitCode code) {
  const auto* info = std::ranges::find(kExitCodes, code, &ExitCodeInfo::code);
  PITSER_CHECK(info != kExitCodes.end());
  return *info;
}

std::string ExitCodeTable() {
  std::string table = "| code | meaning | `reason_code` in JSON |\n| --- | --- | --- |\n";
  for (const ExitCodeInfo& info : kExitCodes) {
    const std::string reason =
        info.name.empty() ? "`null`"
        : info.code == ExitCode::kFailed || info.code == ExitCode::kInconclusive
            ? absl::StrFormat("the rule's, else `%s`", info.name)
            : absl::StrFormat("`%s`", info.name);
    absl::StrAppendFormat(&table, "| %d | %s | %s |\n", static_cast<int>(info.code), info.meaning,
                          reason);
  }
  return table;
}

ExitCode Worse(ExitCode a, ExitCode b) {
  return *std::ranges::find_if(kOrder, [&](ExitCode code) { return code == a || code == b; });
}

absl::Status Error(ExitCode code, std::string_view message, std::string_view hint) {
  absl::Status status(StatusCodeFor(code), ledger::ToAbsl(message));
  if (!hint.empty()) {
    status.SetPayload(ledger::ToAbsl(kHintPayload), absl::Cord(ledger::ToAbsl(hint)));
  }
  return WithExitCode(status, code);
}

absl::Status InContext(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status result(status.code(),
                      absl::StrFormat("%s: %s", context, ledger::ToStd(status.message())));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

absl::Status WithExitCode(const absl::Status& status, ExitCode code) {
  absl::Status result = status;
  result.SetPayload(ledger::ToAbsl(kExitCodePayload),
                    absl::Cord(std::to_string(static_cast<int>(code))));
  return result;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  if (const std::optional<ExitCode> carried = CarriedCode(status)) return *carried;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kMalformed;
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kInconclusive;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return ExitCode::kRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return ExitCode::kUnreachable;
    default:
      return ExitCode::kBug;
  }
}

std::string HintOf(const absl::Status& status) {
  const auto payload = status.GetPayload(ledger::ToAbsl(kHintPayload));
  return payload ? std::string(*payload) : std::string();
}

}  // namespace pitser::cli
