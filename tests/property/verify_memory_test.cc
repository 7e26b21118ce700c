// What a thread remembers of earlier verifications never changes a verdict: all signatures of the
// test pack, and each with bits flipped in its own chain, the calendar hash chain and the record,
// on one thread that has seen all of them and on a new thread each.

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "ledger/verify/verifier.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"

namespace pitser::testing {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::Policy;
using ledger::PublicationsFile;
using ledger::Signature;

constexpr std::string_view kPublications =
    "policy-verification-signatures/resources/publications-file.bin";

// Everything that a verification says.
std::string Told(const ByteVector& bytes, Policy policy, const PublicationsFile& file) {
  const auto signature = Signature::Parse(bytes);
  if (!signature.ok()) return std::string(signature.status().message());
  const auto result = Verify(policy, {.signature = *signature, .publications_file = &file});
  if (!result.ok()) return std::string(result.status().message());
  std::string told = std::string(OutcomeName(result->outcome)) + " " + result->cause;
  for (const ledger::RuleVerdict& verdict : result->verdicts) {
    told.append("\n").append(verdict.policy).append(" ").append(verdict.rule);
    told.append(" ").append(ErrorCodeName(verdict.code));
  }
  return told;
}

std::string ToldByANewThread(const ByteVector& bytes, Policy policy, const PublicationsFile& file) {
  std::string told;
  std::thread([&] { told = Told(bytes, policy, file); }).join();
  return told;
}

// The parts that a flip may hit, as offsets.
std::vector<std::pair<std::size_t, std::size_t>> PartsOf(const Signature& signature) {
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  const auto add = [&](Bytes part) {
    if (part.empty()) return;
    const auto begin = static_cast<std::size_t>(part.data() - signature.bytes().data());
    parts.emplace_back(begin, begin + part.size());
  };
  for (const auto& chain : signature.aggregation_chains()) add(chain.raw);
  const std::size_t chains_end = parts.back().second;
  parts.emplace_back(std::min(chains_end, signature.bytes().size() - 1), signature.bytes().size());
  if (const auto& record = signature.authentication_record()) {
    add(record->signed_bytes);
    add(record->signature_value);
    add(record->certificate_id);
  }
  return parts;
}

TEST(VerifyMemory, ChangesNoVerdictOfThePack) {
  PITSER_NEED_TESTPACK();
  PITSER_ASSERT_OK_AND_ASSIGN(ByteVector file_bytes, ReadFileBytes(*TestPackDir() / kPublications));
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file,
                              PublicationsFile::Parse(std::move(file_bytes)));
  std::mt19937 random(6);
  std::size_t compared = 0, by_key = 0, refused_by_key = 0;
  const auto compare = [&](const ByteVector& bytes, Policy policy) {
    const std::string fresh = ToldByANewThread(bytes, policy, file);
    ++compared;
    if (fresh.ends_with("authentication-signature-verifies ")) ++by_key;
    if (fresh.ends_with("authentication-signature-verifies KEY-02")) ++refused_by_key;
    return Told(bytes, policy, file) == fresh;
  };
  for (const std::string_view table : kAllTestPackTables) {
    PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(table));
    for (const TestPackRow& row : rows) {
      PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, ReadFileBytes(row.signature));
      for (const Policy policy : {Policy::kKeyBased, Policy::kGeneral}) {
        EXPECT_TRUE(compare(bytes, policy)) << row.place;
      }
      const auto signature = Signature::Parse(bytes);
      if (!signature.ok()) continue;
      for (const auto& [begin, end] : PartsOf(*signature)) {
        for (int i = 0; i < 5; ++i) {
          ByteVector flipped = bytes;
          flipped[begin + random() % (end - begin)] ^=
              static_cast<std::uint8_t>(1U << random() % 8);
          EXPECT_TRUE(compare(flipped, Policy::kKeyBased)) << row.place;
          EXPECT_TRUE(compare(bytes, Policy::kKeyBased)) << row.place;
        }
      }
    }
  }
  std::printf("%zu verdicts compared, %zu of them a key's yes, %zu its no\n", compared, by_key,
              refused_by_key);
  EXPECT_GT(by_key, 100u);
  EXPECT_GT(refused_by_key, 100u);
}

}  // namespace
}  // namespace pitser::testing
