#pragma once

#include <cstddef>
#include <ostream>
#include <string>
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
    bool dumb = false;                    // TERM=dumb: a terminal that takes text alone.
    std::size_t (*columns)() = nullptr;   // Of the terminal behind `err`; 0: not known.
  };

  explicit Console(const Streams& streams) : streams_(streams) {}

  // The process's own streams.
  static Console System(std::string_view program = "pitser");

  // Of --color; kAuto: on a terminal that takes them, unless NO_COLOR is set.
  enum class Colour { kAuto, kAlways, kNever };
  void SetColour(Colour colour) { colour_ = colour; }
  void SetQuiet(bool quiet) { quiet_ = quiet; }
  void SetJson(bool json) { json_ = json; }
  bool json() const { return json_; }
  bool quiet() const { return quiet_; }
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

  // A line that is written over, e.g. "hashing big.iso 12 %", clipped to the terminal: shown only
  // when standard error is one that takes more than text and neither --quiet nor --json is given.
  // EndProgress() wipes it.
  void Progress(std::string_view text);
  void EndProgress();
  // The same when the process ends by a signal. For signal handlers.
  static void WipeProgressOfProcess();

  // The text in bold green or bold red where standard output is a terminal that takes colour.
  std::string Good(std::string_view text) const { return Coloured(kGood, text); }
  std::string Bad(std::string_view text) const { return Coloured(kBad, text); }
  std::string Doubtful(std::string_view text) const { return Coloured(kDoubtful, text); }

 private:
  static constexpr std::string_view kGood = "\033[1;32m";
  static constexpr std::string_view kBad = "\033[1;31m";
  static constexpr std::string_view kDoubtful = "\033[1;33m";
  static constexpr std::string_view kNoColour = "\033[0m";

  // Text with these colours, and nothing else that a terminal obeys: names are made printable where
  // a result is written, and once more here, so that no place can forget it.
  static std::string WithColours(std::string_view text);
  std::string Coloured(std::string_view colour, std::string_view text) const;

  Streams streams_;
  bool quiet_ = false;
  bool json_ = false;
  Colour colour_ = Colour::kAuto;
  bool progress_shown_ = false;
};

}  // namespace pitser::cli
