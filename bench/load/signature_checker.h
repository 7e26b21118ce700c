#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/kept_parts.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"

// Verifies many signatures of the same rounds, quickly and as strictly as one by one.
namespace pitser::bench {

// What stands above the parts of a round, once one signature with it was verified in full, and the
// path of the part that was accepted last.
class SharedTail {
 public:
  // `verified` is {a part, tail}, and ledger::Verify() said that it is right. Nothing when its
  // shape is not one that can be shared.
  static std::unique_ptr<SharedTail> Create(const ledger::Signature& verified, ledger::Bytes part,
                                            ledger::Bytes tail);

  // Whether ledger::Verify() would say that {part, tail} is a right signature of `hash`. A no only
  // means: look closer.
  // Why a yes is one: every rule of the internal policy looks at the tail alone, which `verified`
  // has passed; or at the part, which is looked at here in the same way; or at the two places where
  // they meet, the chain index and the node, which are compared here with the verified one's.
  // A step of the path that an accepted part has made before, from the same node over the same
  // links, is not hashed again.
  bool Accepts(const ledger::Imprint& hash, ledger::Bytes part);

  std::uint64_t time() const { return time_; }

 private:
  // A part, read from bytes of its own, and the nodes that its last chain goes through: node i is
  // where link i begins, the last is where the chain leads.
  struct Path {
    ledger::ByteVector bytes;
    std::vector<ledger::AggregationHashChain> chains;
    std::vector<ledger::LeveledImprint> nodes;
  };

  SharedTail() = default;
  bool Read(ledger::Bytes part, Path& path) const;
  bool ChainsHold(const ledger::Imprint& hash, const Path& path) const;
  // Where the part leads; nothing if its chains don't connect.
  std::optional<ledger::LeveledImprint> Fold(Path& path) const;
  bool FoldLastChain(ledger::LeveledImprint node, Path& path) const;

  std::uint64_t time_ = 0;          // Of the round.
  ledger::ChainIndex upper_index_;  // Of the chain above the part; empty if there is none.
  std::optional<ledger::LeveledImprint> meeting_;  // The node that every part must lead to.
  Path accepted_;
  Path spare_;
};

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
    std::unique_ptr<SharedTail> shared;  // Null until a signature of it was right.
  };
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
