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
  PITSER_ASSIGN_OR_RETURN(std::string text, base::ReadSecretFile(path_, kMaxFileSize));
  PITSER_ASSIGN_OR_RETURN(AccountsFile file, ParseAccounts(text));
  MutexLock writing(write_mu_);
  on_disk_ = std::move(text);
  removed_ = std::move(file.removed);
  MutexLock lock(mu_);
  for (Account& account : file.accounts) {
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

absl::Status AccountStore::Save(Entries entries, Logins removed) {
  PITSER_RETURN_IF_ERROR(CheckUnchanged());
  AccountsFile file;
  for (const auto& [login, entry] : entries) file.accounts.push_back(entry->account);
  file.removed = std::move(removed);
  std::string text = FormatAccounts(file);
  PITSER_RETURN_IF_ERROR(base::WriteFileDurably(path_, ledger::AsBytes(text), 0600));
  on_disk_ = std::move(text);
  removed_ = std::move(file.removed);
  MutexLock lock(mu_);
  entries_ = std::move(entries);
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

std::vector<Account> AccountStore::ListOfThisProcess() const {
  MutexLock lock(mu_);
  std::vector<Account> accounts;
  for (const auto& [login, entry] : extra_) accounts.push_back(entry->account);
  return accounts;
}

absl::Status AccountStore::Add(Account account, bool again) {
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
  if (!again && removed_.contains(account.login)) {
    return absl::FailedPreconditionError(
        absl::StrCat("there was an account ", account.login,
                     ", which was removed, and signatures name it: choose another login id, or say "
                     "--again if it is the same client's"));
  }
  std::string login = account.login;
  changed[login] = NewEntry(std::move(account), std::make_shared<RoundUse>());
  return Save(std::move(changed), removed_);
}

absl::StatusOr<AccountStore::Entries> AccountStore::EntriesWith(std::string_view login) const {
  MutexLock lock(mu_);
  if (extra_.contains(login)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the account ", ledger::ToAbsl(login),
        " is there because the node was started with allow_anonymous: that and the settings "
        "anonymous_max_level and anonymous_max_requests say what it may"));
  }
  if (!entries_.contains(login)) {
    return absl::NotFoundError(absl::StrCat("there is no account ", ledger::ToAbsl(login)));
  }
  return entries_;
}

absl::Status AccountStore::Change(std::string_view login,
                                  const std::function<void(Account&)>& change) {
  MutexLock writing(write_mu_);
  PITSER_ASSIGN_OR_RETURN(Entries changed, EntriesWith(login));
  const auto it = changed.find(login);
  Account account = it->second->account;
  change(account);
  PITSER_RETURN_IF_ERROR(CheckAccount(account));
  it->second = NewEntry(std::move(account), it->second->use);
  return Save(std::move(changed), removed_);
}

absl::Status AccountStore::Remove(std::string_view login) {
  MutexLock writing(write_mu_);
  PITSER_ASSIGN_OR_RETURN(Entries changed, EntriesWith(login));
  changed.erase(changed.find(login));
  Logins removed = removed_;
  removed.emplace(login);
  return Save(std::move(changed), std::move(removed));
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
