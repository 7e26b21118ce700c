#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "client/trust.h"

namespace pitser::cli {

// Whom a command believes: a trust folder, or what flags put in the place of its parts.
struct Evidence {
  std::optional<client::Trust> trust;  // Anchors may be empty when only a file was named.
  std::string folder;                  // Where it came from; empty when all came from flags.
  std::uint64_t at_time = 0;           // When the publications file is judged, Unix seconds.
  // Why the publications file is not used, when there is one that is not.
  std::string publications_problem;

  // The publications file when it may be used, else null.
  const ledger::PublicationsFile* Publications() const;
  // "the root certificate AB:CD:... (by its path)": how the root came to be believed.
  std::string RootText() const;
  // Whether `pitser trust fetch` made the folder and all trust came from it: then it may be written
  // to.
  bool FolderIsOurs() const;
  // Said in every verdict when the root was taken on first use; empty otherwise.
  std::string FirstUseWarning() const;
};

// Loads the trust folder and the files that flags name, and checks the publications file's
// signature. No trust folder at all is fine unless somebody named one. The system's authorities are
// looked at only when --system-trust is given.
// Errors: exit codes 2, 4 and 7.
absl::StatusOr<Evidence> LoadEvidence(const TrustOptions& options, const Surroundings& around);

}  // namespace pitser::cli
