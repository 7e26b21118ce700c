#include "tests/support/testpack.h"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"

namespace pitser::testing {
namespace {

namespace fs = std::filesystem;

using Fields = std::vector<std::string>;

constexpr std::size_t kFieldCount = 15;

absl::StatusOr<std::optional<std::uint64_t>> ParseNumber(const std::string& text) {
  if (text.empty()) return std::optional<std::uint64_t>();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("'%s' is not a number", text));
  }
  return std::optional<std::uint64_t>(value);
}

absl::StatusOr<std::optional<ledger::Imprint>> ParseImprint(const std::string& hex) {
  if (hex.empty()) return std::optional<ledger::Imprint>();
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector bytes, ledger::FromHex(hex));
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint imprint, ledger::Imprint::Parse(bytes));
  return std::optional<ledger::Imprint>(imprint);
}

std::optional<fs::path> ParsePath(const fs::path& folder, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return folder / text;
}

absl::StatusOr<TestPackRow> ParseRow(const fs::path& folder, Fields fields) {
  const bool ends_with_separator = fields.size() == kFieldCount + 1 && fields.back().empty();
  if (ends_with_separator) fields.pop_back();
  if (fields.size() != kFieldCount) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d fields expected, got %d", kFieldCount, fields.size()));
  }
  TestPackRow row;
  row.signature = folder / fields[0];
  row.action = fields[1];
  row.error_code = fields[2];
  row.error_text = fields[3];
  PITSER_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> level, ParseNumber(fields[4]));
  if (level.value_or(0) > std::numeric_limits<ledger::Level>::max()) {
    return absl::InvalidArgumentError(absl::StrFormat("level %d is beyond 255", *level));
  }
  row.input_level = static_cast<ledger::Level>(level.value_or(0));
  PITSER_ASSIGN_OR_RETURN(row.document_hash, ParseImprint(fields[5]));
  PITSER_ASSIGN_OR_RETURN(row.aggregation_root, ParseImprint(fields[6]));
  PITSER_ASSIGN_OR_RETURN(row.calendar_root, ParseImprint(fields[7]));
  PITSER_ASSIGN_OR_RETURN(row.aggregation_time, ParseNumber(fields[8]));
  PITSER_ASSIGN_OR_RETURN(row.publication_time, ParseNumber(fields[9]));
  row.publication_code = fields[10];
  row.extending_allowed = fields[11] == "true";
  row.extender_response = ParsePath(folder, fields[12]);
  row.publications_file = ParsePath(folder, fields[13]);
  row.certificate = ParsePath(folder, fields[14]);
  return row;
}

}  // namespace

std::optional<fs::path> TestPackDir() {
  if (const char* asked = std::getenv("PITSER_TESTPACK")) return fs::path(asked);
  if (const char* source = std::getenv("PITSER_SOURCE_DIR")) {
    const fs::path beside = fs::path(source).parent_path() / "shared" / "testpack";
    if (fs::is_directory(beside)) return beside;
  }
  const fs::path known = "/work/shared/testpack";
  if (fs::is_directory(known)) return known;
  return std::nullopt;
}

absl::StatusOr<ledger::ByteVector> ReadFileBytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrFormat("cannot read %s", path.string()));
  return ledger::ByteVector(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

absl::StatusOr<std::vector<TestPackRow>> ReadTestPack(const fs::path& dir, std::string_view table) {
  const fs::path path = dir / table;
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector bytes, ReadFileBytes(path));
  std::vector<TestPackRow> rows;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(ledger::ToAbsl(ledger::AsText(bytes)), '\n')) {
    ++number;
    line = absl::StripSuffix(line, "\r");
    if (line.empty() || line[0] == '#') continue;
    const std::string place = absl::StrFormat("%s:%d", table, number);
    absl::StatusOr<TestPackRow> row = ParseRow(path.parent_path(), absl::StrSplit(line, ';'));
    if (!row.ok()) return ledger::Annotate(row.status(), place);
    row->place = place;
    rows.push_back(*std::move(row));
  }
  return rows;
}

absl::StatusOr<std::vector<TestPackRow>> ReadTestPack(std::string_view table) {
  const std::optional<fs::path> dir = TestPackDir();
  if (!dir) return absl::NotFoundError("the signature test pack is not here");
  return ReadTestPack(*dir, table);
}

}  // namespace pitser::testing
