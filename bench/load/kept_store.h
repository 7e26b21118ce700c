#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "bench/load/kept_parts.h"
#include "bench/load/numbered_hash.h"
#include "bench/load/signature_checker.h"

namespace pitser::bench {

// All signatures of a run until they are verified: when the clock has stopped, or, for a run that
// brings more than memory is to hold, from then on beside it by a thread of the lowest priority.
// Thread: Put() any thread's; the rest the owner's.
class KeptStore {
 public:
  struct Options {
    SignatureChecker::Options checker;
    std::uint64_t seed = 0;  // Of the hashes.
    std::uint64_t max_bytes = 0;
  };

  explicit KeptStore(const Options& options);
  ~KeptStore();
  KeptStore(const KeptStore&) = delete;
  KeptStore& operator=(const KeptStore&) = delete;

  void Put(std::unique_ptr<PartChunk> chunk) PITSER_EXCLUDES(mu_);

  struct Report {
    SignatureChecker::Counts counts;
    std::uint64_t verified_beside = 0;  // While the clock ran.
    std::uint64_t kept_bytes = 0;       // Of memory, for all of them.
    double seconds = 0;                 // For those that were left when the clock had stopped.
    unsigned threads = 0;
  };
  // Verifies what is left, on every processor. To be called when nobody puts any more.
  Report VerifyAll() PITSER_EXCLUDES(mu_);

 private:
  std::unique_ptr<PartChunk> Take() PITSER_EXCLUDES(mu_);
  void Verify(const PartChunk& chunk, SignatureChecker& checker) const;
  void VerifyBeside() PITSER_EXCLUDES(mu_);

  const Options options_;
  const NumberedHashes hashes_;
  base::Mutex mu_;
  base::CondVar changed_;
  std::vector<std::unique_ptr<PartChunk>> chunks_ PITSER_GUARDED_BY(mu_);
  std::uint64_t total_bytes_ PITSER_GUARDED_BY(mu_) = 0;
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;
  SignatureChecker::Counts beside_ PITSER_GUARDED_BY(mu_);
  base::Thread thread_;
};

}  // namespace pitser::bench
