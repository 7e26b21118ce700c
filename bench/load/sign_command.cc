#include "bench/load/report.h"
#include "bench/load/run.h"
#include "client/cli/exit_code.h"
#include "client/cli/json.h"

namespace pitser::bench {

using cli::ExitCode;

cli::ExitCode RunSign(const SignOptions& options, const Surroundings& around) {
  const auto judging = LoadJudging(options);
  if (!judging.ok()) return around.console.Fail(judging.status());
  const auto report = RunLoad(options.load, &*judging, options.pid, around);
  if (!report.ok()) return around.console.Fail(report.status());
  const ExitCode code = report->Code();
  if (options.output.json) {
    cli::Json json = cli::JsonHead("pitser.bench.sign/1", code);
    AddRunJson(*report, json);
    around.console.Result(cli::ToLine(json));
  } else {
    around.console.Result(RunText(*report));
  }
  return code;
}

}  // namespace pitser::bench
