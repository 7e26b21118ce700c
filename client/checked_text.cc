#include "client/checked_text.h"

#include <charconv>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"

namespace pitser::client {
namespace {

using ledger::Imprint;

constexpr std::string_view kChecksumKey = "checksum = ";

std::string ChecksumLine(std::string_view text) {
  const auto digest = ledger::Hash(ledger::HashAlgorithm::kSha256, {ledger::AsBytes(text)});
  PITSER_CHECK(digest.ok());
  return std::string(kChecksumKey) + digest->ToText() + "\n";
}

absl::Status MalformedLine(std::string_view kind, std::size_t line, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("malformed %s, line %d: %s", kind, line, what));
}

// "pitser.audit-state" of "pitser.audit-state/1".
std::string_view WithoutVersion(std::string_view kind) { return kind.substr(0, kind.find('/')); }

absl::StatusOr<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && rest == end) return value;
  return absl::InvalidArgumentError(absl::StrFormat("'%s' is no number", text));
}

}  // namespace

CheckedTextWriter::CheckedTextWriter(std::string_view kind) : text_(kind) { text_ += '\n'; }

CheckedTextWriter& CheckedTextWriter::Comment(std::string_view text) {
  PITSER_CHECK(text.find('\n') == std::string_view::npos);
  text_.append("# ").append(text) += '\n';
  return *this;
}

CheckedTextWriter& CheckedTextWriter::Add(std::string_view key, std::string_view value) {
  PITSER_CHECK(value.find('\n') == std::string_view::npos);
  text_.append(key).append(" = ").append(value) += '\n';
  return *this;
}

CheckedTextWriter& CheckedTextWriter::Add(std::string_view key, std::uint64_t value) {
  return Add(key, std::to_string(value));
}

std::string CheckedTextWriter::Finish() && {
  text_ += ChecksumLine(text_);
  return std::move(text_);
}

absl::StatusOr<CheckedTextReader> CheckedTextReader::Open(std::string_view kind,
                                                          std::string_view text) {
  const std::string_view name = WithoutVersion(kind);
  if (!text.starts_with(std::string(kind) + "\n")) {
    return MalformedLine(name, 1,
                         text.starts_with(std::string(name) + "/")
                             ? "it is of a version that this program does not know"
                             : "it does not begin like one");
  }
  const std::size_t checksum = text.rfind(kChecksumKey);
  if (checksum == std::string_view::npos ||
      text.substr(checksum) != ChecksumLine(text.substr(0, checksum))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("malformed %s: the checksum at its end is wrong or missing", name));
  }
  CheckedTextReader reader;
  reader.kind_ = name;
  std::string_view rest = text.substr(0, checksum);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return MalformedLine(name, number, "it does not end");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (number == 1 || line.starts_with('#')) continue;
    const std::size_t equals = line.find(" = ");
    if (equals == std::string_view::npos) {
      return MalformedLine(name, number, "expected `key = value`");
    }
    reader.lines_.push_back({.number = number,
                             .key = std::string(line.substr(0, equals)),
                             .value = std::string(line.substr(equals + 3))});
  }
  return reader;
}

absl::Status CheckedTextReader::Malformed(std::string_view what) const {
  const std::size_t line = lines_.empty() ? 1
                           : done()       ? lines_.back().number + 1
                                          : lines_[at_].number;
  return MalformedLine(kind_, line, what);
}

absl::StatusOr<std::string> CheckedTextReader::Text(std::string_view key) {
  if (!NextIs(key)) return Malformed(absl::StrFormat("expected `%s`", key));
  return lines_[at_++].value;
}

absl::StatusOr<std::uint64_t> CheckedTextReader::Number(std::string_view key) {
  if (!NextIs(key)) return Malformed(absl::StrFormat("expected `%s`", key));
  const auto number = ParseNumber(lines_[at_].value);
  if (!number.ok()) return Malformed(ledger::ToStd(number.status().message()));
  ++at_;
  return *number;
}

absl::StatusOr<Imprint> CheckedTextReader::Hash(std::string_view key) {
  if (!NextIs(key)) return Malformed(absl::StrFormat("expected `%s`", key));
  auto hash = Imprint::FromText(lines_[at_].value);
  if (!hash.ok()) return Malformed(ledger::ToStd(hash.status().message()));
  ++at_;
  return hash;
}

absl::StatusOr<ledger::ByteVector> CheckedTextReader::Hex(std::string_view key) {
  if (!NextIs(key)) return Malformed(absl::StrFormat("expected `%s`", key));
  auto bytes = ledger::FromHex(lines_[at_].value);
  if (!bytes.ok()) return Malformed(ledger::ToStd(bytes.status().message()));
  ++at_;
  return bytes;
}

absl::StatusOr<std::pair<std::uint64_t, Imprint>> CheckedTextReader::NumberAndHash(
    std::string_view key) {
  if (!NextIs(key)) return Malformed(absl::StrFormat("expected `%s`", key));
  const std::string_view value = lines_[at_].value;
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos) return Malformed("expected a number and a hash");
  const auto number = ParseNumber(value.substr(0, blank));
  if (!number.ok()) return Malformed(ledger::ToStd(number.status().message()));
  const auto hash = Imprint::FromText(value.substr(blank + 1));
  if (!hash.ok()) return Malformed(ledger::ToStd(hash.status().message()));
  ++at_;
  return std::pair(*number, *hash);
}

absl::Status CheckedTextReader::End() const {
  if (done()) return absl::OkStatus();
  return Malformed(absl::StrFormat("unexpected `%s`", lines_[at_].key));
}

}  // namespace pitser::client
