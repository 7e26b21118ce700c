#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/document_names.h"
#include "client/cli/options.h"
#include "client/cli/other_form.h"
#include "client/cli/verify_folder.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// One thing to verify: a signature, and what it is held against.
struct VerifyTarget {
  std::string document;                 // Empty: none.
  std::optional<ledger::Imprint> hash;  // Instead of a document.
  std::string signature;                // Empty: `document` has none.
  absl::Status status;                  // Not OK: there is nothing to verify, and this is why.
  std::string missing;     // The document that should be there and is not: never a yes.
  std::string other_form;  // What is there under a name that looks the same.

  // A document that was to have a signature and has none.
  bool is_unsigned() const { return signature.empty() && absl::IsOutOfRange(status); }
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
  // Documents below folders that have no signature, so far.
  std::size_t unsigned_count() const { return unsigned_; }
  // How many there are, where that is known beforehand.
  std::optional<std::size_t> count() const;

  // The next one; nothing at the end.
  // Errors: exit codes 4 and 7, when the list cannot be read on.
  absl::StatusOr<std::optional<VerifyTarget>> Next();

 private:
  explicit VerifyTargets(const VerifyOptions& options);

  // The next name of the command line or the list.
  absl::StatusOr<std::optional<std::string>> NextName();
  VerifyTarget TargetOf(const std::string& name);
  // A signature and the document beside it. `strict`: there has to be one.
  VerifyTarget PairOf(const std::string& signature, bool strict);
  // Nothing when the folder that is walked through has no more.
  std::optional<VerifyTarget> NextInFolders();
  // Nothing for what is passed over.
  std::optional<VerifyTarget> TargetOf(const std::string& folder, const FolderEntry& entry);
  absl::Status Enter(const std::string& path);

  const bool recursive_;
  const bool signatures_only_;           // Documents are not looked for.
  const bool require_all_;               // A document without a signature is a target too.
  const std::string signature_;          // Of -s.
  const bool alone_;                     // No name beside -s: the signature without a document.
  std::optional<ledger::Imprint> hash_;  // Of --hash.
  std::vector<std::string> names_;       // Of the command line, or read from the list.
  std::size_t next_name_ = 0;
  std::unique_ptr<DocumentNames> list_;
  OtherForms forms_;
  std::size_t unsigned_ = 0;
  std::vector<WalkedFolder> folders_;  // From the one that was named to the one inside.
};

}  // namespace pitser::cli
