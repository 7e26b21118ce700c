#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/reader.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "client/leaves_file.h"
#include "ledger/base/status.h"
#include "ledger/tree/calendar_replay.h"

namespace pitser::cli {
namespace {

using client::LeafRun;

constexpr std::string_view kSchema = "pitser.calendar/1";
// Lines are gathered to so many bytes before they are written.
constexpr std::size_t kOutputSize = 64 << 10;
constexpr std::uint64_t kRunsBetweenProgress = 4096;

struct Range {
  std::uint64_t first, last;
  ledger::PublicationData head;
};

absl::StatusOr<Range> ChooseRange(const CalendarLeavesOptions& options, const Reader& reader,
                                  std::uint64_t now) {
  Range range{.first = 0,
              .last = 0,
              .head = {.time = 0, .hash = ledger::Imprint::Zero(ledger::HashAlgorithm::kSha256)}};
  std::optional<std::uint64_t> to;
  if (!options.since.empty()) {
    PITSER_ASSIGN_OR_RETURN(range.first, ParseSecond("--since", options.since));
  }
  if (!options.to.empty()) {
    PITSER_ASSIGN_OR_RETURN(to, ParseSecond("--to", options.to));
    if (*to < range.first) return Error(ExitCode::kUsage, "--to is before --since");
  }
  PITSER_ASSIGN_OR_RETURN(range.head, FetchHead(reader));
  if (!to) PITSER_RETURN_IF_ERROR(CheckHead(reader, range.head.time, now));
  range.last = to.value_or(range.head.time);
  if (range.first > range.head.time || range.last > range.head.time) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("the newest closed second of %s is %s", reader.name(),
                                 FormatTime(range.head.time)));
  }
  return range;
}

// Where runs go: lines on standard output, or a file of leaves.
class Output {
 public:
  virtual ~Output() = default;
  virtual absl::Status Add(const LeafRun& run) = 0;
  // `root` is the server's for the last second.
  virtual absl::Status Finish(const ledger::PublicationData& root) = 0;
};

class Lines final : public Output {
 public:
  explicit Lines(Console& console) : console_(console) {}

  absl::Status Add(const LeafRun& run) override {
    console_.json() ? AddJson(run) : AddText(run);
    if (text_.size() >= kOutputSize) Flush();
    return absl::OkStatus();
  }
  absl::Status Finish(const ledger::PublicationData& /*root*/) override {
    Flush();
    return absl::OkStatus();
  }

 private:
  void AddText(const LeafRun& run) {
    if (run.leaves.empty()) {
      absl::StrAppendFormat(&text_, "%s  no leaf, %d second%s\n", FormatTime(run.first_time),
                            run.seconds, run.seconds == 1 ? "" : "s");
    }
    for (std::size_t i = 0; i < run.leaves.size(); ++i) {
      absl::StrAppendFormat(&text_, "%s  %s\n", FormatTime(run.first_time + i),
                            run.leaves[i].ToText());
    }
  }
  void AddJson(const LeafRun& run) {
    Json json;
    json["first_time"] = run.first_time;
    json["seconds"] = run.seconds;
    json["leaves"] = Json::array();
    for (const ledger::Imprint& leaf : run.leaves) json["leaves"].push_back(leaf.ToText());
    text_ += ToLine(json) + "\n";
  }
  void Flush() {
    console_.ResultBytes(text_);
    text_.clear();
  }

  Console& console_;
  std::string text_;
};

class LeavesFile final : public Output {
 public:
  // Errors: exit code 7.
  static absl::StatusOr<std::unique_ptr<Output>> Create(const CalendarLeavesOptions& options,
                                                        const client::LeavesFileHeader& header,
                                                        Console& console) {
    std::unique_ptr<client::FileWriter> file;
    client::ByteSink sink = [&console](ledger::Bytes bytes) {
      console.ResultBytes(ledger::AsText(bytes));
      return absl::OkStatus();
    };
    if (options.output != client::kStandardStream) {
      auto created =
          client::FileWriter::Create(options.output, {.replace = options.force, .mode = 0644});
      if (!created.ok()) return WithExitCode(created.status(), ExitCode::kLocalFile);
      file = *std::move(created);
      sink = [writer = file.get()](ledger::Bytes bytes) { return OfTheDisk(writer->Write(bytes)); };
    }
    auto output = std::unique_ptr<LeavesFile>(new LeavesFile(std::move(file), std::move(sink)));
    PITSER_RETURN_IF_ERROR(output->writer_.Begin(header));
    return std::unique_ptr<Output>(std::move(output));
  }

