#include "client/cli/signing_times.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/clock_doubt.h"
#include "ledger/base/bytes.h"

namespace pitser::cli {

absl::Status SigningTimes::Judge(std::uint64_t signing_time) {
  const absl::Status checked = client::CheckSigningTime(
      signing_time, static_cast<std::uint64_t>(absl::ToUnixSeconds(clock_.Now())));
  if (checked.ok()) return checked;
  const absl::Status doubt = Error(
      ExitCode::kInconclusive, absl::StrFormat("%s: %s", server_, ledger::ToStd(checked.message())),
      "the signature is kept; it proves the time that it names, not the one of today");
  if (!told_) console_.Fail(doubt);
  told_ = true;
  return doubt;
}

}  // namespace pitser::cli
