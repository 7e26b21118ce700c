#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/file.h"
#include "ledger/base/bytes.h"

namespace pitser::cli {

// The lines of a file of any length, in little memory. Lists come from other systems too: where
// lines end with new lines, the carriage return before one and the UTF-8 mark at the file's
// beginning are no part of a line.
class LineReader {
 public:
  // `path` is a file or, for "-", standard input. Lines end at `separator`; the last one may lack
  // it. `noun`: what a line is called in messages.   Errors: exit code 7.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path, char separator,
                                                          std::size_t max_line,
                                                          std::string_view noun = "line");

  // The next line without its separator, valid until the next call; nothing at the end.
  // Errors: exit code 7 when the file cannot be read, 4 for a line that is too long, with its
  // number, and for a file in UTF-16.
  absl::StatusOr<std::optional<std::string_view>> Next();

  // The number of the line that Next() gave last, from 1.
  std::size_t number() const { return number_; }
  // "LIST:12", for messages.
  std::string Place() const;

  // How much of the file was read, from 0 to 1; nothing when its size is not known.
  std::optional<double> Fraction() const;

 private:
  LineReader(const std::string& path, char separator, std::size_t max_line, std::string_view noun,
             client::ByteSource source, std::uint64_t size);

  // The line without what other systems put around it.
  absl::StatusOr<std::string_view> Taken(std::string_view line) const;

  const std::string path_;
  const char separator_;
  const std::size_t max_line_;
  const std::string noun_;
  const client::ByteSource source_;
  const std::uint64_t size_;  // 0: not known.
  ledger::ByteVector buffer_;
  std::size_t begin_ = 0;  // What was not given yet is [begin_, end_) of the buffer.
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t read_ = 0;
  std::size_t number_ = 0;
};

}  // namespace pitser::cli
