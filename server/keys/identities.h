#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/keys/key_set.h"

// The identities of one purpose that lie in DIR/keys: the first, PURPOSE.key.pem, and those that
// took its place, PURPOSE.2.key.pem and so on. None is ever overwritten, so that a renewal by a
// clock that was wrong costs nothing. Not for use outside this folder.
namespace pitser::server::internal {

// The files that are there, oldest first. `first` is the path of the first one.
std::vector<std::string> IdentityFiles(const std::string& first);

// Where the next one goes: a name after all that are there.
std::string NextIdentityFile(const std::string& first);

// Of those that can be read: the one that is valid at `now` and ends last; where none is, the one
// that ended last, else the one that begins first.
// Errors: the first file's, when none can be used.
absl::StatusOr<Identity> ChooseIdentity(const std::string& first, std::uint64_t now);

}  // namespace pitser::server::internal
