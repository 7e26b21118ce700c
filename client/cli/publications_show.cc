#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/publications_text.h"
#include "client/cli/reader.h"
#include "client/trust.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::PublicationRecord;
using ledger::PublicationsFile;

struct Shown {
  std::string source_kind;  // "file" or "server", as in JSON.
  std::string source;
  std::optional<PublicationsFile> file;
  std::vector<PublicationRecord> records;  // Ascending.
};

absl::StatusOr<Shown> ShowFile(const PublicationsShowOptions& options) {
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector content,
                          ReadInput(options.file, ledger::kMaxPublicationsFileSize));
  auto file = PublicationsFile::Parse(std::move(content));
  if (!file.ok()) {
    return WithExitCode(InContext(file.status(), options.file), ExitCode::kMalformed);
  }
  Shown shown{
      .source_kind = "file", .source = options.file, .file = *std::move(file), .records = {}};
  shown.records = shown.file->content().publications;
  std::ranges::stable_sort(shown.records, {},
                           [](const PublicationRecord& record) { return record.data.time; });
  if (options.last != 0 && shown.records.size() > options.last) {
    shown.records.erase(shown.records.begin(),
                        shown.records.end() - static_cast<std::ptrdiff_t>(options.last));
  }
  return shown;
}

absl::StatusOr<Shown> ShowServer(const PublicationsShowOptions& options,
                                 const Surroundings& around) {
  PITSER_ASSIGN_OR_RETURN(const Reader reader, ConnectReader(around.settings));
  auto records = reader.calendar->ListPublications({.first_time = {},
                                                    .last_time = {},
                                                    .limit = options.last,
                                                    .newest_first = options.last != 0});
  if (!records.ok()) return reader.service.Explain(records.status());
  if (options.last != 0) std::ranges::reverse(*records);
  return Shown{
      .source_kind = "server", .source = reader.name(), .file = {}, .records = *std::move(records)};
}

std::string ShownJson(const Shown& shown) {
  Json json = JsonHead(kPublicationsSchema, ExitCode::kOk);
  json[shown.source_kind] = shown.source;
  if (shown.file) AddPublicationsFile(json, *shown.file);
  json["publications"] = Json::array();
  for (const PublicationRecord& record : shown.records) {
    json["publications"].push_back(JsonPublication(record));
  }
  return ToLine(json);
}

}  // namespace

ExitCode RunPublicationsShow(const PublicationsShowOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const auto shown = options.file.empty() ? ShowServer(options, around) : ShowFile(options);
  if (!shown.ok()) {
    if (console.json()) {
      const bool file = !options.file.empty();
      console.Result(
          ToLine(JsonError(kPublicationsSchema, file ? "file" : "server",
                           file ? options.file : around.settings.server, shown.status())));
    }
    return console.Fail(shown.status());
  }
  console.Result(console.json() ? ShownJson(*shown) : PublicationsTable(shown->records));
  return ExitCode::kOk;
}

}  // namespace pitser::cli
