#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pitser::cli {

// The name of a document in an archive: relative, with `/` between its parts, whatever `path` is.
// Two paths that come to the same have the same.
std::string EntryNameOf(std::string_view path);

// Whether every system that may unpack the archive reads the name as we do. Windows takes a
// backslash for a `/`, "C:" for a drive, and CON, NUL, COM1 and their like for devices.
// Errors: exit code 4 for a name that would lie outside of where the archive is unpacked, here or
// there, or would be a device there.
absl::Status CheckEntryName(std::string_view name);

}  // namespace pitser::cli
