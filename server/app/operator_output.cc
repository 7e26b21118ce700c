#include "server/app/operator_output.h"

#include <cstdio>

#include "base/unicode.h"
#include "ledger/base/bytes.h"

namespace pitser::server {

using base::ExitCode;

ExitCode Refuse(ExitCode code, absl::string_view why) {
  std::fprintf(stderr, "pitserd: %s\n", base::Printable(ledger::ToStd(why)).c_str());
  return code;
}

ExitCode Refuse(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return Refuse(ExitCode::kUnreachable, status.message());
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:
      return Refuse(ExitCode::kBug, status.message());
    case absl::StatusCode::kPermissionDenied:
      return Refuse(ExitCode::kLocalFile, status.message());
    default:
      return Refuse(ExitCode::kRefused, status.message());
  }
}

ExitCode Say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0) return Refuse(ExitCode::kLocalFile, "cannot write standard output");
  return ExitCode::kOk;
}

}  // namespace pitser::server
