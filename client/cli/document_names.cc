#include "client/cli/document_names.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

// Linux takes no longer path than this and a zero byte.
constexpr std::size_t kMaxName = 4095;

}  // namespace

absl::StatusOr<std::unique_ptr<DocumentNames>> DocumentNames::Open(const std::string& path,
                                                                   char separator) {
  PITSER_ASSIGN_OR_RETURN(auto lines, LineReader::Open(path, separator, kMaxName, "name"));
  return std::unique_ptr<DocumentNames>(new DocumentNames(std::move(lines)));
}

absl::StatusOr<std::vector<std::string>> DocumentNames::Next(std::size_t count) {
  std::vector<std::string> names;
  while (names.size() < count && failed_.ok()) {
    const auto line = NextLine();
    if (!line.ok()) {
      failed_ = line.status();
    } else if (!line->has_value()) {
      break;
    } else if (!(*line)->empty()) {
      names.emplace_back(**line);
    }
  }
  if (names.empty() && !failed_.ok()) return failed_;
  return names;
}

absl::StatusOr<std::optional<std::string_view>> DocumentNames::NextLine() {
  PITSER_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, lines_->Next());
  if (!line || line->find('\0') == std::string_view::npos) return line;
  return Error(ExitCode::kMalformed, absl::StrFormat("%s: a zero byte in a name", lines_->Place()),
               "say with -0 that zero bytes separate the names");
}

}  // namespace pitser::cli
