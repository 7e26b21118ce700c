#pragma once

#include <chrono>
#include <cstdint>

// Where the log's lines (base/log.h) go: to standard error, through a queue. Logging never waits
// for whoever reads there; what was not read is dropped, counted, and told in the log itself.
// Thread: any.
namespace pitser::base {

// Waits until what was logged before is out, at most so long; false when that did not suffice. A
// signal handler may call it, once something was logged or OpenLog() was called. Done by itself
// when main() returns.
bool FlushLog(std::chrono::milliseconds timeout) noexcept;

// Makes the log ready, which otherwise the first line does.
void OpenLog();

// Lines that nobody could read, since the start of the process.
std::uint64_t DroppedLogLines() noexcept;

}  // namespace pitser::base
