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

// The lines of a file of any length, in little memory.
class LineReader {
 public:
  // `path` is a file or, for "-", standard input. Lines end at `separator`; the last one may lack
  // it.   Errors: exit code 7.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path, char separator,
                                                          std::size_t max_line);

  // The next line without its separator, valid until the next call; nothing at the end.
  // Errors: exit code 7 when the file cannot be read, 4 for a line that is too long, with its
  // number.
  absl::StatusOr<std::optional<std::string_view>> Next();

  // The number of the line that Next() gave last, from 1.
  std::size_t number() const { return number_; }
  // "LIST:12", for messages.
  std::string Place() const;

  // How much of the file was read, from 0 to 1; nothing when its size is not known.
  std::optional<double> Fraction() const;

 private:
  LineReader(const std::string& path, char separator, std::size_t max_line,
             client::ByteSource source, std::uint64_t size);

  const std::string path_;
  const char separator_;
  const std::size_t max_line_;
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
