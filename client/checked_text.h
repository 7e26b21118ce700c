#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"

// Small files for people and programs: a first line that says what it is and of which version,
// lines `key = value`, comment lines that begin with `#`, and a last line `checksum = SHA-256:HEX`
// over all before it. The checksum guards against accidents, not against people.
namespace pitser::client {

// Builds one.
class CheckedTextWriter {
 public:
  // `kind` with its version, e.g. "pitser.audit-state/1".
  explicit CheckedTextWriter(std::string_view kind);

  // Neither text may have a line feed in it; a value has no blank at its ends.
  CheckedTextWriter& Comment(std::string_view text);
  CheckedTextWriter& Add(std::string_view key, std::string_view value);
  CheckedTextWriter& Add(std::string_view key, std::uint64_t value);

  // The whole, checksum included.
  std::string Finish() &&;

 private:
  std::string text_;
};

// Reads one, from the first line to the last.   Thread: one at a time.
class CheckedTextReader {
 public:
  // Errors, of all methods: kInvalidArgument, naming the line, when the text is of another kind or
  // version, has a malformed line or a wrong checksum, or is not what is asked for.
  static absl::StatusOr<CheckedTextReader> Open(std::string_view kind, std::string_view text);

  bool done() const { return at_ == lines_.size(); }
  // Whether the next line has this key.
  bool NextIs(std::string_view key) const { return !done() && lines_[at_].key == key; }
  // The value of the next line, which must have this key.
  absl::StatusOr<std::string> Text(std::string_view key);
  absl::StatusOr<std::uint64_t> Number(std::string_view key);
  absl::StatusOr<ledger::Imprint> Hash(std::string_view key);
  absl::StatusOr<ledger::ByteVector> Hex(std::string_view key);
  // "NUMBER HASH".
  absl::StatusOr<std::pair<std::uint64_t, ledger::Imprint>> NumberAndHash(std::string_view key);
  // OK when nothing is left.
  absl::Status End() const;

 private:
  struct Line {
    std::size_t number;
    std::string key, value;
  };

  absl::Status Malformed(std::string_view what) const;

  std::string kind_;
  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

}  // namespace pitser::client
