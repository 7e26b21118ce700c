#pragma once

#include "base/clock.h"
#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/settings.h"

namespace pitser::cli {

// What every command is given.
struct Surroundings {
  const Settings& settings;
  const LoadedSettings& loaded;    // The same, with where each comes from.
  const Environment& environment;  // For what is no setting: the folders of the user.
  const base::Clock& clock;
  Console& console;

  // Unix seconds.
  std::uint64_t Now() const { return static_cast<std::uint64_t>(absl::ToUnixSeconds(clock.Now())); }
};

// One command each, in the file of its name. They say what there is to say and return what `pitser`
// ends with. Only sign, extend, audit, server-info, the calendar commands and those that fetch ever
// open a connection.
ExitCode RunSign(const SignOptions& options, const Surroundings& around);
ExitCode RunVerify(const VerifyOptions& options, const Surroundings& around);
ExitCode RunExtend(const ExtendOptions& options, const Surroundings& around);
ExitCode RunInspect(const InspectOptions& options, const Surroundings& around);
ExitCode RunTrustFetch(const TrustFetchOptions& options, const Surroundings& around);
ExitCode RunTrustArchive(const TrustArchiveOptions& options, const Surroundings& around);
ExitCode RunTrustShow(const TrustShowOptions& options, const Surroundings& around);
ExitCode RunConfig(const ConfigOptions& options, const Surroundings& around);
ExitCode RunPublicationsFetch(const PublicationsFetchOptions& options, const Surroundings& around);
ExitCode RunPublicationsShow(const PublicationsShowOptions& options, const Surroundings& around);
ExitCode RunPublicationsVerify(const PublicationsVerifyOptions& options,
                               const Surroundings& around);
ExitCode RunServerInfo(const ServerInfoOptions& options, const Surroundings& around);
ExitCode RunCalendarHead(const CalendarHeadOptions& options, const Surroundings& around);
ExitCode RunCalendarLeaves(const CalendarLeavesOptions& options, const Surroundings& around);
ExitCode RunAudit(const AuditOptions& options, const Surroundings& around);

}  // namespace pitser::cli
