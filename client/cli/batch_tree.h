#pragma once

#include <string>

#include "client/cli/batch_input.h"
#include "client/cli/flat_names.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hasher.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// What is kept of the documents of a tree until their signatures are written.
class BatchTree {
 public:
  BatchTree();

  // The next document, which became a leaf or was left out.
  void Add(const BatchDocument& document, bool is_leaf);

  // Of the leaves.
  const FlatNames& names() const { return names_; }
  // Of all documents: 1 for a leaf, 0 for one that was left out.
  ledger::Bytes taken() const { return taken_; }

  // Empties it. The hash of what the documents were called, with their client ids and the hashes
  // that a list gave: the same documents in the same order have the same.
  ledger::Imprint Take(FlatNames& names, ledger::ByteVector& taken);

 private:
  FlatNames names_;
  ledger::ByteVector taken_;
  ledger::StreamHasher hasher_;
};

}  // namespace pitser::cli
