#include "server/accounts/account_store.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

using base::MutexLock;
using Json = nlohmann::json;

constexpr const char* kSchema = "pitser.accounts/1";
constexpr std::size_t kMaxFileSize = std::size_t{64} << 20;

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("malformed accounts: ", ledger::ToAbsl(what)));
}

template <typename T>
absl::Status Read(const Json& from, const char* key, T& to) {
  const auto it = from.find(key);
  if (it == from.end()) return absl::OkStatus();  // The default.
  if constexpr (std::is_same_v<T, bool>) {
    if (!it->is_boolean()) return Malformed(absl::StrCat(key, " is no boolean"));
    to = it->template get<bool>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!it->is_string()) return Malformed(absl::StrCat(key, " is no text"));
    to = it->template get<std::string>();
  } else {
    if (!it->is_number_unsigned() ||
        it->template get<std::uint64_t>() > std::numeric_limits<T>::max()) {
      return Malformed(absl::StrCat(key, " is no number that fits"));
    }
    to = static_cast<T>(it->template get<std::uint64_t>());
  }
  return absl::OkStatus();
}

absl::StatusOr<Account> FromJson(const Json& json) {
  if (!json.is_object()) return Malformed("an account is no object");
  Account account;
  std::string key;
  PITSER_RETURN_IF_ERROR(Read(json, "login", account.login));
  PITSER_RETURN_IF_ERROR(Read(json, "key", key));
  PITSER_ASSIGN_OR_RETURN(account.key, ledger::FromHex(key));
  PITSER_RETURN_IF_ERROR(Read(json, "max_level", account.max_level));
  PITSER_RETURN_IF_ERROR(Read(json, "max_requests", account.max_requests));
  PITSER_RETURN_IF_ERROR(Read(json, "enabled", account.enabled));
  PITSER_RETURN_IF_ERROR(Read(json, "sign", account.may_sign));
  PITSER_RETURN_IF_ERROR(Read(json, "extend", account.may_extend));
  if (const auto hmac = json.find("hmac"); hmac != json.end()) {
    if (!hmac->is_array()) return Malformed("hmac is no list");
    account.hmac.clear();
    for (const Json& name : *hmac) {
      if (!name.is_string()) return Malformed("hmac holds something that is no name");
      PITSER_ASSIGN_OR_RETURN(const ledger::HashAlgorithm algorithm,
                              ledger::HashAlgorithmFromName(name.get<std::string>()));
      account.hmac.push_back(algorithm);
    }
  }
  PITSER_RETURN_IF_ERROR(CheckAccount(account));
  return account;
}

Json ToJson(const Account& account) {
  Json hmac = Json::array();
  for (const ledger::HashAlgorithm algorithm : account.hmac) {
    hmac.push_back(std::string(ledger::HashAlgorithmName(algorithm)));
  }
  return {{"login", account.login},
          {"key", ledger::ToHex(account.key)},
          {"hmac", hmac},
          {"max_level", account.max_level},
          {"max_requests", account.max_requests},
          {"enabled", account.enabled},
          {"sign", account.may_sign},
          {"extend", account.may_extend}};
}

std::shared_ptr<const AccountEntry> NewEntry(Account account, std::shared_ptr<RoundUse> use) {
  return std::make_shared<const AccountEntry>(AccountEntry{std::move(account), std::move(use)});
}

}  // namespace

bool RoundUse::Take(std::uint64_t round, std::uint32_t max) {
  MutexLock lock(mu_);
  if (round > round_) {
    round_ = round;
    requests_ = 0;
  }
  if (requests_ >= max) return false;
  ++requests_;
  return true;
}

absl::StatusOr<std::unique_ptr<AccountStore>> AccountStore::Open(std::string path) {
  std::unique_ptr<AccountStore> store(new AccountStore(std::move(path)));
  if (base::Exists(store->path_)) {
    PITSER_RETURN_IF_ERROR(ledger::Annotate(store->Load(), store->path_));
  }
  return store;
}

absl::Status AccountStore::Load() {
  PITSER_ASSIGN_OR_RETURN(const std::string text, base::ReadSecretFile(path_, kMaxFileSize));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Malformed("no JSON object");
  std::string schema;
  PITSER_RETURN_IF_ERROR(Read(json, "schema", schema));
  if (schema != kSchema) {
    return absl::FailedPreconditionError(
        absl::StrCat("its schema is '", schema, "', this program knows ", kSchema));
  }
  const auto accounts = json.find("accounts");
  if (accounts == json.end() || !accounts->is_array()) return Malformed("no list of accounts");
  MutexLock lock(mu_);
  for (const Json& each : *accounts) {
    PITSER_ASSIGN_OR_RETURN(Account account, FromJson(each));
    std::string login = account.login;
    const bool added =
        entries_.emplace(login, NewEntry(std::move(account), std::make_shared<RoundUse>())).second;
    if (!added) return Malformed(absl::StrCat("two accounts have the login id ", login));
  }
  return absl::OkStatus();
}

absl::Status AccountStore::Save(const Entries& entries) const {
  Json accounts = Json::array();
  for (const auto& [login, entry] : entries) accounts.push_back(ToJson(entry->account));
  const std::string text = Json{{"schema", kSchema}, {"accounts", accounts}}.dump(1) + "\n";
  return base::WriteFileDurably(path_, ledger::AsBytes(text), 0600);
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
