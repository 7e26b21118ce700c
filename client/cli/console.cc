#include "client/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/unicode.h"
#include "ledger/base/bytes.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kWipe = "\r\033[K";
constexpr std::size_t kUsualColumns = 80;

std::size_t ColumnsOfError() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Whether a progress line stands on the process's own standard error, for signal handlers.
std::atomic<bool> process_shows_progress{false};

}  // namespace

Console Console::System(std::string_view program) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return Console({.out = &std::cout,
                  .err = &std::cerr,
                  .in_is_terminal = isatty(STDIN_FILENO) == 1,
                  .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                  .err_is_terminal = isatty(STDERR_FILENO) == 1,
                  .no_color = no_color != nullptr && *no_color != '\0',
                  .program = program,
                  .dumb = terminal == nullptr || std::string_view(terminal) == "dumb",
                  .columns = ColumnsOfError});
}

std::string Console::WithColours(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t at = text.find('\033');
    result += base::PrintableLines(text.substr(0, at));
    if (at == std::string_view::npos) return result;
    text.remove_prefix(at);
    std::size_t taken = 0;
    for (const std::string_view colour : {kGood, kBad, kDoubtful, kNoColour}) {
      if (text.starts_with(colour)) taken = colour.size();
    }
    result += taken > 0 ? std::string(text.substr(0, taken)) : base::Printable(text.substr(0, 1));
    text.remove_prefix(taken > 0 ? taken : 1);
  }
}

void Console::Result(std::string_view text) {
  EndProgress();
  *streams_.out << WithColours(text) << '\n' << std::flush;
}

void Console::ResultBytes(std::string_view bytes) {
  EndProgress();
  streams_.out->write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  streams_.out->flush();
}

void Console::Note(std::string_view text) {
  if (quiet_ || json_) return;
  EndProgress();
  *streams_.err << streams_.program << ": " << base::Printable(text) << '\n' << std::flush;
}

void Console::Hint(std::string_view text) {
  if (quiet_ || json_) return;
  EndProgress();
  *streams_.err << streams_.program << ": hint: " << base::Printable(text) << '\n' << std::flush;
}

ExitCode Console::Fail(const absl::Status& status) {
  EndProgress();
  *streams_.err << streams_.program << ": " << base::Printable(ledger::ToStd(status.message()))
                << '\n';
  if (const std::string hint = HintOf(status); !hint.empty()) {
    *streams_.err << streams_.program << ": hint: " << base::Printable(hint) << '\n';
  }
  *streams_.err << std::flush;
  return ExitCodeOf(status);
}

bool Console::Confirm(std::string_view question) {
  *streams_.err << streams_.program << ": " << base::Printable(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void Console::Progress(std::string_view text) {
  if (!streams_.err_is_terminal || streams_.dumb || quiet_ || json_) return;
  const std::size_t asked = streams_.columns == nullptr ? 0 : streams_.columns();
  // A line that fills the last column is at the next one's beginning on some terminals.
  const std::size_t columns = (asked == 0 ? kUsualColumns : asked) - 1;
  *streams_.err << kWipe << base::Clipped(base::Printable(text), columns) << std::flush;
  progress_shown_ = true;
  if (streams_.err == &std::cerr) process_shows_progress = true;
}

void Console::EndProgress() {
  if (!progress_shown_) return;
  *streams_.err << kWipe << std::flush;
  progress_shown_ = false;
  process_shows_progress = false;
}

void Console::WipeProgressOfProcess() {
  if (!process_shows_progress) return;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kWipe.data(), kWipe.size());
}

std::string Console::Coloured(std::string_view colour, std::string_view text) const {
  const bool takes_colour = streams_.out_is_terminal && !streams_.no_color && !streams_.dumb;
  const bool coloured = colour_ == Colour::kAlways || (colour_ == Colour::kAuto && takes_colour);
  if (!coloured) return std::string(text);
  return std::string(colour).append(text).append(kNoColour);
}

}  // namespace pitser::cli
