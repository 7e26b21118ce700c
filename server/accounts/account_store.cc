#include "server/accounts/account_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "ledger/base/status.h"
#include "server/accounts/accounts_file.h"

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr std::size_t kMaxFileSize = std::size_t{64} << 20;
constexpr std::uint64_t kSetBack = 10;  // Seconds that rounds do not go back by themselves.

std::shared_ptr<const AccountEntry> NewEntry(Account account, std::shared_ptr<RoundUse> use) {
  return std::make_shared<const AccountEntry>(AccountEntry{std::move(account), std::move(use)});
}

}  // namespace

bool RoundUse::Take(std::uint64_t round, std::uint32_t max) {
  MutexLock lock(mu_);
  // Of a clock that was far ahead once nothing is counted on until that time comes.
  if (round > round_ || round_ - round > kSetBack) {
    round_ = round;
    requests_ = 0;
  }
  if (requests_ >= max) return false;
  ++requests_;
  return true;
}

void RoundUse::GiveBack(std::uint64_t round) {
  MutexLock lock(mu_);
  if (round == round_ && requests_ > 0) --requests_;
}

absl::StatusOr<std::unique_ptr<AccountStore>> AccountStore::Open(std::string path) {
  std::unique_ptr<AccountStore> store(new AccountStore(std::move(path)));
  if (base::Exists(store->path_)) {
    PITSER_RETURN_IF_ERROR(ledger::Annotate(store->Load(), store->path_));
  }
  return store;
}

absl::Status AccountStore::Load() {
  MutexLock writing(write_mu_);
  PITSER_ASSIGN_OR_RETURN(std::string text, base::ReadSecretFile(path_, kMaxFileSize));
  PITSER_ASSIGN_OR_RETURN(std::vector<Account> accounts, ParseAccounts(text));
  on_disk_ = std::move(text);
  MutexLock lock(mu_);
  for (Account& account : accounts) {
    std::string login = account.login;
    entries_.emplace(std::move(login), NewEntry(std::move(account), std::make_shared<RoundUse>()));
  }
  return absl::OkStatus();
}

// Keys that somebody put into the file since it was read, or all of it from a backup, would be lost
// under what is known here.
absl::Status AccountStore::CheckUnchanged() const {
  if (!base::Exists(path_)) return absl::OkStatus();
  PITSER_ASSIGN_OR_RETURN(const std::string text, base::ReadSecretFile(path_, kMaxFileSize));
  if (text == on_disk_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path_, " was changed by somebody else since this server read it, so nothing is ",
                   "written over it: restart pitserd to have it read, then try again"));
}

absl::Status AccountStore::Save(const Entries& entries) {
  PITSER_RETURN_IF_ERROR(CheckUnchanged());
  std::vector<Account> accounts;
  for (const auto& [login, entry] : entries) accounts.push_back(entry->account);
  std::string text = FormatAccounts(accounts);
  PITSER_RETURN_IF_ERROR(base::WriteFileDurably(path_, ledger::AsBytes(text), 0600));
  on_disk_ = std::move(text);
  return absl::OkStatus();
}

std::shared_ptr<const AccountEntry> AccountStore::Find(std::string_view login) const {
  MutexLock lock(mu_);
  if (const auto it = extra_.find(login); it != extra_.end()) return it->second;
  const auto it = entries_.find(login);
  return it == entries_.end() ? nullptr : it->second;
}

std::vector<Account> AccountStore::List() const {
  MutexLock lock(mu_);
  std::vector<Account> accounts;
  for (const auto& [login, entry] : entries_) accounts.push_back(entry->account);
  return accounts;
}

absl::Status AccountStore::Add(Account account) {
  PITSER_RETURN_IF_ERROR(CheckAccount(account));
  MutexLock writing(write_mu_);
  Entries changed;
  {
    MutexLock lock(mu_);
    if (entries_.contains(account.login) || extra_.contains(account.login)) {
      return absl::AlreadyExistsError(absl::StrCat("there is an account ", account.login));
    }
    changed = entries_;
  }
  std::string login = account.login;
  changed[login] = NewEntry(std::move(account), std::make_shared<RoundUse>());
  PITSER_RETURN_IF_ERROR(Save(changed));
  MutexLock lock(mu_);
  entries_ = std::move(changed);
  return absl::OkStatus();
}

absl::Status AccountStore::Change(std::string_view login,
                                  const std::function<void(Account&)>& change) {
  MutexLock writing(write_mu_);
  Entries changed;
  {
    MutexLock lock(mu_);
    if (extra_.contains(login)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the account ", ledger::ToAbsl(login),
          " is there because the node was started with allow_anonymous: it cannot be changed"));
    }
    changed = entries_;
  }
  const auto it = changed.find(login);
  if (it == changed.end()) {
    return absl::NotFoundError(absl::StrCat("there is no account ", ledger::ToAbsl(login)));
  }
  Account account = it->second->account;
  change(account);
  PITSER_RETURN_IF_ERROR(CheckAccount(account));
  it->second = NewEntry(std::move(account), it->second->use);
  PITSER_RETURN_IF_ERROR(Save(changed));
  MutexLock lock(mu_);
  entries_ = std::move(changed);
  return absl::OkStatus();
}

void AccountStore::AddForThisProcess(Account account) {
  MutexLock lock(mu_);
  std::string login = account.login;
  extra_[login] = NewEntry(std::move(account), std::make_shared<RoundUse>());
}

Account AnonymousAccount() {
  Account account;
  account.login = kAnonymousLogin;
  account.key = ledger::ToVector(ledger::AsBytes(kAnonymousLogin));
  return account;
}

}  // namespace pitser::server
