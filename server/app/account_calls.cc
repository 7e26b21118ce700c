#include "server/app/account_calls.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/hex.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hmac.h"

namespace pitser::server {
namespace {

namespace v1 = control::v1;
using ledger::ByteVector;

constexpr std::size_t kMadeKeySize = 32;  // Bytes of randomness.

// A key that people can put into any client: text, without a zero byte.
absl::StatusOr<ByteVector> MadeKey() {
  PITSER_ASSIGN_OR_RETURN(const ByteVector random, ledger::RandomKey(kMadeKeySize));
  return ledger::ToVector(ledger::AsBytes(ledger::ToHex(random)));
}

// A change with its names and keys looked at, so that applying it cannot fail.
struct Wanted {
  const v1::AccountChange& change;
  std::vector<ledger::HashAlgorithm> hmac;
  ByteVector key;  // Empty: as it was.

  void ApplyTo(Account& account) const {
    const auto level = [](std::uint32_t value) {
      return static_cast<ledger::Level>(
          std::min<std::uint32_t>(value, std::numeric_limits<ledger::Level>::max()));
    };
    if (change.has_max_level()) account.max_level = level(change.max_level());
    if (change.has_max_requests()) account.max_requests = change.max_requests();
    if (change.has_enabled()) account.enabled = change.enabled();
    if (change.has_may_sign()) account.may_sign = change.may_sign();
    if (change.has_may_extend()) account.may_extend = change.may_extend();
    if (!hmac.empty()) account.hmac = hmac;
    if (!key.empty()) account.key = key;
  }
};

absl::StatusOr<Wanted> Look(const v1::AccountChange& change) {
  Wanted wanted{change, {}, {}};
  for (const std::string& name : change.hmac()) {
    PITSER_ASSIGN_OR_RETURN(const ledger::HashAlgorithm algorithm,
                            ledger::HashAlgorithmFromName(name));
    wanted.hmac.push_back(algorithm);
  }
  if (change.has_key()) {
    if (change.key().empty()) return absl::InvalidArgumentError("the key is empty");
    wanted.key = ledger::ToVector(ledger::AsBytes(change.key()));
  } else if (change.make_key()) {
    PITSER_ASSIGN_OR_RETURN(wanted.key, MadeKey());
  }
  return wanted;
}

void Tell(const Account& account, v1::Account& told) {
  told.set_login(account.login);
  told.set_max_level(account.max_level);
  told.set_max_requests(account.max_requests);
  told.set_enabled(account.enabled);
  told.set_may_sign(account.may_sign);
  told.set_may_extend(account.may_extend);
  for (const ledger::HashAlgorithm algorithm : account.hmac) {
    told.add_hmac(std::string(ledger::HashAlgorithmName(algorithm)));
  }
}

}  // namespace

absl::Status AddTo(AccountStore& store, const v1::AddAccountRequest& request,
                   v1::AddAccountResponse& response) {
  PITSER_ASSIGN_OR_RETURN(const Wanted wanted, Look(request.account()));
  Account account;
  account.login = request.login();
  wanted.ApplyTo(account);
  if (account.key.empty()) {
    PITSER_ASSIGN_OR_RETURN(account.key, MadeKey());
  }
  PITSER_RETURN_IF_ERROR(store.Add(account, request.again()));
  Tell(account, *response.mutable_account());
  if (!request.account().has_key()) response.set_key(ledger::ToString(account.key));
  return absl::OkStatus();
}

void ListIn(const AccountStore& store, v1::ListAccountsResponse& response) {
  for (const Account& account : store.ListOfThisProcess()) {
    Tell(account, *response.add_accounts());
    response.mutable_accounts()->rbegin()->set_anonymous(true);
  }
  for (const Account& account : store.List()) Tell(account, *response.add_accounts());
}

absl::Status RemoveFrom(AccountStore& store, const v1::RemoveAccountRequest& request) {
  return store.Remove(request.login());
}

absl::Status ChangeIn(AccountStore& store, const v1::ChangeAccountRequest& request,
                      v1::ChangeAccountResponse& response) {
  PITSER_ASSIGN_OR_RETURN(const Wanted wanted, Look(request.change()));
  PITSER_RETURN_IF_ERROR(store.Change(request.login(), [&](Account& account) {
    wanted.ApplyTo(account);
    Tell(account, *response.mutable_account());
  }));
  if (request.change().make_key()) response.set_key(ledger::ToString(wanted.key));
  return absl::OkStatus();
}

}  // namespace pitser::server
