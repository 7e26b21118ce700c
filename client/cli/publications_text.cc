#include "client/cli/publications_text.h"

#include "absl/strings/str_format.h"
#include "client/cli/settings.h"
#include "client/cli/text.h"

namespace pitser::cli {

void AddPublicationsFile(Json& json, const ledger::PublicationsFile& file) {
  json["creation_time"] = file.content().creation_time;
  json["count"] = file.content().publications.size();
  const ledger::PublicationRecord* latest = file.LatestPublication();
  json["latest_publication"] = latest == nullptr ? Json(nullptr) : JsonPublication(*latest);
}

std::string PublicationsSummary(const ledger::PublicationsFile& file) {
  const std::size_t count = file.content().publications.size();
  const ledger::PublicationRecord* latest = file.LatestPublication();
  if (latest == nullptr) return "no publication yet";
  return absl::StrFormat("%d publication%s, the newest of %s", count, count == 1 ? "" : "s",
                         FormatTime(latest->data.time));
}

std::string PublicationsTable(const std::vector<ledger::PublicationRecord>& records) {
  if (records.empty()) return "no publication yet";
  std::string table;
  for (const ledger::PublicationRecord& record : records) {
    if (!table.empty()) table += '\n';
    absl::StrAppendFormat(&table, "%s  %s", FormatTime(record.data.time),
                          ledger::EncodePublicationCode(record.data));
    for (const std::string& reference : record.references) table += "  " + Printable(reference);
  }
  return table;
}

}  // namespace pitser::cli
