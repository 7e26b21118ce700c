#include "ledger/crypto/sha256_short.h"

#if defined(__x86_64__)

#include <cpuid.h>

#include <cstring>

#include "ledger/base/check.h"
#include "ledger/crypto/imprint.h"
#include "ledger/crypto/sha256_wide.h"
#include "ledger/crypto/sha256_x86.h"

namespace pitser::ledger::internal {
namespace {

constexpr std::size_t kLengthSize = 8;

bool AskProcessor() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  const bool shuffles = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return shuffles && (b & bit_SHA) != 0;
}

bool AskProcessorForWide() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return false;
  // Whether the system saves the registers: XMM, YMM, and the three parts of AVX-512.
  constexpr unsigned kSaved = 0xe6;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & kSaved) != kSaved) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (b & bit_AVX512F) != 0 && (b & bit_AVX512BW) != 0;
}

// What is not zero behind a message of `size` bytes in blocks of `end` bytes. FIPS 180-4, 5.1.1: a
// one bit, zeros, and the length in bits.
void WriteEnds(std::uint8_t* message, std::size_t size, std::size_t end) {
  message[size] = 0x80;
  const std::size_t bits = size * 8;  // Below 2^16.
  message[end - 2] = static_cast<std::uint8_t>(bits >> 8);
  message[end - 1] = static_cast<std::uint8_t>(bits);
}

// A message with its padding.
class Padded {
 public:
  // To be filled with the message.
  explicit Padded(std::size_t size) : blocks_(Sha256PaddedBlocks(size)) {
    // All of the last block and the eight bytes at most before it that are not the message's: to
    // clear as many as is known beforehand is a few instructions.
    const std::size_t end = blocks_ * kSha256Block;
    std::memset(bytes_ + end - kSha256Block, 0, kSha256Block);
    std::memset(bytes_ + size, 0, kLengthSize);
    WriteEnds(bytes_, size, end);
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
    if (part.size() == 1) {  // A level.
      *to = part[0];
    } else {
      CopyImprint(to, part);
    }
    to += part.size();
  }
}

}  // namespace

bool HasSha256Instructions() {
  static const bool has = AskProcessor();
  return has;
}

void Sha256Short(std::span<const Bytes> parts, std::uint8_t* digest) {
  Padded message(JoinedSize(parts));
  Join(parts, message.bytes());
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

void WriteSha256Padding(std::uint8_t* message, std::size_t size) {
  PITSER_CHECK(size <= kMaxShortMessage);
  const std::size_t end = Sha256PaddedBlocks(size) * kSha256Block;
  std::memset(message + size, 0, end - size);
  WriteEnds(message, size, end);
}

bool HasWideSha256() {
  static const bool has = AskProcessorForWide();
  return has;
}

void Sha256Padded(const PaddedMessages& messages, std::uint8_t* digests,
                  std::size_t digest_stride) {
  if (HasWideSha256()) return Sha256PaddedBySixteen(messages, digests, digest_stride);
  Sha256PaddedByTwo(messages, digests, digest_stride);
}

void Sha256PaddedByTwo(const PaddedMessages& messages, std::uint8_t* digests,
                       std::size_t digest_stride) {
  const std::size_t size = messages.blocks * kSha256Block;
  std::size_t i = 0;
  for (; i + 2 <= messages.count; i += 2) {
    const std::uint8_t* one = messages.bytes + i * size;
    Sha256BlocksOfTwo(one, one + size, messages.blocks, digests + i * digest_stride,
                      digests + (i + 1) * digest_stride);
  }
  if (i < messages.count) {
    Sha256Blocks(messages.bytes + i * size, messages.blocks, digests + i * digest_stride);
  }
}

void Sha256PaddedBySixteen(const PaddedMessages& messages, std::uint8_t* digests,
                           std::size_t digest_stride) {
  const std::size_t size = messages.blocks * kSha256Block;
  const auto sixteen = [&](std::size_t first) {
    Sha256BlocksOfSixteen(messages.bytes + first * size, messages.blocks,
                          digests + first * digest_stride, digest_stride);
  };
  std::size_t done = 0;
  for (; done + kWideLanes <= messages.count; done += kWideLanes) sixteen(done);
  const std::size_t rest = messages.count - done;
  if (rest >= kWideLanes / 2 && done > 0) {  // Some of those that are done once more.
    sixteen(messages.count - kWideLanes);
  } else {
    Sha256PaddedByTwo({messages.bytes + done * size, messages.blocks, rest},
                      digests + done * digest_stride, digest_stride);
  }
}

}  // namespace pitser::ledger::internal

#else

#include "ledger/base/check.h"

namespace pitser::ledger::internal {

bool HasSha256Instructions() { return false; }
void Sha256Short(std::span<const Bytes>, std::uint8_t*) { PITSER_CHECK(false); }
void Sha256ShortTwo(std::span<const Bytes>, std::span<const Bytes>, std::uint8_t*, std::uint8_t*) {
  PITSER_CHECK(false);
}
void WriteSha256Padding(std::uint8_t*, std::size_t) { PITSER_CHECK(false); }
bool HasWideSha256() { return false; }
void Sha256Padded(const PaddedMessages&, std::uint8_t*, std::size_t) { PITSER_CHECK(false); }
void Sha256PaddedByTwo(const PaddedMessages&, std::uint8_t*, std::size_t) { PITSER_CHECK(false); }
void Sha256PaddedBySixteen(const PaddedMessages&, std::uint8_t*, std::size_t) {
  PITSER_CHECK(false);
}

}  // namespace pitser::ledger::internal

#endif
