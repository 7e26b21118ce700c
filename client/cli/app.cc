#include "client/cli/app.h"

#include "client/cli/command_line.h"
#include "client/cli/commands.h"

namespace pitser::cli {
namespace {

ExitCode Run(const SignOptions& options, const Surroundings& around) {
  return RunSign(options, around);
}
ExitCode Run(const VerifyOptions& options, const Surroundings& around) {
  return RunVerify(options, around);
}
ExitCode Run(const ExtendOptions& options, const Surroundings& around) {
  return RunExtend(options, around);
}
ExitCode Run(const InspectOptions& options, const Surroundings& around) {
  return RunInspect(options, around);
}
ExitCode Run(const TrustFetchOptions& options, const Surroundings& around) {
  return RunTrustFetch(options, around);
}
ExitCode Run(const TrustArchiveOptions& options, const Surroundings& around) {
  return RunTrustArchive(options, around);
}
ExitCode Run(const TrustShowOptions& options, const Surroundings& around) {
  return RunTrustShow(options, around);
}
ExitCode Run(const ConfigOptions& options, const Surroundings& around) {
  return RunConfig(options, around);
}
ExitCode Run(const PublicationsFetchOptions& options, const Surroundings& around) {
  return RunPublicationsFetch(options, around);
}
ExitCode Run(const PublicationsShowOptions& options, const Surroundings& around) {
  return RunPublicationsShow(options, around);
}
ExitCode Run(const PublicationsVerifyOptions& options, const Surroundings& around) {
  return RunPublicationsVerify(options, around);
}
ExitCode Run(const ServerInfoOptions& options, const Surroundings& around) {
  return RunServerInfo(options, around);
}
ExitCode Run(const CalendarHeadOptions& options, const Surroundings& around) {
  return RunCalendarHead(options, around);
}
ExitCode Run(const CalendarLeavesOptions& options, const Surroundings& around) {
  return RunCalendarLeaves(options, around);
}
ExitCode Run(const AuditOptions& options, const Surroundings& around) {
  return RunAudit(options, around);
}

Console::Colour ColourOf(std::string_view text) {
  if (text == "always") return Console::Colour::kAlways;
  return text == "never" ? Console::Colour::kNever : Console::Colour::kAuto;
}

}  // namespace

ExitCode RunApp(const std::vector<std::string>& arguments, const Environment& environment,
                const base::Clock& clock, Console& console) {
  const auto parsed = ParseCommandLine(arguments);
  if (!parsed.ok()) return console.Fail(parsed.status());
  if (const auto* information = std::get_if<Information>(&*parsed)) {
    console.Result(information->text);
    return ExitCode::kOk;
  }
  return std::visit(
      [&](const auto& options) {
        console.SetJson(options.common.json);
        console.SetQuiet(options.common.quiet);
        console.SetColour(ColourOf(options.common.color));
        const auto settings = LoadedSettings::Load(options.common, environment);
        if (!settings.ok()) return console.Fail(settings.status());
        for (const std::string& hint : (*settings)->hints()) console.Hint(hint);
        return Run(options, {(*settings)->values(), **settings, environment, clock, console});
      },
      std::get<CommandOptions>(*parsed));
}

}  // namespace pitser::cli
