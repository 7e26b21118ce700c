#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/exit_code.h"
#include "base/variables.h"
#include "server/app/settings.h"

namespace pitser::server {

using base::ExitCode;

// What `pitserd account` is to do.
struct AccountCommand {
  enum class Action { kAdd, kList, kChange, kDisable, kEnable, kRotate, kRemove };
  Action action = Action::kList;
  std::string login;
  std::string key_file;  // "-" is standard input. Empty: the server makes a key, where one is due.
  std::optional<std::uint32_t> max_level, max_requests;
  std::vector<std::string> hmac;  // Names of hash algorithms; empty: as it is.
  std::optional<bool> sign, extend;
  bool again = false;  // Of kAdd: although one of this login was removed.
};

// What a command line asks for.
struct CommandLine {
  enum class Action {
    kServe,
    kPublish,
    kStatus,
    kDrain,
    kAccount,  // One of `account`'s own.
    kRestorePublications,
    kPrint,   // `text` to standard output, and done.
    kRefuse,  // `text` to standard error: the command line or the configuration is wrong.
  };
  Action action = Action::kServe;
  Settings settings;  // Flag before environment before configuration file before default.
  bool json = false;  // Of kStatus.
  AccountCommand account;
  bool undo = false;                           // Of kDrain.
  bool wait = false;                           // Of kStatus: until the server serves.
  absl::Duration timeout = absl::Seconds(60);  // Of kDrain, and of kStatus that waits.
  std::string text;
  std::vector<std::string> hints;      // To be told beside, one line each.
  ExitCode exit_code = ExitCode::kOk;  // Of kPrint and kRefuse.
};

// Reads the command line, the environment and the configuration file that one of them names.
CommandLine ParseCommandLine(int argc, const char* const* argv, const base::Variables& variables);

}  // namespace pitser::server
