#include "client/cli/line_reader.h"

#include <sys/stat.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::size_t kBufferSize = 256 << 10;
// What other systems put around the text of a line.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMaxExtra = kByteOrderMark.size() + 1;

std::uint64_t SizeOf(const std::string& path) {
  struct stat info {};
  const bool is_regular =
      path != client::kStandardStream && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  return is_regular ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path,
                                                             char separator, std::size_t max_line,
                                                             std::string_view noun) {
  auto source = client::OpenSource(path);
  if (!source.ok()) return WithExitCode(source.status(), ExitCode::kLocalFile);
  return std::unique_ptr<LineReader>(
      new LineReader(path, separator, max_line, noun, *std::move(source), SizeOf(path)));
}

LineReader::LineReader(const std::string& path, char separator, std::size_t max_line,
                       std::string_view noun, client::ByteSource source, std::uint64_t size)
    : path_(path),
      separator_(separator),
      max_line_(max_line),
      noun_(noun),
      source_(std::move(source)),
      size_(size),
      buffer_(kBufferSize + max_line + kMaxExtra + 1) {}

absl::StatusOr<std::optional<std::string_view>> LineReader::Next() {
  while (true) {
    const std::string_view rest(reinterpret_cast<const char*>(buffer_.data()) + begin_,
                                end_ - begin_);
    std::size_t length = rest.find(separator_);
    if (length == std::string_view::npos && at_end_) length = rest.size();
    if (length != std::string_view::npos) {
      if (rest.empty()) return std::optional<std::string_view>();  // Only at the end.
      ++number_;
      begin_ += std::min(length + 1, rest.size());
      PITSER_ASSIGN_OR_RETURN(const std::string_view line, Taken(rest.substr(0, length)));
      if (line.size() > max_line_) break;
      return std::optional(line);
    }
    if (rest.size() > max_line_ + kMaxExtra) {
      ++number_;
      break;
    }
    std::memmove(buffer_.data(), buffer_.data() + begin_, rest.size());
    begin_ = 0;
    end_ = rest.size();
    const auto got = source_(std::span(buffer_).subspan(end_));
    if (!got.ok()) return WithExitCode(got.status(), ExitCode::kLocalFile);
    at_end_ = *got == 0;
    end_ += *got;
    read_ += *got;
  }
  return Error(ExitCode::kMalformed,
               absl::StrFormat("%s: a %s of more than %d bytes", Place(), noun_, max_line_),
               separator_ == '\0' ? "each should end with a zero byte, for -0"
                                  : "each should end with a new line");
}

absl::StatusOr<std::string_view> LineReader::Taken(std::string_view line) const {
  if (separator_ != '\n') return line;  // With zero bytes every name is meant as it is.
  if (number_ == 1) {
    if (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff")) {
      return Error(ExitCode::kMalformed, absl::StrFormat("%s: the list is in UTF-16", Place()),
                   "write it in UTF-8; PowerShell does with `Out-File -Encoding utf8`");
    }
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string LineReader::Place() const {
  return absl::StrFormat(
      "%s:%d", path_ == client::kStandardStream ? "standard input" : Printable(path_), number_);
}

std::optional<double> LineReader::Fraction() const {
  if (size_ == 0) return std::nullopt;
  return static_cast<double>(read_ - (end_ - begin_)) / static_cast<double>(size_);
}

}  // namespace pitser::cli
