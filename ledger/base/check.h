#pragma once

namespace pitser::ledger::internal {

// Prints `file:line: check failed: expression` to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression);

}  // namespace pitser::ledger::internal

// For our own bugs only, never to guard input. Stays on in release builds.
#define PITSER_CHECK(condition) \
  ((condition) ? (void)0 : ::pitser::ledger::internal::CheckFailed(__FILE__, __LINE__, #condition))
