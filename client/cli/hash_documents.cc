#include "client/cli/hash_documents.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "client/cli/inputs.h"
#include "client/cli/rate_progress.h"
#include "client/cli/text.h"

namespace pitser::cli {
namespace {

using Hashes = std::vector<absl::StatusOr<ledger::Imprint>>;

constexpr std::size_t kMaxThreads = 16;
constexpr std::chrono::milliseconds kProgressEvery(200);

// Documents that several threads hash; the one that made it tells of it meanwhile.
class Work {
 public:
  Work(const std::vector<std::string>& paths, const DocumentWork& work)
      : paths_(paths), work_(work), hashes_(paths.size()) {}

  // Does what nobody does yet, until all is done. Thread: any number at once.
  void Run() {
    for (std::size_t i = next_++; i < paths_.size(); i = next_++) {
      const auto since = std::chrono::steady_clock::now();
      std::list<Large>::iterator large = NoLarge();
      const auto progress = [&](std::uint64_t done, std::uint64_t size) {
        if (done >= kLargeFile) TellLarge(large, {paths_[i], done, size, since});
      };
      hashes_[i] = work_(i, progress);
      const base::MutexLock lock(mu_);
      if (large != large_.end()) large_.erase(large);
      ++done_;
      changed_.SignalAll();
    }
  }

  // Waits for all, telling how far it is.
  void Wait(Console& console, const std::function<std::string(std::size_t)>& progress) {
    while (true) {
      std::size_t done = 0;
      std::string large;
      std::vector<std::string> begun;
      {
        const base::MutexLock lock(mu_);
        if (done_ < paths_.size()) changed_.WaitFor(mu_, kProgressEvery);
        done = done_;
        begun.swap(begun_);
        if (!large_.empty()) large = TextOf(large_.front());
      }
      // Without a terminal, one line says what takes long.
      for (const std::string& path : begun) {
        if (!console.err_is_terminal()) {
          console.Note(absl::StrFormat("hashing %s", Printable(path)));
        }
      }
      if (done == paths_.size()) return;
      if (!console.err_is_terminal()) continue;
      console.Progress(Text(done, large, progress));
    }
  }

  Hashes TakeHashes() { return std::move(hashes_); }

 private:
  // A file that takes long.
  struct Large {
    std::string path;
    std::uint64_t done, size;
    std::chrono::steady_clock::time_point since;
  };

  std::string Text(std::size_t done, const std::string& large,
                   const std::function<std::string(std::size_t)>& progress) const {
    if (paths_.size() == 1 && !large.empty()) return "hashing " + large;
    std::string text =
        progress ? progress(done) : absl::StrFormat("hashing: %d of %d files", done, paths_.size());
    // What takes long comes first: the end of a line may be clipped.
    return large.empty() ? text : absl::StrFormat("%s; %s", large, text);
  }

  static std::string TextOf(const Large& large) {
    const auto size = large.size == 0 ? std::nullopt : std::optional(large.size);
    const auto elapsed = std::chrono::steady_clock::now() - large.since;
    return ProgressText(Printable(large.path), large.done, size, absl::FromChrono(elapsed),
                        ProgressUnit::kBytes);
  }

  std::list<Large>::iterator NoLarge() {
    const base::MutexLock lock(mu_);
    return large_.end();
  }

  void TellLarge(std::list<Large>::iterator& large, Large now) {
    const base::MutexLock lock(mu_);
    if (large == large_.end()) {
      begun_.push_back(now.path);
      large = large_.insert(large_.end(), std::move(now));
    } else {
      *large = std::move(now);
    }
  }

  const std::vector<std::string>& paths_;
  const DocumentWork& work_;
  Hashes hashes_;  // Each element is written by the thread that took its number.
  std::atomic<std::size_t> next_{0};

  base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  std::size_t done_ PITSER_GUARDED_BY(mu_) = 0;
  std::list<Large> large_ PITSER_GUARDED_BY(mu_);          // At work on, the oldest first.
  std::vector<std::string> begun_ PITSER_GUARDED_BY(mu_);  // To be told.
};

}  // namespace

Hashes WorkOnDocuments(const std::vector<std::string>& paths, const DocumentWork& work,
                       Console& console, const std::function<std::string(std::size_t)>& progress) {
  Work all(paths, work);
  std::vector<base::Thread> threads;
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < std::min({cores, kMaxThreads, paths.size()}); ++i) {
    threads.emplace_back("hash", [&all] { all.Run(); });
  }
  all.Wait(console, progress);
  threads.clear();  // Joins them.
  console.EndProgress();
  return all.TakeHashes();
}

}  // namespace pitser::cli
