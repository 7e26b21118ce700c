#pragma once

#include <ostream>
#include <string_view>

#include "absl/status/status.h"
#include "client/cli/exit_code.h"

namespace pitser::cli {

// Where a command speaks: results on standard output, all else on standard error with the program's
// name as prefix, `pitser: `, advice on a line of its own. Knows what the streams are, so that
// nothing is guessed twice.   Thread: one at a time.
class Console {
 public:
  struct Streams {
    std::ostream* out;
    std::ostream* err;
    bool in_is_terminal;
    bool out_is_terminal;
    bool err_is_terminal;
    bool no_color;                        // NO_COLOR is set and not empty.
    std::string_view program = "pitser";  // The prefix on standard error.
  };

  explicit Console(const Streams& streams) : streams_(streams) {}

  // The process's own streams.
  static Console System(std::string_view program = "pitser");

  void SetQuiet(bool quiet) { quiet_ = quiet; }
  void SetJson(bool json) { json_ = json; }
  bool json() const { return json_; }
  bool in_is_terminal() const { return streams_.in_is_terminal; }
  bool out_is_terminal() const { return streams_.out_is_terminal; }
  bool err_is_terminal() const { return streams_.err_is_terminal; }

  // A result: `text` as it is and a new line, on standard output.
  void Result(std::string_view text);
  // A result that says what was done: `text` and a new line. Not said with --quiet.
  void Done(std::string_view text) {
    if (!quiet_) Result(text);
  }
  // A result that is bytes.
  void ResultBytes(std::string_view bytes);
  // `pitser: text` on standard error. Not said with --quiet or --json.
  void Note(std::string_view text);
  // `pitser: hint: text`. Not said with --quiet or --json.
  void Hint(std::string_view text);
  // An error and its hint: always said. Returns the error's exit code.
  ExitCode Fail(const absl::Status& status);

  // Asks a yes-or-no question on the terminal; `no` unless the answer is y or yes.
  // Precondition: standard input and standard error are terminals.
  bool Confirm(std::string_view question);

  // A line that is written over, e.g. "hashing big.iso 12 %": shown only when standard error is a
  // terminal and neither --quiet nor --json is given. EndProgress() wipes it.
  void Progress(std::string_view text);
  void EndProgress();

  // The text in bold green or bold red where standard output is a terminal that takes colour.
  std::string Good(std::string_view text) const { return Coloured("\033[1;32m", text); }
  std::string Bad(std::string_view text) const { return Coloured("\033[1;31m", text); }
  std::string Doubtful(std::string_view text) const { return Coloured("\033[1;33m", text); }

 private:
  std::string Coloured(std::string_view colour, std::string_view text) const;

  Streams streams_;
  bool quiet_ = false;
  bool json_ = false;
  bool progress_shown_ = false;
};

}  // namespace pitser::cli
