#pragma once

#include <string_view>

// How a process that cannot go on still says why, without ever being held up by it.
namespace pitser::base {

// Lets the log out and then `line`, to standard error; where nobody reads there it gives up after
// some seconds, and where even that does not help, an alarm ends the process. For those who end the
// process next. A signal handler may call it.
// Shape: one line without its end; what is longer than 4 KiB is cut.
void SayLastWords(std::string_view line) noexcept;

// From now on a crash (a failed PITSER_CHECK, an exception that nobody caught, a signal like
// SIGSEGV) says its last words before it goes on as it would have. To be called once, before other
// threads. `program` is a literal.
void SayLastWordsOnCrash(const char* program);

}  // namespace pitser::base
