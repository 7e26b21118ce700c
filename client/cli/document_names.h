#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

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
  // Errors: exit code 7 when the list cannot be read, 4 for a name longer than any file's.
  absl::StatusOr<std::vector<std::string>> Next(std::size_t count);

  // How much of the list was read, from 0 to 1; nothing when its size is not known.
  std::optional<double> Fraction() const;

 private:
  DocumentNames(const std::string& path, char separator) : path_(path), separator_(separator) {}

  const std::string path_;
  const char separator_;
  std::ifstream file_;
  std::istream* in_ = nullptr;
  std::uint64_t size_ = 0;  // 0: not known.
  std::uint64_t read_ = 0;
};

}  // namespace pitser::cli
