#include <gtest/gtest.h>

#include "tests/crash/kill_run.h"

// PITSERD: the program, by the build.
TEST(Kill, EverySignatureThatAClientGotStaysTrue) { pitser::testing::KillAgainAndAgain(PITSERD); }
