#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/format/signature.h"

namespace pitser::ledger {

// What the signatures of a tree's leaves share: the signature of its root, with nothing of its own
// below the root's level. A leaf's signature is its chain and then this.
struct RootTail {
  ByteVector bytes;  // Complete elements, those of the root's signature.
  ChainIndex above;  // The index of its lowest chain, for the chains that stand below.
  std::uint64_t aggregation_time = 0;
};

// The tail for a tree whose root, of `level`, `root` is the signature of. All bytes stay as they
// are but for the first level correction: it carried the level, which now comes from below.
// Errors: kFailedPrecondition for a signature with an RFC 3161 record, below which nothing can
// stand; kInvalidArgument when the signature is not of a hash of such a level.
// Source: spec/ksi-signature.md 8.4, 2.5.
absl::StatusOr<RootTail> TailOfRoot(const Signature& root, Level level);

}  // namespace pitser::ledger
