#pragma once

#include <initializer_list>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/crypto/imprint.h"

namespace pitser::ledger {

// HMAC(algorithm, key, parts...) of RFC 2104, as an imprint: the id of the hash, then the code.
// `key` is taken as it is, of any length.
// Errors: kUnimplemented when the build cannot compute the algorithm.
// Thread: any number of threads at once.   Cost: some 1 us and the hash of the parts.
// Source: spec/ksi-protocol.md 2.3.
absl::StatusOr<Imprint> Hmac(HashAlgorithm algorithm, Bytes key,
                             std::initializer_list<Bytes> parts);

// Whether the bytes are equal, in a time that tells nothing about them but their lengths.
bool EqualInConstantTime(Bytes a, Bytes b);

// `size` bytes for keys, from the system's source of randomness.
// Errors: kInternal when it gives none.
absl::StatusOr<ByteVector> RandomKey(std::size_t size);

}  // namespace pitser::ledger
