#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/other_form.h"

namespace pitser::cli {

// What `pitser verify` does with an entry of a folder.
struct FolderEntry {
  enum class Kind {
    kFolder,   // Is walked through.
    kSigned,   // A signature; something stands in its document's place.
    kMissing,  // A signature; nothing does.
    kUnsigned  // A document without a signature.
  };
  std::string name;  // Of the signature for kSigned and kMissing.
  Kind kind;
  std::string other_form;  // Of kMissing: the path of a document whose name looks the same.
};

// A folder that is being walked through.
struct WalkedFolder {
  std::string path;
  std::vector<FolderEntry> entries;  // By name; links to folders are passed over.
  std::size_t next = 0;
};

// Errors: exit code 7 when it cannot be read.
absl::StatusOr<WalkedFolder> ReadFolder(const std::string& path, OtherForms& forms);

}  // namespace pitser::cli
