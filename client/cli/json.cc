#include "client/cli/json.h"

#include "base/unicode.h"

namespace pitser::cli {

Json JsonHead(std::string_view schema, ExitCode code) {
  const ExitCodeInfo& info = InfoOf(code);
  Json json;
  json["schema"] = schema;
  json["result"] = info.result;
  json["reason_code"] = info.name.empty() ? Json(nullptr) : Json(info.name);
  return json;
}

Json JsonError(std::string_view schema, std::string_view key, const std::string& input,
               const absl::Status& status) {
  Json json = JsonHead(schema, ExitCodeOf(status));
  json[std::string(key)] = input;
  json["messages"] = {std::string(status.message())};
  if (const std::string hint = HintOf(status); !hint.empty()) json["messages"].push_back(hint);
  return json;
}

Json JsonTime(std::uint64_t seconds) { return seconds == 0 ? Json(nullptr) : Json(seconds); }

Json JsonIdentities(const std::vector<ledger::Identity>& identities) {
  Json list = Json::array();
  for (const ledger::Identity& identity : identities) {
    const ledger::Metadata& metadata = identity.metadata;
    Json entry;
    entry["type"] = identity.legacy ? "legacy" : "metadata";
    entry["client_id"] = metadata.client_id;
    if (metadata.machine_id) entry["machine_id"] = *metadata.machine_id;
    if (metadata.sequence_number) entry["sequence_number"] = *metadata.sequence_number;
    if (metadata.request_time_us) entry["request_time_us"] = *metadata.request_time_us;
    list.push_back(std::move(entry));
  }
  return list;
}

Json JsonPublication(const ledger::PublicationRecord& record) {
  Json json;
  json["time"] = record.data.time;
  json["hash"] = record.data.hash.ToText();
  json["code"] = ledger::EncodePublicationCode(record.data);
  json["references"] = record.references;
  return json;
}

std::string ToLine(const Json& json) {
  return base::PrintableJson(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace pitser::cli
