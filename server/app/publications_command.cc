#include "server/app/publications_command.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "ledger/base/status.h"
#include "server/app/data_folder.h"
#include "server/app/key_settings.h"
#include "server/app/status_text.h"
#include "server/publisher/restore.h"

namespace pitser::server {

absl::StatusOr<std::string> RestorePublications(const Settings& settings,
                                                const base::Clock& clock) {
  // Neither a folder nor keys are made by a command that looks for lost ones.
  if (!base::Exists(settings.data + "/format")) {
    return absl::FailedPreconditionError(
        absl::StrCat(settings.data, " is no data folder of Pitser: give the node's with --data"));
  }
  PITSER_ASSIGN_OR_RETURN(const auto folder, DataFolder::Open(settings.data));
  const KeySetOptions options = KeyOptions(settings);
  if (options.root_certificate.empty() && !base::Exists(folder->keys() + "/root.pem")) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder->keys(),
                     " has no keys to sign a publications file with: restore it "
                     "from a backup"));
  }
  const auto now =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(clock.Now())));
  PITSER_ASSIGN_OR_RETURN(const KeySet keys, LoadOrCreateKeySet(options, now));
  PITSER_ASSIGN_OR_RETURN(const ledger::PublicationsFile file,
                          RestorePublicationsFile(folder->path(), keys, now));
  const ledger::PublicationRecord* newest = file.LatestPublication();
  return absl::StrCat("restored: ", file.content().publications.size(), " publications",
                      newest == nullptr ? "" : ", the newest of " + Utc(newest->data.time), "\n");
}

}  // namespace pitser::server
