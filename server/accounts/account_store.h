#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "server/accounts/account.h"

namespace pitser::server {

// What an account has used of a round.
// Thread: any.
class RoundUse {
 public:
  // Takes one request of round `round`; false when there were `max` already. Rounds ascend; a
  // request that comes late counts for the newest.
  bool Take(std::uint64_t round, std::uint32_t max) PITSER_EXCLUDES(mu_);
  // Gives back one that was taken, and then refused for another reason.
  void GiveBack(std::uint64_t round) PITSER_EXCLUDES(mu_);

 private:
  base::Mutex mu_;  // Leaf lock.
  std::uint64_t round_ PITSER_GUARDED_BY(mu_) = 0;
  std::uint32_t requests_ PITSER_GUARDED_BY(mu_) = 0;
};

// An account as it stands, and its use, which outlives changes of the account.
struct AccountEntry {
  Account account;
  std::shared_ptr<RoundUse> use;
};

// The accounts of a node, in a file of mode 0600 that holds their keys (accounts_file.h). The
// process that opened it is the only writer; a change is on disk, and in force for the next
// request, when it returns.
// Thread: any.
class AccountStore {
 public:
  // Errors: kFailedPrecondition when others may read the file, or it is of a newer version;
  // kInvalidArgument when it is malformed; the system's. A missing file is an empty store.
  static absl::StatusOr<std::unique_ptr<AccountStore>> Open(std::string path);

  // Null when there is no such login. An account that is disabled is found.
  std::shared_ptr<const AccountEntry> Find(std::string_view login) const PITSER_EXCLUDES(mu_);

  // By login: those of the file, and those that are in none.
  std::vector<Account> List() const PITSER_EXCLUDES(mu_);
  std::vector<Account> ListOfThisProcess() const PITSER_EXCLUDES(mu_);

  // `again`: also when there was one of this login, that was removed.
  // Errors: kAlreadyExists; kFailedPrecondition for one that was removed, and when somebody else
  // changed the file, whose keys would be lost; kInvalidArgument (CheckAccount); the system's:
  // nothing has changed then.
  absl::Status Add(Account account, bool again = false) PITSER_EXCLUDES(mu_);
  // Errors: kNotFound; kFailedPrecondition for one that is not in the file; those of Add().
  absl::Status Change(std::string_view login, const std::function<void(Account&)>& change)
      PITSER_EXCLUDES(mu_);

  // For good, but for the login, which is remembered: signatures name it.
  // Errors: as Change().
  absl::Status Remove(std::string_view login) PITSER_EXCLUDES(mu_);

  // An account that is in no file, in place of one of the same login: what AllowAnonymous is for.
  void AddForThisProcess(Account account) PITSER_EXCLUDES(mu_);

 private:
  using Entries = std::map<std::string, std::shared_ptr<const AccountEntry>, std::less<>>;
  using Logins = std::set<std::string, std::less<>>;

  explicit AccountStore(std::string path) : path_(std::move(path)) {}
  absl::Status Load() PITSER_EXCLUDES(mu_);
  absl::Status CheckUnchanged() const PITSER_REQUIRES(write_mu_);
  // Writes the file, and then is what was written.
  absl::Status Save(Entries entries, Logins removed) PITSER_REQUIRES(write_mu_)
      PITSER_EXCLUDES(mu_);
  // What a change begins with. Errors: kNotFound; kFailedPrecondition.
  absl::StatusOr<Entries> EntriesWith(std::string_view login) const PITSER_EXCLUDES(mu_);

  const std::string path_;
  base::Mutex write_mu_;  // Taken before mu_, held over the file's writing.
  // What was read or written last; with the keys, as the entries are.
  std::string on_disk_ PITSER_GUARDED_BY(write_mu_);
  Logins removed_ PITSER_GUARDED_BY(write_mu_);  // In the file.
  mutable base::Mutex mu_;
  Entries entries_ PITSER_GUARDED_BY(mu_);  // In the file.
  Entries extra_ PITSER_GUARDED_BY(mu_);    // AddForThisProcess().
};

// The login id and key that many test set-ups use. Only for machines that nobody else reaches.
inline constexpr std::string_view kAnonymousLogin = "anon";
Account AnonymousAccount();  // With the limits of a new one.

}  // namespace pitser::server
