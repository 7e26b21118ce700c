#include <set>

#include "ledger/base/check.h"
#include "server/accounts/accounts_file.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

PITSER_FUZZ_TARGET(accounts) {
  const auto accounts = server::ParseAccounts(ledger::AsText(input));
  if (!accounts.ok()) {
    PITSER_CHECK(accounts.status().code() == absl::StatusCode::kInvalidArgument ||
                 accounts.status().code() == absl::StatusCode::kFailedPrecondition);
    return;
  }
  std::set<std::string> logins;
  for (const server::Account& account : accounts->accounts) {
    PITSER_CHECK(server::CheckAccount(account).ok());
    PITSER_CHECK(logins.insert(account.login).second);
  }
  const std::string text = server::FormatAccounts(*accounts);
  const auto again = server::ParseAccounts(text);
  PITSER_CHECK(again.ok() && *again == *accounts && server::FormatAccounts(*again) == text);
}

}  // namespace pitser::fuzz
