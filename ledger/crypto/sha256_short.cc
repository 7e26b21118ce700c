#include "ledger/crypto/sha256_short.h"

#if defined(__x86_64__)

#include <cpuid.h>

#include <cstring>

#include "ledger/base/check.h"
#include "ledger/crypto/sha256_x86.h"

namespace pitser::ledger::internal {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kLengthSize = 8;

bool AskProcessor() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  const bool shuffles = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return shuffles && (b & bit_SHA) != 0;
}

// A message with its padding (FIPS 180-4, 5.1.1): a one bit, zeros, and its length in bits.
class Padded {
 public:
  explicit Padded(std::size_t size) : blocks_((size + 1 + kLengthSize + kBlock - 1) / kBlock) {
    const std::size_t end = blocks_ * kBlock;
    std::memset(bytes_ + size, 0, end - size);
    bytes_[size] = 0x80;
    const std::size_t bits = size * 8;  // Below 2^16.
    bytes_[end - 2] = static_cast<std::uint8_t>(bits >> 8);
    bytes_[end - 1] = static_cast<std::uint8_t>(bits);
  }

  std::uint8_t* bytes() { return bytes_; }
  std::size_t blocks() const { return blocks_; }

 private:
  std::size_t blocks_;
  alignas(16) std::uint8_t bytes_[kMaxShortMessage + 1 + kLengthSize];
};

std::size_t JoinedSize(std::span<const Bytes> parts) {
  std::size_t size = 0;
  for (Bytes part : parts) size += part.size();
  PITSER_CHECK(size <= kMaxShortMessage);
  return size;
}

void Join(std::span<const Bytes> parts, std::uint8_t* to) {
  for (Bytes part : parts) {
    if (!part.empty()) std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
}

}  // namespace

bool HasSha256Instructions() {
  static const bool has = AskProcessor();
  return has;
}

void Sha256Short(std::initializer_list<Bytes> parts, std::uint8_t* digest) {
  Padded message(JoinedSize({parts.begin(), parts.size()}));
  Join({parts.begin(), parts.size()}, message.bytes());
  Sha256Blocks(message.bytes(), message.blocks(), digest);
}

void Sha256ShortTwo(std::span<const Bytes> one, std::span<const Bytes> other,
                    std::uint8_t* digest_of_one, std::uint8_t* digest_of_other) {
  Padded first(JoinedSize(one));
  Padded second(JoinedSize(other));
  Join(one, first.bytes());
  Join(other, second.bytes());
  if (first.blocks() == second.blocks()) {
    Sha256BlocksOfTwo(first.bytes(), second.bytes(), first.blocks(), digest_of_one,
                      digest_of_other);
  } else {
    Sha256Blocks(first.bytes(), first.blocks(), digest_of_one);
    Sha256Blocks(second.bytes(), second.blocks(), digest_of_other);
  }
}

void Sha256ShortMany(const std::uint8_t* messages, std::size_t count, std::size_t size,
                     std::uint8_t* digests) {
  PITSER_CHECK(size <= kMaxShortMessage);
  Padded one(size);
  Padded other(size);
  const auto take = [&](Padded& to, std::size_t i) {
    if (size != 0) std::memcpy(to.bytes(), messages + i * size, size);
  };
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    take(one, i);
    take(other, i + 1);
    Sha256BlocksOfTwo(one.bytes(), other.bytes(), one.blocks(), digests + i * kSha256Size,
                      digests + (i + 1) * kSha256Size);
  }
  if (i < count) {
    take(one, i);
    Sha256Blocks(one.bytes(), one.blocks(), digests + i * kSha256Size);
  }
}

}  // namespace pitser::ledger::internal

#else

#include "ledger/base/check.h"

namespace pitser::ledger::internal {

bool HasSha256Instructions() { return false; }
void Sha256Short(std::initializer_list<Bytes>, std::uint8_t*) { PITSER_CHECK(false); }
void Sha256ShortTwo(std::span<const Bytes>, std::span<const Bytes>, std::uint8_t*, std::uint8_t*) {
  PITSER_CHECK(false);
}
void Sha256ShortMany(const std::uint8_t*, std::size_t, std::size_t, std::uint8_t*) {
  PITSER_CHECK(false);
}

}  // namespace pitser::ledger::internal

#endif
