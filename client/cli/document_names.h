#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/line_reader.h"

namespace pitser::cli {

// The names of documents that a file lists, as many at a time as are asked for: the list may be
// longer than memory.
class DocumentNames {
 public:
  // `path` is a file or, for "-", standard input. Names end at `separator`; empty ones are passed
  // over.   Errors: exit code 7.
  static absl::StatusOr<std::unique_ptr<DocumentNames>> Open(const std::string& path,
                                                             char separator);

  // The next names, at most `count`; none at the end.
  // Errors: exit code 7 when the list cannot be read, 4 for a name longer than any file's, with
  // its line.
  absl::StatusOr<std::vector<std::string>> Next(std::size_t count);

  // How much of the list was read, from 0 to 1; nothing when its size is not known.
  std::optional<double> Fraction() const { return lines_->Fraction(); }

 private:
  explicit DocumentNames(std::unique_ptr<LineReader> lines) : lines_(std::move(lines)) {}

  absl::StatusOr<std::optional<std::string_view>> NextLine();

  const std::unique_ptr<LineReader> lines_;
  absl::Status failed_;  // Told when what was read before is given.
};

}  // namespace pitser::cli
