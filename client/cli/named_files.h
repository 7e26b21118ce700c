#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/document_names.h"

namespace pitser::cli {

// A file that a command names.
struct NamedFile {
  std::string path;
  bool in_folder = false;    // Found in a folder, and not named itself.
  absl::Status status = {};  // Not OK: a folder that cannot be read, and why.
};

// The files that a command names one after the other: on its command line, in a list, or with -r in
// folders. Memory does not grow with a list, and with folders only by the names in the largest.
class NamedFiles {
 public:
  enum class Kind { kDocuments, kSignatures };
  struct Source {
    std::vector<std::string> files;
    std::string list = {};  // Instead of `files`.
    bool null_separated = false;
    bool recursive = false;
    Kind kind = Kind::kDocuments;  // What is looked for in folders.
  };

  // Errors: exit code 7 for a list that cannot be opened.
  static absl::StatusOr<std::unique_ptr<NamedFiles>> Open(Source source);

  // Whether there may be so many that each has no line of its own.
  bool many() const { return list_ != nullptr || source_.recursive; }

  // The next ones, at most `count`; none at the end. In folders by name, those of a folder before
  // those of the folders in it; links to folders, and what is no file, are passed over. In a list
  // everything is a file, also `-`.
  // Errors: exit codes 4 and 7, when the list cannot be read on.
  absl::StatusOr<std::vector<NamedFile>> Next(std::size_t count);

  // How many there are in all, if that is known or can be guessed from the size of a list.
  std::optional<std::size_t> Total() const;

 private:
  explicit NamedFiles(Source source) : source_(std::move(source)) {}

  // Nothing at the end.
  absl::StatusOr<std::optional<std::string>> NextName();
  // Puts what is in a folder behind what was found.
  absl::Status Enter(const std::string& path);
  // The next of what was found in folders; nothing when there is no more.
  std::optional<NamedFile> NextFound();

  const Source source_;
  std::unique_ptr<DocumentNames> list_;
  std::vector<std::string> listed_;  // Read from the list; the next one is last.
  std::size_t given_ = 0;            // Names.
  std::vector<std::string> files_;   // Found in folders; the next one is last.
  std::vector<std::string> folders_;
};

}  // namespace pitser::cli
