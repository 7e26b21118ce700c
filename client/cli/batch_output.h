#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/archive.h"
#include "client/cli/console.h"
#include "client/cli/flat_names.h"
#include "client/signed_block.h"

namespace pitser::cli {

// Where the signatures of `pitser sign --batch` go.
class BatchOutput {
 public:
  virtual ~BatchOutput() = default;

  // Whether there is a signature of the document's name already.
  // Errors: those of this document: exit code 4 for a name that cannot stand in an archive, 7 where
  // no signature can be written.
  virtual absl::StatusOr<bool> IsThere(const std::string& name) = 0;

  // Writes the signatures of a tree whose leaves are of the documents `names`, and puts what became
  // of each into `results`, which has one for each leaf; of those that an error kept it from,
  // nothing. `progress` is told how many are through.
  // Errors: exit codes 7 and 70, when there is no going on.
  virtual absl::Status Write(const client::SignedBlock& block, const FlatNames& names,
                             const std::function<void(std::size_t)>& progress,
                             std::vector<absl::Status>& results) = 0;

  // All is on disk when it returns OK. An archive that nothing was written into does not appear.
  // Errors: exit code 7.
  virtual absl::Status Finish() = 0;

  // The name that the signature of a document has.
  virtual std::string NameFor(std::string_view document) const = 0;
};

// NAME.ksig beside each document; with `replace` also where there is one.
std::unique_ptr<BatchOutput> MakeFilesOutput(bool replace);

// All into one archive, which appears at `path` when it is whole, or goes to standard output for
// "-".   Errors: exit code 7.
absl::StatusOr<std::unique_ptr<BatchOutput>> MakeArchiveOutput(const std::string& path,
                                                               client::ArchiveFormat format,
                                                               bool replace);

}  // namespace pitser::cli
