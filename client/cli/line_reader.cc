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

std::uint64_t SizeOf(const std::string& path) {
  struct stat info {};
  const bool is_regular =
      path != client::kStandardStream && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  return is_regular ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path,
                                                             char separator, std::size_t max_line) {
  auto source = client::OpenSource(path);
  if (!source.ok()) return WithExitCode(source.status(), ExitCode::kLocalFile);
  return std::unique_ptr<LineReader>(
      new LineReader(path, separator, max_line, *std::move(source), SizeOf(path)));
}

LineReader::LineReader(const std::string& path, char separator, std::size_t max_line,
                       client::ByteSource source, std::uint64_t size)
    : path_(path),
      separator_(separator),
      max_line_(max_line),
      source_(std::move(source)),
      size_(size),
      buffer_(kBufferSize + max_line + 1) {}

absl::StatusOr<std::optional<std::string_view>> LineReader::Next() {
  while (true) {
    const std::string_view rest(reinterpret_cast<const char*>(buffer_.data()) + begin_,
                                end_ - begin_);
    std::size_t length = rest.find(separator_);
    if (length == std::string_view::npos && at_end_) length = rest.size();
    if (length != std::string_view::npos) {
      if (rest.empty()) return std::optional<std::string_view>();  // Only at the end.
      ++number_;
      if (length > max_line_) break;
      begin_ += std::min(length + 1, rest.size());
      return std::optional(rest.substr(0, length));
    }
    if (rest.size() > max_line_) {
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
               absl::StrFormat("%s: a line of more than %d bytes", Place(), max_line_));
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
