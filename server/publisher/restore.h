#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/format/publications_file.h"
#include "server/keys/key_set.h"

namespace pitser::server {

// Makes DIR/trust/publications.bin again of DIR/publications.store and of what a file that is there
// has beyond it, signed by `keys`. A file that is damaged or not of these keys is kept beside it as
// publications.bin.damaged. No node may run on the folder. The next start holds it against the
// calendar.
// Units:  `now` in Unix seconds.
// Errors: kFailedPrecondition when there is no store, or the publications certificate is not valid
// now, saying what to do; those of PublicationStore; the system's.
absl::StatusOr<ledger::PublicationsFile> RestorePublicationsFile(const std::string& data_dir,
                                                                 const KeySet& keys,
                                                                 std::uint64_t now);

}  // namespace pitser::server
