#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/verify/path_memory.h"
#include "ledger/verify/verifier.h"

namespace pitser::ledger {

// Signatures that end alike, as those of one round do: each is a part of its own (its lowest
// aggregation hash chains) and then the tail that they share. What the tail says is verified once,
// with the first signature; of each further one only its part, up to the node where it meets the
// tail, or the path of the part before: leaves that are neighbours in a tree share most of theirs,
// so parts in the order of their leaves cost two hashes each on average. The answer is that of
// Verify(): where the short way cannot say yes, the long one decides.
// Thread: one at a time.
class SharedTail {
 public:
  // `tail`: complete elements of a signature, commonly 0x801, 0x802 and 0x805. Not yet looked at.
  explicit SharedTail(ByteVector tail) : tail_(std::move(tail)) {}

  Bytes tail() const { return tail_; }

  // The whole signature of a part, which is complete elements too, or empty.
  // Errors: kInvalidArgument when the two do not fit one signature.
  absl::StatusOr<ByteVector> Assemble(Bytes part) const;

  // What Verify(Policy::kInternal) says of the whole signature; `verdicts` has the rules that ran.
  // Errors: as Signature::Parse() and Verify().
  // Cost:   a parse of the part and a hash for each of its links, once a first one has passed.
  absl::StatusOr<VerificationResult> Verify(Bytes part, const Imprint& document_hash,
                                            Level input_level);

  // The short way alone: kOk where the part itself settles it, nothing where the whole signature
  // has to be looked at, as before Verify() has passed a first one. A signature that passes so is
  // right by every policy by which that first one is: all that policies look at beyond the internal
  // rules stands in the tail.
  std::optional<VerificationResult> VerifyPart(Bytes part, const Imprint& document_hash,
                                               Level input_level);

 private:
  // Where a part that passed met the tail: a part that meets it there too passes with it.
  struct Border {
    LeveledImprint node;
    std::uint64_t aggregation_time;
    // That of the lowest chain of the tail; empty when the tail has no chain.
    std::vector<std::uint64_t> index_above;
  };

  absl::StatusOr<VerificationResult> VerifyWhole(Bytes part, const Imprint& document_hash,
                                                 Level input_level);
  void RememberBorder(const Signature& whole, Bytes part);

  const ByteVector tail_;
  // Null until a signature has passed, and for a tail that says more than what is above a part.
  std::unique_ptr<const Border> border_;
  internal::PathMemory path_;  // Of the part that passed last.
};

}  // namespace pitser::ledger
