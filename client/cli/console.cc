#include "client/cli/console.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace pitser::cli {

Console Console::System(std::string_view program) {
  const char* no_color = std::getenv("NO_COLOR");
  return Console({.out = &std::cout,
                  .err = &std::cerr,
                  .in_is_terminal = isatty(STDIN_FILENO) == 1,
                  .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                  .err_is_terminal = isatty(STDERR_FILENO) == 1,
                  .no_color = no_color != nullptr && *no_color != '\0',
                  .program = program});
}

void Console::Result(std::string_view text) {
  EndProgress();
  *streams_.out << text << '\n' << std::flush;
}

void Console::ResultBytes(std::string_view bytes) {
  EndProgress();
  streams_.out->write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  streams_.out->flush();
}

void Console::Note(std::string_view text) {
  if (quiet_ || json_) return;
  EndProgress();
  *streams_.err << streams_.program << ": " << text << '\n' << std::flush;
}

void Console::Hint(std::string_view text) {
  if (quiet_ || json_) return;
  EndProgress();
  *streams_.err << streams_.program << ": hint: " << text << '\n' << std::flush;
}

ExitCode Console::Fail(const absl::Status& status) {
  EndProgress();
  *streams_.err << streams_.program << ": " << std::string(status.message()) << '\n';
  if (const std::string hint = HintOf(status); !hint.empty()) {
    *streams_.err << streams_.program << ": hint: " << hint << '\n';
  }
  *streams_.err << std::flush;
  return ExitCodeOf(status);
}

bool Console::Confirm(std::string_view question) {
  *streams_.err << streams_.program << ": " << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void Console::Progress(std::string_view text) {
  if (!streams_.err_is_terminal || quiet_ || json_) return;
  *streams_.err << "\r\033[K" << text << std::flush;
  progress_shown_ = true;
}

void Console::EndProgress() {
  if (!progress_shown_) return;
  *streams_.err << "\r\033[K" << std::flush;
  progress_shown_ = false;
}

std::string Console::Coloured(std::string_view colour, std::string_view text) const {
  if (!streams_.out_is_terminal || streams_.no_color) return std::string(text);
  return std::string(colour).append(text).append("\033[0m");
}

}  // namespace pitser::cli
