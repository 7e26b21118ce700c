#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/document_names.h"
#include "client/cli/options.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// One thing to verify: a signature, and what it is held against.
struct VerifyTarget {
  std::string document;                 // Empty: none.
  std::optional<ledger::Imprint> hash;  // Instead of a document.
  std::string signature;
  absl::Status status;  // Not OK: there is nothing to verify, and this is why.
};

// What a command line of `pitser verify` names, one after the other: documents, signatures, the
// signatures in folders, the names in a list. Memory does not grow with a list, and with folders
// only by the largest one's names.
class VerifyTargets {
 public:
  // Errors: exit code 2 for a wrong command line, 7 for a list that cannot be opened.
  static absl::StatusOr<std::unique_ptr<VerifyTargets>> Open(const VerifyOptions& options);

  // Whether there may be more than one, so that each has a line and not a page.
  bool several() const { return recursive_ || list_ != nullptr || names_.size() > 1; }
  // How many there are, where that is known beforehand.
  std::optional<std::size_t> count() const;

  // The next one; nothing at the end.
  // Errors: exit codes 4 and 7, when the list cannot be read on.
  absl::StatusOr<std::optional<VerifyTarget>> Next();

 private:
  // A folder that is being walked through: its signatures and the folders in it, by name.
  struct Folder {
    std::string path;
    std::vector<std::string> names;  // Those of folders end in '/'.
    std::size_t next = 0;
  };

  explicit VerifyTargets(const VerifyOptions& options);

  // The next name of the command line or the list.
  absl::StatusOr<std::optional<std::string>> NextName();
  VerifyTarget TargetOf(const std::string& name);
  // Nothing when the folder that is walked through has no more.
  std::optional<VerifyTarget> NextInFolders();
  absl::Status Enter(const std::string& path);

  const bool recursive_;
  const std::string signature_;          // Of -s.
  const bool alone_;                     // No name beside -s: the signature without a document.
  std::optional<ledger::Imprint> hash_;  // Of --hash.
  std::vector<std::string> names_;       // Of the command line, or read from the list.
  std::size_t next_name_ = 0;
  std::unique_ptr<DocumentNames> list_;
  std::vector<Folder> folders_;  // From the one that was named to the one inside.
};

}  // namespace pitser::cli
