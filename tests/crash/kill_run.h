#pragma once

#include <string>

namespace pitser::testing {

// Kills `program` (a pitserd) again and again at random moments under load, and holds it to
// everything that a client got: see Auditor. Prints how long the restarts took.
void KillAgainAndAgain(const std::string& program);

}  // namespace pitser::testing
