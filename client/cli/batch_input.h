#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "client/cli/line_reader.h"
#include "client/cli/named_files.h"
#include "client/cli/options.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// Something to be signed by `pitser sign --batch`.
struct BatchDocument {
  std::string name;                     // As it was given; never empty.
  std::optional<ledger::Imprint> hash;  // Nothing: of the file of that name, not read yet.
  bool listed = false;                  // Whether a list gave the hash.
  std::string client_id;                // Empty: none.
  absl::Status status = {};             // Why it is left out, if it is.
  bool is_there = false;                // A signature of its name is; whose it is, is looked at.
};

// Where the documents of a batch come from: the command line, a list of names, or one of hashes,
// with a client id for each if there are any. Lists may be longer than memory: what is kept of each
// name is 16 bytes, to find one that is given twice.
class BatchInput {
 public:
  // Errors: exit codes 2 and 7.
  static absl::StatusOr<std::unique_ptr<BatchInput>> Open(const SignOptions& options,
                                                          ledger::HashAlgorithm algorithm);

  // The next documents, at most `count`; none at the end. Signatures (NAME.ksig) are passed over
  // unless they are to be signed too.
  // Errors: exit code 7 when a list cannot be read; 4, with the number of the line, for one that is
  // not what it should be, a name that was given before, or another number of client ids than of
  // documents.
  absl::StatusOr<std::vector<BatchDocument>> Next(std::size_t count);

  // The signatures that were passed over since the last call.
  std::vector<std::string> TakePassedOver() { return std::exchange(passed_over_, {}); }

  // How many there are in all, if that is known or can be guessed from the size of a list.
  std::optional<std::size_t> Total() const;

 private:
  BatchInput(const SignOptions& options, ledger::HashAlgorithm algorithm);

  absl::StatusOr<std::vector<BatchDocument>> NextNames(std::size_t count);
  absl::StatusOr<std::vector<BatchDocument>> NextHashes(std::size_t count);
  void PassOverSignatures(std::vector<BatchDocument>& documents);
  absl::Status TakeClientId(BatchDocument& document);
  absl::Status CheckClientIdsEnd();
  absl::Status Remember(const std::string& name);

  const SignOptions& options_;
  const ledger::HashAlgorithm algorithm_;
  std::unique_ptr<NamedFiles> names_;  // One of the two.
  std::unique_ptr<LineReader> hashes_;
  std::unique_ptr<LineReader> client_ids_;  // Null: there are none.
  std::size_t given_ = 0;
  std::vector<std::string> passed_over_;
  absl::flat_hash_set<std::array<std::uint64_t, 2>> seen_;  // Of digests of names.
};

}  // namespace pitser::cli
