#include <string>

#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/reader.h"
#include "client/cli/text.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kSchema = "pitser.calendar/1";

}  // namespace

ExitCode RunCalendarHead(const CalendarHeadOptions& /*options*/, const Surroundings& around) {
  Console& console = around.console;
  const auto fail = [&](const absl::Status& status) {
    if (console.json()) {
      console.Result(ToLine(JsonError(kSchema, "server", around.settings.server, status)));
    }
    return console.Fail(status);
  };
  const auto reader = ConnectReader(around.settings);
  if (!reader.ok()) return fail(reader.status());
  const auto head = FetchHead(*reader);
  if (!head.ok()) return fail(head.status());
  if (console.json()) {
    Json json = JsonHead(kSchema, ExitCode::kOk);
    json["server"] = reader->name();
    json["time"] = head->time;
    json["root"] = head->hash.ToText();
    json["code"] = ledger::EncodePublicationCode(*head);
    console.Result(ToLine(json));
    return ExitCode::kOk;
  }
  std::string text = reader->name() + ": the newest closed second\n";
  text += Line("second", FormatTime(head->time) + ", " + std::to_string(head->time));
  text += Line("root", head->hash.ToText());
  text += Line("code", ledger::EncodePublicationCode(*head));
  text.pop_back();
  console.Result(text);
  return ExitCode::kOk;
}

}  // namespace pitser::cli
