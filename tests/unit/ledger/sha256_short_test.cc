#include "ledger/crypto/sha256_short.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "ledger/base/hex.h"

// Held against OpenSSL. On a processor without the instructions there is nothing to hold.
namespace pitser::ledger::internal {
namespace {

using Digest = std::array<std::uint8_t, kSha256Size>;

#define PITSER_NEED_INSTRUCTIONS() \
  if (!HasSha256Instructions()) GTEST_SKIP() << "this processor has no SHA instructions"

Digest ByOpenssl(Bytes message) {
  Digest digest{};
  unsigned size = 0;
  EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest.data(), &size, EVP_sha256(), nullptr),
            1);
  return digest;
}

ByteVector RandomBytes(std::size_t size, std::mt19937& random) {
  ByteVector bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Sha256Short, KnownAnswer) {
  PITSER_NEED_INSTRUCTIONS();
  Digest digest{};
  Sha256Short(std::array{AsBytes("abc")}, digest.data());
  EXPECT_EQ(ToHex(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Short, EqualsOpensslForEveryLengthInPieces) {
  PITSER_NEED_INSTRUCTIONS();
  std::mt19937 random(20261124);
  for (std::size_t size = 0; size <= kMaxShortMessage; ++size) {
    const ByteVector message = RandomBytes(size, random);
    for (int round = 0; round < 8; ++round) {
      const std::size_t first = size == 0 ? 0 : random() % (size + 1);
      const std::size_t second = size == first ? 0 : random() % (size - first + 1);
      const Bytes all(message);
      Digest digest{};
      Sha256Short(
          std::array{all.first(first), all.subspan(first, second), all.subspan(first + second)},
          digest.data());
      ASSERT_EQ(digest, ByOpenssl(message)) << size << " bytes, " << first << " + " << second;
    }
  }
}

// Also of other numbers of blocks, and where the parts are old digests that are written over.
TEST(Sha256ShortTwo, EqualsOpensslForTwoLengths) {
  PITSER_NEED_INSTRUCTIONS();
  std::mt19937 random(20261126);
  for (const std::size_t size : {std::size_t{32}, std::size_t{55}, std::size_t{56}, std::size_t{67},
                                 std::size_t{120}, kMaxShortMessage}) {
    for (const std::size_t other_size : {std::size_t{33}, std::size_t{67}, kMaxShortMessage}) {
      ByteVector message = RandomBytes(size, random);
      ByteVector other = RandomBytes(other_size, random);
      const Digest expected = ByOpenssl(message);
      const Digest other_expected = ByOpenssl(other);
      const Bytes parts[] = {Bytes(message).first(32), Bytes(message).subspan(32)};
      const Bytes other_parts[] = {Bytes(other).first(1), Bytes(other).subspan(1)};
      Sha256ShortTwo(parts, other_parts, other.data(), message.data());
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), other.begin()))
          << size << " and " << other_size << " bytes";
      EXPECT_TRUE(std::equal(other_expected.begin(), other_expected.end(), message.begin()))
          << size << " and " << other_size << " bytes";
    }
  }
}

// Each way that this machine can go.
using Way = void (*)(const PaddedMessages&, std::uint8_t*, std::size_t);
std::vector<std::pair<std::string, Way>> Ways() {
  std::vector<std::pair<std::string, Way>> ways = {{"chosen", Sha256Padded},
                                                   {"by two", Sha256PaddedByTwo}};
  if (HasWideSha256()) ways.emplace_back("by sixteen", Sha256PaddedBySixteen);
  return ways;
}

// Against OpenSSL, with digests that stand apart, in a buffer that was cleared.
void ExpectAllWaysEqualOpenssl(std::size_t size, std::size_t count, std::mt19937& random) {
  constexpr std::size_t kStride = kSha256Size + 1;
  const ByteVector messages = RandomBytes(size * count, random);
  const std::size_t padded_size = Sha256PaddedBlocks(size) * kSha256Block;
  ByteVector padded(count * padded_size, 0xa5);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(messages.begin() + static_cast<std::ptrdiff_t>(i * size), size,
                padded.begin() + static_cast<std::ptrdiff_t>(i * padded_size));
    WriteSha256Padding(padded.data() + i * padded_size, size);
  }
  for (const auto& [name, way] : Ways()) {
    ByteVector digests(count * kStride);
    way({padded.data(), Sha256PaddedBlocks(size), count}, digests.data(), kStride);
    for (std::size_t i = 0; i < count; ++i) {
      const Digest expected = ByOpenssl(Bytes(messages).subspan(i * size, size));
      const Bytes got = Bytes(digests).subspan(i * kStride, kStride);
      ASSERT_TRUE(Equal(got.first(kSha256Size), expected))
          << name << ": " << size << " bytes, message " << i << " of " << count;
      ASSERT_EQ(got.back(), 0) << name << ": written beyond a digest's end";
    }
  }
}

TEST(Sha256Padded, EveryWayEqualsOpensslForEveryLengthAndCount) {
  PITSER_NEED_INSTRUCTIONS();
  std::mt19937 random(20261125);
  for (std::size_t size = 0; size <= kMaxShortMessage; ++size) {
    for (const std::size_t count : {0U, 1U, 2U, 3U, 15U, 16U, 17U, 23U, 24U, 33U}) {
      ExpectAllWaysEqualOpenssl(size, count, random);
    }
  }
}

TEST(Sha256Padded, EveryWayEqualsOpensslForRandomBatches) {
  PITSER_NEED_INSTRUCTIONS();
  std::mt19937 random(20261128);
  for (int i = 0; i < 300; ++i) {
    ExpectAllWaysEqualOpenssl(random() % (kMaxShortMessage + 1), random() % 300, random);
  }
}

TEST(Sha256ShortDeathTest, LongerMessagesAreRefused) {
  PITSER_NEED_INSTRUCTIONS();
  const ByteVector message(kMaxShortMessage + 1);
  Digest digest{};
  EXPECT_DEATH(Sha256Short(std::array{Bytes(message)}, digest.data()), "");
}

}  // namespace
}  // namespace pitser::ledger::internal
