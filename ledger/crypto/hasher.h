#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/crypto/imprint.h"

namespace pitser::ledger {

// Whether this build can compute the algorithm. Parsing and comparing its imprints works anyway.
bool HashAvailable(HashAlgorithm algorithm);

// The imprint H(algorithm; parts...) of the concatenated parts.
// Errors: kUnimplemented when the build cannot compute the algorithm; never for one that
// HashAvailable() is true of.
// Thread: any number of threads at once.   Cost: one hash, no allocation after a thread's first.
// Source: spec/ksi-signature.md 0.2.
absl::StatusOr<Imprint> Hash(HashAlgorithm algorithm, std::initializer_list<Bytes> parts);

// What a step of a hash chain hashes: the parts, joined.
struct HashInput {
  HashAlgorithm algorithm;
  std::array<Bytes, 3> parts;
};

// `one_node` and `other_node` become the imprints of the two inputs, whose parts may view into the
// nodes. Side by side two short SHA-256 hashes take a third longer than one.
// Errors: kUnimplemented as for Hash(); the nodes then mean nothing.   Thread, cost: as Hash().
absl::Status HashTwo(const HashInput& one, const HashInput& other, Imprint& one_node,
                     Imprint& other_node);

// Hashes something that comes in pieces, a file for instance.
// Thread: one thread at a time.
class StreamHasher {
 public:
  // Errors: kUnimplemented when the build cannot compute the algorithm.
  static absl::StatusOr<StreamHasher> Create(HashAlgorithm algorithm);

  StreamHasher(StreamHasher&&) noexcept;
  StreamHasher& operator=(StreamHasher&&) noexcept;
  ~StreamHasher();

  void Update(Bytes piece);

  // The imprint of all pieces so far; starts anew afterwards.
  Imprint Finish();

 private:
  struct State;
  explicit StreamHasher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Many independent messages of one length at once: message i is the `message_size` bytes at
// messages[i * message_size], its digest (without id byte) goes to
// digests[i * DigestSize(algorithm)]. The door behind which processor-specific code may sit.
// Shape:  messages.size() is a multiple of message_size; digests has room for all digests and does
//         not overlap messages.
// Errors: kUnimplemented when the build cannot compute the algorithm.
// Thread: any number of threads at once, on different outputs.
absl::Status HashMany(HashAlgorithm algorithm, Bytes messages, std::size_t message_size,
                      std::span<std::uint8_t> digests);

}  // namespace pitser::ledger