  absl::Status Add(const LeafRun& run) override { return writer_.Add(run); }
  absl::Status Finish(const ledger::PublicationData& root) override {
    PITSER_RETURN_IF_ERROR(writer_.Finish(root));
    return file_ == nullptr ? absl::OkStatus() : OfTheDisk(file_->Commit());
  }

 private:
  LeavesFile(std::unique_ptr<client::FileWriter> file, client::ByteSink sink)
      : file_(std::move(file)), writer_(std::move(sink)) {}

  static absl::Status OfTheDisk(const absl::Status& status) {
    return status.ok() ? status : WithExitCode(status, ExitCode::kLocalFile);
  }

  const std::unique_ptr<client::FileWriter> file_;  // Null: standard output.
  client::LeavesFileWriter writer_;
};

// The root that the server tells for the range's last second.
absl::StatusOr<ledger::PublicationData> RootAt(const Reader& reader, const Range& range) {
  if (range.last == range.head.time) return range.head;
  const auto chain = reader.calendar->GetCalendarHashChain(range.last, range.last);
  if (!chain.ok()) return reader.service.Explain(chain.status());
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint root, ledger::RootAtAggregationTime(*chain));
  return ledger::PublicationData{.time = range.last, .hash = root};
}

void ShowEnd(const CalendarLeavesOptions& options, const Reader& reader, const Range& range,
             std::uint64_t leaves, Console& console) {
  if (console.json()) {
    Json json = JsonHead(kSchema, ExitCode::kOk);
    json["server"] = reader.name();
    json["output"] = options.output.empty() ? Json(nullptr) : Json(options.output);
    json["first_time"] = range.first;
    json["last_time"] = range.last;
    json["count"] = leaves;
    console.Result(ToLine(json));
    return;
  }
  const std::string text =
      absl::StrFormat("wrote %s: %d leaves, %s to %s", Printable(options.output), leaves,
                      FormatTime(range.first), FormatTime(range.last));
  if (options.output == client::kStandardStream) {
    console.Note(text);
  } else if (!options.output.empty()) {
    console.Result(text);
  }
}

absl::Status WriteLeaves(const CalendarLeavesOptions& options, const Surroundings& around) {
  Console& console = around.console;
  if (!options.output.empty()) {
    PITSER_RETURN_IF_ERROR(
        CheckDestination({.path = options.output, .replace = options.force}, "", true, console));
  }
  PITSER_ASSIGN_OR_RETURN(const Reader reader, ConnectReader(around.settings));
  PITSER_ASSIGN_OR_RETURN(const Range range, ChooseRange(options, reader, around.Now()));
  std::unique_ptr<Output> output = std::make_unique<Lines>(console);
  if (!options.output.empty()) {
    PITSER_ASSIGN_OR_RETURN(output, LeavesFile::Create(options,
                                                       {.first_time = range.first,
                                                        .made_at = around.Now(),
                                                        .server = reader.name().substr(0, 255)},
                                                       console));
  }
  std::uint64_t leaves = 0;
  std::uint64_t runs = 0;
  absl::Status written;
  const absl::Status streamed =
      reader.calendar->StreamCalendarLeaves(range.first, range.last, [&](const LeafRun& run) {
        leaves += run.leaves.size();
        if (++runs % kRunsBetweenProgress == 0) {
          console.Progress(
              absl::StrFormat("%d leaves, at %s", leaves, FormatTime(run.last_time())));
        }
        written = output->Add(run);
        return written;
      });
  console.EndProgress();
  PITSER_RETURN_IF_ERROR(written);
  if (!streamed.ok()) return reader.service.Explain(streamed);
  PITSER_ASSIGN_OR_RETURN(const ledger::PublicationData root, RootAt(reader, range));
  PITSER_RETURN_IF_ERROR(output->Finish(root));
  ShowEnd(options, reader, range, leaves, console);
  return absl::OkStatus();
}

}  // namespace

ExitCode RunCalendarLeaves(const CalendarLeavesOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const absl::Status status = WriteLeaves(options, around);
  if (status.ok()) return ExitCode::kOk;
  if (console.json()) {
    console.Result(ToLine(JsonError(kSchema, "server", around.settings.server, status)));
  }
  return console.Fail(status);
}

}  // namespace pitser::cli
