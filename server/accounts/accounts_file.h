#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/accounts/account.h"

// The text of the file that keeps the accounts: JSON,
// {"schema":"pitser.accounts/1","accounts":[{"login":..., "key": HEX, ...}],"removed":[LOGIN,
// ...]}.
namespace pitser::server {

struct AccountsFile {
  std::vector<Account> accounts;
  // Login ids of accounts that were removed: signatures name them. May be those of new accounts.
  std::set<std::string, std::less<>> removed;

  friend bool operator==(const AccountsFile&, const AccountsFile&) = default;
};

// No two have the same login, and each passes CheckAccount(). Members that are missing have their
// defaults; others are ignored.
// Errors: kInvalidArgument when it is malformed; kFailedPrecondition for another version of it.
absl::StatusOr<AccountsFile> ParseAccounts(std::string_view text);

std::string FormatAccounts(const AccountsFile& file);

}  // namespace pitser::server
