#pragma once

namespace pitser::ledger {

// Who tells of a failed PITSER_CHECK, in place of a write to standard error, which could wait for
// somebody to read there; the process aborts when it returns. To be called before other threads.
void SetCheckReport(void (*report)(const char* text));

}  // namespace pitser::ledger
