#include <string>

#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/json.h"
#include "client/cli/trust_text.h"

namespace pitser::cli {

ExitCode RunTrustShow(const TrustShowOptions& /*options*/, const Surroundings& around) {
  Console& console = around.console;
  Settings settings = around.settings;
  if (const absl::Status named = CheckTrustFolder(settings); !named.ok()) {
    return around.console.Fail(named);
  }
  settings.trust_named = true;  // What is to be shown must be there.
  const std::string& folder = settings.trust;
  const auto evidence =
      LoadEvidence({}, {settings, around.loaded, around.environment, around.clock, around.console});
  if (!evidence.ok()) {
    if (console.json()) {
      console.Result(ToLine(JsonError(kTrustSchema, "folder", folder, evidence.status())));
    }
    return console.Fail(evidence.status());
  }
  const std::string& problem = evidence->publications_problem;
  console.Result(console.json() ? TrustJson(folder, *evidence->trust, problem)
                                : TrustText(folder, *evidence->trust, problem));
  return problem.empty() ? ExitCode::kOk : ExitCode::kInconclusive;
}

}  // namespace pitser::cli
