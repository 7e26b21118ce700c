#include "server/app/account_commands.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "server/accounts/account.h"
#include "server/app/control_client.h"
#include "server/app/operator_output.h"

namespace pitser::server {
namespace {

namespace v1 = control::v1;
using nlohmann::ordered_json;
using Action = AccountCommand::Action;

constexpr absl::Duration kTimeout = absl::Seconds(30);  // It writes to disk.
constexpr std::size_t kMaxKeyFile = kMaxKeySize + 2;

absl::StatusOr<std::string> ReadStandardInput() {
  std::string text(kMaxKeyFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (text.size() > kMaxKeyFile) {
    return absl::InvalidArgumentError("standard input: a key has at most 65535 bytes");
  }
  return text;
}

// A key as a file holds it: an editor's line end is none of it.
absl::StatusOr<std::string> ReadKey(const std::string& file) {
  PITSER_ASSIGN_OR_RETURN(const std::string text,
                          file == "-" ? ReadStandardInput() : base::ReadFile(file, kMaxKeyFile));
  if (ledger::LooksLikeUtf16(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": it is written in UTF-16; save it as UTF-8"));
  }
  const std::string_view plain = ledger::WithoutByteOrderMark(text);
  std::string key(absl::StripSuffix(absl::StripSuffix(ledger::ToAbsl(plain), "\n"), "\r"));
  if (key.empty()) return absl::InvalidArgumentError(absl::StrCat(file, ": there is no key in it"));
  return key;
}

void Fill(const AccountCommand& command, v1::AccountChange& change) {
  if (command.max_level) change.set_max_level(*command.max_level);
  if (command.max_requests) change.set_max_requests(*command.max_requests);
  if (command.sign) change.set_may_sign(*command.sign);
  if (command.extend) change.set_may_extend(*command.extend);
  for (const std::string& name : command.hmac) change.add_hmac(name);
  if (command.action == Action::kDisable) change.set_enabled(false);
  if (command.action == Action::kEnable) change.set_enabled(true);
}

std::string Services(const v1::Account& account) {
  if (account.may_sign() && account.may_extend()) return "sign,extend";
  if (account.may_sign()) return "sign";
  return account.may_extend() ? "extend" : "none";
}

ordered_json Json(const v1::Account& account) {
  ordered_json json = {{"login", account.login()},         {"enabled", account.enabled()},
                       {"sign", account.may_sign()},       {"extend", account.may_extend()},
                       {"max_level", account.max_level()}, {"max_requests", account.max_requests()},
                       {"hmac", ordered_json::array()}};
  for (const std::string& name : account.hmac()) json["hmac"].push_back(name);
  if (account.anonymous()) json["anonymous"] = true;
  return json;
}

std::string Row(const v1::Account& account) {
  return absl::StrFormat("%-32s %-9s %-12s level %2d  requests %5d  %s\n", account.login(),
                         account.enabled() ? "enabled" : "DISABLED", Services(account),
                         account.max_level(), account.max_requests(),
                         absl::StrJoin(account.hmac(), ","));
}

// `key` is empty where the caller knows it.
ExitCode Tell(const v1::Account& account, const std::string& key, bool json) {
  if (json) {
    ordered_json told = {{"schema", "pitserd.account/1"}, {"account", Json(account)}};
    if (!key.empty()) told["key"] = key;
    return Say(told.dump(2) + "\n");
  }
  std::string text = Row(account);
  if (!key.empty()) absl::StrAppend(&text, "key: ", key, "   (not shown again)\n");
  return Say(text);
}

ExitCode List(const std::string& run_dir, bool json) {
  const auto list = ListAccountsThroughSocket(run_dir, kTimeout);
  if (!list.ok()) return Refuse(list.status());
  if (json) {
    ordered_json told = {{"schema", "pitserd.accounts/1"}, {"accounts", ordered_json::array()}};
    for (const v1::Account& account : list->accounts()) told["accounts"].push_back(Json(account));
    return Say(told.dump(2) + "\n");
  }
  std::string text;
  for (const v1::Account& account : list->accounts()) {
    text += Row(account);
    if (account.anonymous()) {
      text += "  its key is its name, by allow_anonymous: whoever reaches the port may use it\n";
    }
  }
  return Say(text.empty() ? "no accounts; `pitserd account add LOGIN` makes one\n" : text);
}

ExitCode Change(const std::string& run_dir, const AccountCommand& command, bool json) {
  v1::AccountChange change;
  Fill(command, change);
  if (!command.key_file.empty()) {
    const auto key = ReadKey(command.key_file);
    if (!key.ok()) return Refuse(ExitCode::kLocalFile, key.status().message());
    change.set_key(*key);
  } else {
    change.set_make_key(command.action == Action::kRotate);
  }
  if (command.action == Action::kAdd) {
    v1::AddAccountRequest request;
    request.set_login(command.login);
    request.set_again(command.again);
    *request.mutable_account() = change;
    const auto added = AddAccountThroughSocket(run_dir, request, kTimeout);
    return added.ok() ? Tell(added->account(), added->key(), json) : Refuse(added.status());
  }
  v1::ChangeAccountRequest request;
  request.set_login(command.login);
  *request.mutable_change() = change;
  const auto changed = ChangeAccountThroughSocket(run_dir, request, kTimeout);
  return changed.ok() ? Tell(changed->account(), changed->key(), json) : Refuse(changed.status());
}

ExitCode Remove(const std::string& run_dir, const std::string& login, bool json) {
  v1::RemoveAccountRequest request;
  request.set_login(login);
  const auto removed = RemoveAccountThroughSocket(run_dir, request, kTimeout);
  if (!removed.ok()) return Refuse(removed.status());
  if (json) {
    return Say(ordered_json{{"schema", "pitserd.account/1"}, {"removed", login}}.dump(2) + "\n");
  }
  return Say(absl::StrCat("removed ", login, ": its key is gone; signatures go on naming it\n"));
}

}  // namespace

ExitCode RunAccountCommand(const std::string& run_dir, const AccountCommand& command, bool json) {
  switch (command.action) {
    case Action::kList:
      return List(run_dir, json);
    case Action::kRemove:
      return Remove(run_dir, command.login, json);
    default:
      return Change(run_dir, command, json);
  }
}

}  // namespace pitser::server
