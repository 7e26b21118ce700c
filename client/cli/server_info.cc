#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/service.h"
#include "client/cli/text.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kSchema = "pitser.server-info/1";

// The limits by their names in the contract.
std::vector<std::pair<std::string_view, std::uint64_t>> NamedLimits(
    const client::ServerLimits& limits) {
  return {{"max_pending", limits.max_pending},
          {"max_level", limits.max_level},
          {"max_message_bytes", limits.max_message_bytes},
          {"max_streams_per_connection", limits.max_streams_per_connection},
          {"max_batch", limits.max_batch},
          {"max_stream_in_flight", limits.max_stream_in_flight},
          {"max_stream_unsent_bytes", limits.max_stream_unsent_bytes},
          {"stream_stall_ms", limits.stream_stall_ms},
          {"max_queued_reads", limits.max_queued_reads},
          {"max_batch_digests", limits.max_batch_digests},
          {"max_calendar_streams", limits.max_calendar_streams},
          {"max_publication_streams", limits.max_publication_streams}};
}

std::string InfoText(const std::string& server, const client::ServerInfo& info,
                     absl::Duration ahead) {
  std::string text = absl::StrFormat("%s: %s\n", server, Printable(info.version));
  text += Line("round", absl::FormatDuration(info.round_length) + " long");
  text += Line("clock", absl::StrFormat(
                            "%s, %s ours by %s",
                            FormatTime(static_cast<std::uint64_t>(absl::ToUnixSeconds(info.time))),
                            ahead < absl::ZeroDuration() ? "behind" : "ahead of",
                            absl::FormatDuration(absl::AbsDuration(ahead))));
  std::string fingerprint;
  for (std::uint8_t byte : info.root_fingerprint) {
    absl::StrAppendFormat(&fingerprint, "%s%02X", fingerprint.empty() ? "" : ":", byte);
  }
  text += Line("root", fingerprint);
  std::string algorithms;
  for (const ledger::HashAlgorithm algorithm : info.may_be_signed) {
    algorithms += (algorithms.empty() ? "" : ", ") + std::string(HashAlgorithmName(algorithm));
  }
  text += Line("signs", algorithms);
  for (const auto& [name, value] : NamedLimits(info.limits)) {
    const bool served = value != 0 || name == "max_level";
    absl::StrAppendFormat(&text, "  %-28s %s\n", name,
                          served ? std::to_string(value) : "0 (not served)");
  }
  text.pop_back();
  return text;
}

std::string InfoJson(const std::string& server, const client::ServerInfo& info) {
  Json json = JsonHead(kSchema, ExitCode::kOk);
  json["server"] = server;
  json["version"] = info.version;
  json["round_length_ms"] = absl::ToInt64Milliseconds(info.round_length);
  json["time_ms"] = absl::ToUnixMillis(info.time);
  json["root_fingerprint"] = ledger::ToHex(info.root_fingerprint);
  json["algorithms"] = Json::array();
  for (const ledger::HashAlgorithm algorithm : info.algorithms) {
    Json entry;
    entry["name"] = HashAlgorithmName(algorithm);
    entry["may_be_signed"] =
        std::ranges::find(info.may_be_signed, algorithm) != info.may_be_signed.end();
    json["algorithms"].push_back(std::move(entry));
  }
  json["limits"] = Json::object();
  for (const auto& [name, value] : NamedLimits(info.limits))
    json["limits"][std::string(name)] = value;
  return ToLine(json);
}

}  // namespace

ExitCode RunServerInfo(const ServerInfoOptions& /*options*/, const Surroundings& around) {
  Console& console = around.console;
  const auto fail = [&](const absl::Status& status) {
    if (console.json()) {
      console.Result(ToLine(JsonError(kSchema, "server", around.settings.server, status)));
    }
    return console.Fail(status);
  };
  const auto service = ConnectOverGrpc(around.settings);
  if (!service.ok()) return fail(service.status());
  const auto info = service->client->GetServerInfo();
  if (!info.ok()) return fail(service->Explain(info.status()));
  console.Result(console.json() ? InfoJson(service->name, *info)
                                : InfoText(service->name, *info, info->time - around.clock.Now()));
  return ExitCode::kOk;
}

}  // namespace pitser::cli
