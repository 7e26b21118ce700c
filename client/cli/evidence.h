#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  // Why the publications file is not used, when there is one that is not; and whether nothing but
  // dates speaks against it.
  std::string publications_problem;
  bool out_of_date = false;
  ledger::FileStanding standing;  // Of the publications file that is used.

  // The publications file when it may be used, else null.
  const ledger::PublicationsFile* Publications() const;
  // What was believed before in the folder; null when nothing.
  const ledger::PublicationsPast* Past() const;
  // "verified here on 2026-12-01, when its signer was valid": why the publications file is used
  // though its signer's certificate has ended; empty when it has not.
  std::string StandingText() const;
  // "the root certificate AB:CD:... (by its path)": how the root came to be believed.
  std::string RootText() const;
  // Whether `pitser trust fetch` made the folder and all trust came from it: then it may be written
  // to.
  bool FolderIsOurs() const;
  // Said in every verdict when the root was taken on first use; empty otherwise.
  std::string FirstUseWarning() const;
};

// "verified here on 2026-12-01, when its signer was valid".
std::string WitnessText(ledger::Witness witness, std::uint64_t time);

// Loads the trust folder and the files that flags name, and checks the publications file's
// signature. What is verified now, by the clock, is written into the folder's record, if that can
// be written. No trust folder at all is fine unless somebody named one. The system's authorities
// are looked at only when --system-trust is given. Errors: exit codes 2, 4 and 7.
absl::StatusOr<Evidence> LoadEvidence(const TrustOptions& options, const Surroundings& around);

// What --publisher-email and --publisher-constraint say. Errors: exit code 2.
absl::StatusOr<std::vector<ledger::SubjectConstraint>> NamedConstraints(
    const std::vector<std::string>& emails, const std::vector<std::string>& constraints);

// What helps when nothing but dates speaks against a publications file.
inline constexpr std::string_view kDatesHint =
    "is the clock of this machine right? If it is, a newer file may help (pitser trust fetch), or "
    "a "
    "time at which you know that this file was there (--at TIME)";

// Why a publications file is not believed, `refused` by client::CheckPublicationsFile() at
// `at_time`, as an error of a command that needs it: what is proven wrong is exit code 1; dates,
// which a wrong clock or time alone can speak against, 3; and so is having nothing to judge it by.
absl::Status NotBelieved(const absl::Status& refused, std::string_view which);

}  // namespace pitser::cli
