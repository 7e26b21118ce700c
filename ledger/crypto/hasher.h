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

// `node` becomes the imprint of the input, whose parts may view into it.
// Errors: kUnimplemented as for Hash(); `node` is then as it was.   Thread, cost: as Hash().
absl::Status HashOne(const HashInput& input, Imprint& node);

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

// Many independent messages of one length, hashed together: short ones by SHA-256 many times as
// fast as one by one, by what the processor has for it. The door behind which its code sits.
//   HashBatch batch = ...;
//   while (...) {
//     Fill(batch.Next());
//     if (batch.full()) batch.Finish(digests, stride);
//   }
//   batch.Finish(digests, stride);
// Thread: one thread at a time.
class HashBatch {
 public:
  // Messages that one has room for: enough for any number of lanes, little enough to stay in the
  // processor's nearest cache.
  static constexpr std::size_t kCapacity = 128;

  // Errors: kUnimplemented when the build cannot compute the algorithm.
  // Cost:   one allocation, of `capacity` messages. With room for one it is a hasher of messages of
  //         one length, each ready but for what is written into it.
  static absl::StatusOr<HashBatch> Create(HashAlgorithm algorithm, std::size_t message_size,
                                          std::size_t capacity = kCapacity);

  std::size_t message_size() const { return message_size_; }
  std::size_t count() const { return count_; }
  bool full() const { return count_ == capacity_; }

  // Where the next message is to be written, message_size() bytes.   Precondition: not full().
  std::uint8_t* Next() { return messages_.data() + count_++ * stride_; }

  // Hashes the messages: the digest of the i-th, without id byte, goes to
  // digests + i * digest_stride. It is empty then.
  void Finish(std::uint8_t* digests, std::size_t digest_stride);

 private:
  HashBatch(HashAlgorithm algorithm, std::size_t message_size, std::size_t stride,
            std::size_t capacity, bool padded)
      : algorithm_(algorithm),
        message_size_(message_size),
        stride_(stride),
        capacity_(capacity),
        padded_(padded),
        messages_(capacity * stride) {}

  HashAlgorithm algorithm_;
  std::size_t message_size_;
  std::size_t stride_;  // From one message to the next.
  std::size_t capacity_;
  bool padded_;  // Behind each message stands SHA-256's padding.
  std::size_t count_ = 0;
  ByteVector messages_;
};

}  // namespace pitser::ledger
