#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "client/new_file.h"
#include "ledger/base/bytes.h"

namespace pitser::client {

// How many files may be open at once for a batch: as many as the system lets this process have,
// less what the rest of it needs. Raises the soft limit to the hard one.
std::size_t FilesTogether();

struct FileBatchOptions {
  bool replace = false;        // Otherwise an existing file is left alone: kAlreadyExists.
  unsigned mode = 0644;        // Less the umask.
  std::size_t max_open = 256;  // Files that are written together, and as many open descriptors.
  bool named = false;          // As NewFile::Create().
};

// Writes many small files for the price of few syncs: `max_open` at a time get their content, then
// the file system is synced once for all of them, then they get their names. So a file under its
// name is whole, whatever happens: after a kill, and after a power failure. Which of the files are
// there is certain only after Finish().
// Thread: Add() from any number of threads at once; Finish() when they are through.
class FileBatch {
 public:
  // Gets the number that a file was added with, and OK when it has its name. Called once for each
  // file that Add() took, by one thread at a time.
  using Done = std::function<void(std::size_t id, const absl::Status& status)>;

  FileBatch(const FileBatchOptions& options, Done done);
  ~FileBatch();
  FileBatch(const FileBatch&) = delete;
  FileBatch& operator=(const FileBatch&) = delete;

  // Errors: those of NewFile for this one file, for which `done` is not called; then the others
  // may well go on, unless it is kResourceExhausted.
  absl::Status Add(std::size_t id, const std::string& path, ledger::Bytes content)
      PITSER_EXCLUDES(mu_);

  // Gives the rest their names. All files, and their names, are on disk when it returns OK.
  // Errors: the file system's, when it could not be synced: what has no name then gets none.
  absl::Status Finish() PITSER_EXCLUDES(mu_);

 private:
  struct Written {
    std::size_t id;
    std::unique_ptr<NewFile> file;
  };

  absl::Status Release(std::vector<Written> files) PITSER_EXCLUDES(done_mu_);

  const FileBatchOptions options_;
  const Done done_;

  base::Mutex mu_;  // Leaf lock.
  std::vector<Written> written_ PITSER_GUARDED_BY(mu_);
  absl::Status sync_status_ PITSER_GUARDED_BY(mu_);

  base::Mutex done_mu_;  // Taken alone, around `done_` and the list below.
  // A file of each file system that was written to: to sync the names in the end.
  std::map<dev_t, std::unique_ptr<NewFile>> one_of_each_ PITSER_GUARDED_BY(done_mu_);
};

}  // namespace pitser::client
