#include "base/settings_text.h"
#include "client/cli/commands.h"

namespace pitser::cli {

ExitCode RunConfig(const ConfigOptions& /*options*/, const Surroundings& around) {
  const LoadedSettings& loaded = around.loaded;
  std::string text = around.console.json()
                         ? base::InForceAsJson("pitser.config/1", loaded.file(), loaded.in_force())
                         : base::InForceAsToml(loaded.file(), loaded.in_force());
  if (text.ends_with('\n')) text.pop_back();
  around.console.Result(text);
  return ExitCode::kOk;
}

}  // namespace pitser::cli
