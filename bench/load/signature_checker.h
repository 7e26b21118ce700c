#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "bench/load/kept_parts.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/publications_file.h"
#include "ledger/verify/shared_tail.h"

// Verifies many signatures of the same rounds, quickly and as strictly as one by one.
namespace pitser::bench {

// Thread: one at a time; several checkers may run side by side.
class SignatureChecker {
 public:
  struct Options {
    // Already found trustworthy: the key-based policy then, else the internal one. Outlives this.
    const ledger::PublicationsFile* publications = nullptr;
    // So many signatures at most also go through ledger::Verify(), whatever the quick way said:
    // the first, and others ever farther apart, so that any number of them is covered.
    std::uint64_t max_in_full = 0;
    std::size_t max_complaints = 5;
  };

  explicit SignatureChecker(const Options& options) : options_(options) {}

  // Whether `part` and `tail` are a right signature of `hash` at the time that was told. `number`
  // is for complaints.
  bool Check(std::uint64_t number, const ledger::Imprint& hash, const Tail& tail,
             ledger::Bytes part);

  struct Counts {
    std::uint64_t right = 0;
    std::uint64_t wrong = 0;
    std::uint64_t in_full = 0;            // Through ledger::Verify().
    std::uint64_t tails = 0;              // Different ones, each verified in full with a part.
    std::vector<std::string> complaints;  // Of the first wrong ones.

    void Add(const Counts& other);
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Round {
    // Null until a signature of it was right by the policy that is asked for.
    std::unique_ptr<ledger::SharedTail> shared;
    std::uint64_t time = 0;  // That of its signatures, then.
  };
  // The quick way, which says yes or that the signature has to be looked at in full.
  static bool AcceptsPart(Round& round, const ledger::Imprint& hash, const Tail& tail,
                          ledger::Bytes part);
  // Verifies in full; on OK `round` can share, if that is possible.
  absl::Status CheckInFull(const ledger::Imprint& hash, const Tail& tail, ledger::Bytes part,
                           Round& round);

  // Whether the next signature is one of those that go through ledger::Verify() in any case.
  bool IsSampled();

  const Options options_;
  std::uint64_t sampled_ = 0;
  std::uint64_t next_sample_ = 0;
  std::unordered_map<std::string, Round> rounds_;  // By the tail's bytes.
  std::string last_tail_;
  Round* last_round_ = nullptr;
  Counts counts_;
};

}  // namespace pitser::bench
