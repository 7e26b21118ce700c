#include "ledger/crypto/hasher.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

TEST(Hash, KnownAnswers) {
  // "abc", from the standards of each algorithm.
  const std::pair<HashAlgorithm, const char*> answers[] = {
      {HashAlgorithm::kSha1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {HashAlgorithm::kSha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {HashAlgorithm::kRipemd160, "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"},
      {HashAlgorithm::kSha3_256,
       "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
      {HashAlgorithm::kSm3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
  };
  for (const auto& [algorithm, hex] : answers) {
    ASSERT_TRUE(HashAvailable(algorithm)) << HashAlgorithmName(algorithm);
    PITSER_ASSERT_OK_AND_ASSIGN(const Imprint imprint,
                                Hash(algorithm, {AsBytes("a"), AsBytes(""), AsBytes("bc")}));
    EXPECT_EQ(ToHex(imprint.digest()), hex) << HashAlgorithmName(algorithm);
    EXPECT_EQ(imprint.algorithm(), algorithm);
  }
}

TEST(Hash, ThreadsDoNotDisturbEachOther) {
  PITSER_ASSERT_OK_AND_ASSIGN(const Imprint expected,
                              Hash(HashAlgorithm::kSha256, {AsBytes("abc")}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        EXPECT_EQ(Hash(HashAlgorithm::kSha256, {AsBytes("abc")}).value(), expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(HashOne, EqualsHashWhateverTheNodeWasBefore) {
  for (HashAlgorithm before : AllHashAlgorithms()) {
    for (HashAlgorithm algorithm : AllHashAlgorithms()) {
      const Imprint start = Imprint::Zero(before);
      Imprint node = start;
      const absl::Status status =
          HashOne({algorithm, {AsBytes("left"), node.bytes(), AsBytes("")}}, node);
      ASSERT_EQ(status.ok(), HashAvailable(algorithm));
      EXPECT_EQ(node,
                status.ok() ? Hash(algorithm, {AsBytes("left"), start.bytes()}).value() : start);
    }
  }
}

TEST(HashTwo, EqualsOneByOneForEveryTwoAlgorithms) {
  const Imprint start = Imprint::Zero(HashAlgorithm::kSha512);
  for (HashAlgorithm algorithm : AllHashAlgorithms()) {
    for (HashAlgorithm other_algorithm : AllHashAlgorithms()) {
      Imprint node = start;
      Imprint other = start;
      // Each is of what the other was, too.
      const HashInput input{algorithm, {AsBytes("left"), node.bytes(), other.bytes()}};
      const HashInput other_input{other_algorithm, {other.bytes(), AsBytes(""), node.bytes()}};
      const absl::Status status = HashTwo(input, other_input, node, other);
      ASSERT_EQ(status.ok(), HashAvailable(algorithm) && HashAvailable(other_algorithm));
      if (!status.ok()) continue;
      EXPECT_EQ(node, Hash(algorithm, {AsBytes("left"), start.bytes(), start.bytes()}).value());
      EXPECT_EQ(other, Hash(other_algorithm, {start.bytes(), start.bytes()}).value());
    }
  }
}

TEST(HashBatch, EqualsOneByOneForEveryAlgorithmAgainAndAgain) {
  for (HashAlgorithm algorithm : AllHashAlgorithms()) {
    const std::size_t size = 67;
    const std::size_t stride = DigestSize(algorithm) + 1;
    PITSER_ASSERT_OK_AND_ASSIGN(HashBatch batch, HashBatch::Create(algorithm, size));
    for (const std::size_t count : {std::size_t{9}, HashBatch::kCapacity, std::size_t{0}}) {
      std::vector<ByteVector> messages;
      for (std::size_t i = 0; i < count; ++i) {
        messages.emplace_back(size, static_cast<std::uint8_t>(i * 31 + count));
        EXPECT_FALSE(batch.full());
        std::ranges::copy(messages.back(), batch.Next());
      }
      EXPECT_EQ(batch.full(), count == HashBatch::kCapacity);
      ByteVector digests(count * stride);
      batch.Finish(digests.data(), stride);
      EXPECT_EQ(batch.count(), 0u);
      for (std::size_t i = 0; i < count; ++i) {
        PITSER_ASSERT_OK_AND_ASSIGN(const Imprint one, Hash(algorithm, {messages[i]}));
        EXPECT_TRUE(Equal(one.digest(), Bytes(digests).subspan(i * stride, stride - 1)));
        EXPECT_EQ(digests[i * stride + stride - 1], 0);
      }
    }
  }
}

// A stream is always OpenSSL's, whatever a short message is hashed by.
TEST(Hash, EqualsOpensslForEveryAlgorithmAndLength) {
  for (HashAlgorithm algorithm : AllHashAlgorithms()) {
    PITSER_ASSERT_OK_AND_ASSIGN(StreamHasher hasher, StreamHasher::Create(algorithm));
    for (std::size_t size = 0; size <= 300; ++size) {
      ByteVector message(size);
      for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::uint8_t>(i * 7 + size);
      hasher.Update(message);
      const Imprint expected = hasher.Finish();
      const Bytes all(message);
      EXPECT_EQ(Hash(algorithm, {all.first(size / 3), all.subspan(size / 3)}).value(), expected);
      ByteVector digest(DigestSize(algorithm));
      PITSER_ASSERT_OK_AND_ASSIGN(HashBatch batch, HashBatch::Create(algorithm, size));
      std::ranges::copy(message, batch.Next());
      batch.Finish(digest.data(), digest.size());
      EXPECT_TRUE(Equal(digest, expected.digest())) << HashAlgorithmName(algorithm) << size;
    }
  }
}

TEST(StreamHasher, EqualsOneShotAndStartsAnew) {
  PITSER_ASSERT_OK_AND_ASSIGN(StreamHasher hasher, StreamHasher::Create(HashAlgorithm::kSha512));
  for (int round = 0; round < 2; ++round) {
    hasher.Update(AsBytes("pit"));
    hasher.Update(AsBytes("ser"));
    EXPECT_EQ(hasher.Finish(), Hash(HashAlgorithm::kSha512, {AsBytes("pitser")}).value());
  }
}

}  // namespace
}  // namespace pitser::ledger
