#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/signed_block.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/tree/local_block.h"

namespace pitser::cli {

// A tree that was signed, as it takes to make the same signatures again.
struct ResumeTree {
  ledger::Imprint documents;               // The hash of what they are called: see BatchTree.
  ledger::ByteVector taken;                // A byte for each document: 1 if it is a leaf, 0 if not.
  std::vector<ledger::Imprint> hashes;     // Of the leaves.
  ledger::HashAlgorithm algorithm;         // Of the nodes.
  std::optional<ledger::Masking> masking;  // Secret.
  ledger::ByteVector root;                 // The root's signature.
};

// What lets a stopped run that writes an archive go on: each tree is kept here as soon as its root
// is signed, before anything is written of it. Nobody else may read it: it has the masks' secret.
// Format: "pitser-resume-1\n", then for each tree its length (be64), its content and the SHA-256 of
// that. What a crash has left of a last tree is passed over, and written over.
// Thread: one at a time.
class ResumeFile {
 public:
  // Opens it, or makes it. No other process may have it open meanwhile. What is there is looked at
  // before anything of it is changed.
  // Errors: exit code 7, also for a file that is something else, a symbolic link, or one to which
  // others have a right.
  static absl::StatusOr<std::unique_ptr<ResumeFile>> Open(const std::string& path);

  // Removes the file when it holds no tree.
  ~ResumeFile();
  ResumeFile(const ResumeFile&) = delete;
  ResumeFile& operator=(const ResumeFile&) = delete;

  const std::string& path() const { return path_; }

  // The next tree of an earlier run; nothing after the last.   Errors: exit code 7.
  absl::StatusOr<std::optional<ResumeTree>> Next();

  // Keeps a tree. It is on disk when it returns OK.
  // Precondition: Next() has given the last.   Errors: exit code 7.
  absl::Status Append(const client::SignedBlock& block, const ledger::Imprint& documents,
                      ledger::Bytes taken);

  // It is not needed any more.
  void Remove();

 private:
  ResumeFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  absl::StatusOr<ledger::ByteVector> ReadAt(std::uint64_t offset, std::size_t size) const;

  const std::string path_;
  const int fd_;
  std::uint64_t end_ = 0;  // Of what is whole and was read or written.
  bool ours_ = false;      // Known to be a file of this kind that nobody else has open.
};

}  // namespace pitser::cli
