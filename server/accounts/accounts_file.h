#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/accounts/account.h"

// The text of the file that keeps the accounts: JSON,
// {"schema":"pitser.accounts/1","accounts":[{"login":..., "key": HEX, ...}]}.
namespace pitser::server {

// No two have the same login, and each passes CheckAccount(). Members that are missing have their
// defaults; others are ignored.
// Errors: kInvalidArgument when it is malformed; kFailedPrecondition for another version of it.
absl::StatusOr<std::vector<Account>> ParseAccounts(std::string_view text);

std::string FormatAccounts(const std::vector<Account>& accounts);

}  // namespace pitser::server
