#include "client/cli/hash_documents.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "client/cli/inputs.h"
#include "client/cli/text.h"

namespace pitser::cli {
namespace {

using Hashes = std::vector<absl::StatusOr<ledger::Imprint>>;

constexpr std::size_t kMaxThreads = 16;
constexpr std::chrono::milliseconds kProgressEvery(200);

// Documents that several threads hash; the one that made it tells of it meanwhile.
class Work {
 public:
  Work(const std::vector<std::string>& paths, ledger::HashAlgorithm algorithm)
      : paths_(paths), algorithm_(algorithm), hashes_(paths.size()) {}

  // Hashes what nobody hashes yet, until all is. Thread: any number at once.
  void Run() {
    for (std::size_t i = next_++; i < paths_.size(); i = next_++) {
      bool told = false;
      const auto progress = [&](std::uint64_t /*done*/, std::uint64_t /*size*/) {
        if (!told) TellLarge(paths_[i]);
        told = true;
      };
      hashes_[i] = HashWithExitCode(paths_[i], algorithm_, progress);
      const base::MutexLock lock(mu_);
      ++done_;
      changed_.SignalAll();
    }
  }

  // Waits for all, telling how far it is.
  void Wait(Console& console, const std::function<std::string(std::size_t)>& progress) {
    while (true) {
      std::size_t done = 0;
      std::vector<std::string> large;
      {
        const base::MutexLock lock(mu_);
        if (done_ < paths_.size()) changed_.WaitFor(mu_, kProgressEvery);
        done = done_;
        large.swap(large_);
      }
      // Without a terminal, one line says what takes long.
      for (const std::string& path : large) {
        if (!console.err_is_terminal()) {
          console.Note(absl::StrFormat("hashing %s", Printable(path)));
        }
      }
      if (done == paths_.size()) return;
      if (console.err_is_terminal()) {
        console.Progress(progress
                             ? progress(done)
                             : absl::StrFormat("hashing: %d of %d files", done, paths_.size()));
      }
    }
  }

  Hashes TakeHashes() { return std::move(hashes_); }

 private:
  void TellLarge(const std::string& path) {
    const base::MutexLock lock(mu_);
    large_.push_back(path);
  }

  const std::vector<std::string>& paths_;
  const ledger::HashAlgorithm algorithm_;
  Hashes hashes_;  // Each element is written by the thread that took its number.
  std::atomic<std::size_t> next_{0};

  base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  std::size_t done_ PITSER_GUARDED_BY(mu_) = 0;
  std::vector<std::string> large_ PITSER_GUARDED_BY(mu_);  // To be told.
};

}  // namespace

Hashes HashDocuments(const std::vector<std::string>& paths, ledger::HashAlgorithm algorithm,
                     Console& console, const std::function<std::string(std::size_t)>& progress) {
  if (paths.size() == 1) {
    Hashes hashes;
    hashes.push_back(HashDocument(paths.front(), algorithm, console));
    return hashes;
  }
  Work work(paths, algorithm);
  std::vector<base::Thread> threads;
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < std::min({cores, kMaxThreads, paths.size()}); ++i) {
    threads.emplace_back("hash", [&work] { work.Run(); });
  }
  work.Wait(console, progress);
  threads.clear();  // Joins them.
  console.EndProgress();
  return work.TakeHashes();
}

}  // namespace pitser::cli
