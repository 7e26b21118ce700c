#include "ledger/crypto/sha256_short.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <random>
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
  Sha256Short({AsBytes("abc")}, digest.data());
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
      Sha256Short({all.first(first), all.subspan(first, second), all.subspan(first + second)},
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

TEST(Sha256ShortMany, EqualsOpensslForEveryLengthAndCount) {
  PITSER_NEED_INSTRUCTIONS();
  std::mt19937 random(20261125);
  for (std::size_t size = 0; size <= kMaxShortMessage; ++size) {
    for (const std::size_t count : {0U, 1U, 2U, 3U, 9U}) {
      const ByteVector messages = RandomBytes(size * count, random);
      ByteVector digests(count * kSha256Size + 1);
      Sha256ShortMany(messages.data(), count, size, digests.data());
      for (std::size_t i = 0; i < count; ++i) {
        const Digest expected = ByOpenssl(Bytes(messages).subspan(i * size, size));
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(),
                               digests.begin() + static_cast<std::ptrdiff_t>(i * kSha256Size)))
            << size << " bytes, message " << i << " of " << count;
      }
      EXPECT_EQ(digests.back(), 0) << "written beyond the end";
    }
  }
}

TEST(Sha256ShortDeathTest, LongerMessagesAreRefused) {
  PITSER_NEED_INSTRUCTIONS();
  const ByteVector message(kMaxShortMessage + 1);
  Digest digest{};
  EXPECT_DEATH(Sha256Short({message}, digest.data()), "");
}

}  // namespace
}  // namespace pitser::ledger::internal
