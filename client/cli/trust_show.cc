#include <string>

#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/json.h"
#include "client/cli/trust_text.h"

namespace pitser::cli {

ExitCode RunTrustShow(const TrustShowOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const TrustFolder folder = ResolveTrustFolder(options.trust, around.settings, around.environment);
  TrustOptions trust_options;
  trust_options.trust = folder.path;
  const auto evidence =
      LoadEvidence(trust_options, around.settings, around.environment, around.Now());
  if (!evidence.ok()) {
    if (console.json()) {
      console.Result(ToLine(JsonError(kTrustSchema, "folder", folder.path, evidence.status())));
    }
    return console.Fail(evidence.status());
  }
  const std::string& problem = evidence->publications_problem;
  console.Result(console.json() ? TrustJson(folder.path, *evidence->trust, problem)
                                : TrustText(folder.path, *evidence->trust, problem));
  return problem.empty() ? ExitCode::kOk : ExitCode::kInconclusive;
}

}  // namespace pitser::cli
