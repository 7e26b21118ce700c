#include "server/parent/parent_error.h"

#include "absl/strings/str_cat.h"
#include "ledger/base/bytes.h"
#include "server/core/parent.h"

namespace pitser::server {

absl::Status ParentError(std::string_view service, const net::KsiAddress& address,
                         const absl::Status& status) {
  return WithParentFault(
      absl::UnavailableError(absl::StrCat("the parent's ", ledger::ToAbsl(service), ", ",
                                          address.ToString(), ": ", status.message())),
      absl::IsDeadlineExceeded(status) ? ParentFault::kTimedOut : ParentFault::kFailed);
}

}  // namespace pitser::server
