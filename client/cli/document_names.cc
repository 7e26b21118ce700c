#include "client/cli/document_names.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/file.h"

namespace pitser::cli {
namespace {

// Linux takes no longer path.
constexpr std::size_t kMaxName = 4096;

}  // namespace

absl::StatusOr<std::unique_ptr<DocumentNames>> DocumentNames::Open(const std::string& path,
                                                                   char separator) {
  std::unique_ptr<DocumentNames> names(new DocumentNames(path, separator));
  if (path == client::kStandardStream) {
    names->in_ = &std::cin;
    return names;
  }
  names->file_.open(path, std::ios::binary);
  if (!names->file_) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("cannot open '%s': %s", path, std::strerror(errno)));
  }
  names->in_ = &names->file_;
  std::error_code no_size;  // Of a pipe, for instance.
  const std::uintmax_t size = std::filesystem::file_size(path, no_size);
  if (!no_size) names->size_ = size;
  return names;
}

std::optional<double> DocumentNames::Fraction() const {
  if (size_ == 0) return std::nullopt;
  return static_cast<double>(read_) / static_cast<double>(size_);
}

absl::StatusOr<std::vector<std::string>> DocumentNames::Next(std::size_t count) {
  std::vector<std::string> names;
  std::array<char, kMaxName + 1> buffer;
  while (names.size() < count) {
    in_->getline(buffer.data(), buffer.size(), separator_);
    const auto read = static_cast<std::size_t>(in_->gcount());
    read_ += read;
    if (in_->bad()) {
      return Error(ExitCode::kLocalFile, absl::StrFormat("cannot read '%s'", path_));
    }
    if (read == 0 && in_->eof()) break;
    if (in_->fail() && !in_->eof()) {
      return Error(ExitCode::kMalformed,
                   absl::StrFormat("'%s' has a name of more than %d bytes", path_, kMaxName - 1),
                   "names are separated by new lines, or with -0 by zero bytes");
    }
    // The separator was counted, if there was one.
    const std::string name(buffer.data(), in_->eof() ? read : read - 1);
    if (name.find('\0') != std::string::npos) {
      return Error(ExitCode::kMalformed, absl::StrFormat("'%s' has a zero byte in a name", path_),
                   "say with -0 that zero bytes separate the names");
    }
    if (!name.empty()) names.push_back(name);
    if (in_->eof()) break;
  }
  return names;
}

}  // namespace pitser::cli
