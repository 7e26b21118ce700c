#pragma once

namespace pitser::base {

// A program that calls this puts, before anything else of it runs, something into the place of each
// of standard input, output and error that is closed, so that no file which is opened later comes
// to lie there and gets what is meant for people: a log in the middle of a lock or a database.
// Reading and writing there go on failing as before. False: it could not be done, and the program
// must not go on.
bool StandardStreamsHeld();

}  // namespace pitser::base
