#pragma once

#include "absl/status/status.h"
#include "pitser/control/v1/control.pb.h"
#include "server/accounts/account_store.h"

namespace pitser::server {

// The calls about accounts of pitser.control.v1, on a store. They fill an empty response.
// Errors: as the contract says; kInternal when no key can be made.
absl::Status AddTo(AccountStore& store, const control::v1::AddAccountRequest& request,
                   control::v1::AddAccountResponse& response);
void ListIn(const AccountStore& store, control::v1::ListAccountsResponse& response);
absl::Status RemoveFrom(AccountStore& store, const control::v1::RemoveAccountRequest& request);
absl::Status ChangeIn(AccountStore& store, const control::v1::ChangeAccountRequest& request,
                      control::v1::ChangeAccountResponse& response);

}  // namespace pitser::server
