#include "server/accounts/accounts_file.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

using Json = nlohmann::json;

constexpr const char* kSchema = "pitser.accounts/1";
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

// Missing: of a version that removed none.
absl::Status ReadRemoved(const Json& json, std::set<std::string, std::less<>>& removed) {
  const auto list = json.find("removed");
  if (list == json.end()) return absl::OkStatus();
  if (!list->is_array()) return Malformed("removed is no list");
  for (const Json& login : *list) {
    if (!login.is_string()) return Malformed("removed holds something that is no login id");
    const auto text = login.get<std::string>();
    if (!IsLogin(text)) return Malformed("removed holds something that is no login id");
    removed.insert(text);
  }
  return absl::OkStatus();
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

}  // namespace

absl::StatusOr<AccountsFile> ParseAccounts(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Malformed("no JSON object");
  std::string schema;
  PITSER_RETURN_IF_ERROR(Read(json, "schema", schema));
  if (schema != kSchema) {
    return absl::FailedPreconditionError(
        absl::StrCat("its schema is '", ledger::ToAbsl(schema), "', this program knows ", kSchema));
  }
  const auto list = json.find("accounts");
  if (list == json.end() || !list->is_array()) return Malformed("no list of accounts");
  AccountsFile file;
  std::set<std::string> logins;
  for (const Json& each : *list) {
    PITSER_ASSIGN_OR_RETURN(Account account, FromJson(each));
    if (!logins.insert(account.login).second) {
      return Malformed(absl::StrCat("two accounts have the login id ", account.login));
    }
    file.accounts.push_back(std::move(account));
  }
  PITSER_RETURN_IF_ERROR(ReadRemoved(json, file.removed));
  return file;
}

std::string FormatAccounts(const AccountsFile& file) {
  Json list = Json::array();
  for (const Account& account : file.accounts) list.push_back(ToJson(account));
  Json json = {{"schema", kSchema}, {"accounts", list}};
  if (!file.removed.empty()) json["removed"] = file.removed;
  return json.dump(1) + "\n";
}

}  // namespace pitser::server
