#pragma once

#include "server/app/node.h"

namespace pitser::server {

// The whole of pitserd: what main() returns. It is a function of its own so that a test's program
// can run it on a file system that fails on purpose.
// To be called before any other thread exists: it blocks signals.
int RunPitserd(int argc, const char* const* argv, const Environment& environment);

}  // namespace pitser::server
