#include "bench/load/signature_checker.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/numbered_hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/crypto/hasher.h"
#include "ledger/tree/hash_tree.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::bench {
namespace {

using ledger::Bytes;
using ledger::Imprint;
using pitser::testing::ValueOf;
using ::testing::HasSubstr;

// A round's signatures in their pieces, as a node gives them.
struct Round {
  std::vector<Imprint> hashes;
  std::vector<std::string> parts;
  Tail tail;
};

// Whether a leaf's metadata stands beside it in the part, as with single calls, or beside the root
// of the tree in the tail, as with batches and streams.
enum class Form { kSingle, kBatch };

std::vector<pitser::testing::LinkRecipe> LinksOf(const ledger::HashTree& tree, std::size_t index) {
  ledger::AggregationLinks links;
  tree.AppendLinks(index, links);
  std::vector<pitser::testing::LinkRecipe> recipes;
  for (const ledger::AggregationLink& link : links) {
    recipes.push_back(
        {link.direction, link.kind, link.level_correction, ledger::ToVector(link.sibling)});
  }
  return recipes;
}

Round MakeRound(Form form, std::size_t leaves, std::uint64_t seed = 1,
                std::optional<ledger::PrivateKey> key = std::nullopt) {
  const NumberedHashes numbered(seed);
  Round round;
  std::vector<ledger::LeveledImprint> nodes;
  std::vector<pitser::testing::LinkRecipe> metadata;
  for (std::uint64_t i = 0; i < leaves; ++i) {
    round.hashes.push_back(numbered.Imprint(i));
    metadata.push_back(pitser::testing::MetadataLink(
        {.client_id = "anna", .machine_id = {}, .sequence_number = i, .request_time_us = {}}));
    ledger::LeveledImprint node{round.hashes.back(), 0};
    if (form == Form::kSingle) {
      node = ValueOf(ledger::JoinNodes(ledger::HashAlgorithm::kSha256, node.imprint.bytes(), 0,
                                       metadata.back().sibling, 0));
    }
    nodes.push_back(node);
  }
  const auto tree = ValueOf(ledger::HashTree::Build(ledger::HashAlgorithm::kSha256, nodes));
  for (std::size_t i = 0; i < leaves; ++i) {
    pitser::testing::SignatureRecipe recipe = pitser::testing::AuthenticatedRecipe();
    recipe.document_hash = round.hashes[i];
    recipe.authentication.key = key;
    pitser::testing::ChainRecipe upper = recipe.chains.back();
    recipe.chains.resize(1);
    recipe.chains[0].links = LinksOf(tree, i);
    if (form == Form::kSingle) {
      recipe.chains[0].links.insert(recipe.chains[0].links.begin(), metadata[i]);
    } else {
      recipe.chains.push_back(upper);
    }
    const std::string bytes = ledger::ToString(pitser::testing::MakeSignatureBytes(recipe));
    KeptParts kept([&](std::unique_ptr<PartChunk> chunk) {
      chunk->ForEach([&](std::uint64_t, const Tail& tail, Bytes part) {
        round.parts.push_back(ledger::ToString(part));
        if (i > 0) {
          EXPECT_EQ(tail.bytes, round.tail.bytes);
        }
        round.tail = tail;
      });
    });
    kept.AddWhole(i, bytes, recipe.time);
    kept.Flush();
  }
  return round;
}

const ledger::PublicationsFile& TestPublications() {
  static const ledger::PublicationsFile file = pitser::testing::MakePublicationsFile(
      {pitser::testing::TestTrust::Get().calendar_record()}, {});
  return file;
}

// What the library says of the signature, one by one and with nothing shared.
bool LibrarySaysRight(const Imprint& hash, const Tail& tail, std::string_view part) {
  const std::array<Bytes, 2> elements = {ledger::AsBytes(part), ledger::AsBytes(tail.bytes)};
  auto bytes = ledger::AssembleSignature(elements);
  if (!bytes.ok()) return false;
  const auto signature = ledger::Signature::Parse(*std::move(bytes));
  if (!signature.ok()) return false;
  const auto result = ledger::Verify(
      ledger::Policy::kKeyBased,
      {.signature = *signature, .document_hash = hash, .publications_file = &TestPublications()});
  return result.ok() && result->outcome == ledger::Outcome::kOk &&
         signature->signing_time() == tail.told_time;
}

SignatureChecker::Options KeyBased(std::uint64_t max_in_full = 0) {
  return {.publications = &TestPublications(), .max_in_full = max_in_full};
}

class SignatureCheckerForms : public ::testing::TestWithParam<Form> {};
INSTANTIATE_TEST_SUITE_P(Forms, SignatureCheckerForms,
                         ::testing::Values(Form::kSingle, Form::kBatch), [](const auto& form) {
                           return form.param == Form::kSingle ? "Single" : "Batch";
                         });

TEST_P(SignatureCheckerForms, VerifyARoundWithOneOfItInFull) {
  for (const std::size_t leaves : {2u, 3u, 13u, 64u}) {
    const Round round = MakeRound(GetParam(), leaves);
    SignatureChecker checker(KeyBased());
    for (std::size_t i = 0; i < leaves; ++i) {
      EXPECT_TRUE(checker.Check(i, round.hashes[i], round.tail, ledger::AsBytes(round.parts[i])));
    }
    EXPECT_EQ(checker.counts().right, leaves);
    EXPECT_EQ(checker.counts().wrong, 0u);
    EXPECT_EQ(checker.counts().in_full, 1u);
    EXPECT_EQ(checker.counts().tails, 1u);
  }
}

TEST_P(SignatureCheckerForms, VerifyInAnyOrder) {
  const Round round = MakeRound(GetParam(), 32);
  std::vector<std::size_t> order(32);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::shuffle(order, std::mt19937_64(5));
  SignatureChecker checker(KeyBased());
  for (const std::size_t i : order) {
    EXPECT_TRUE(checker.Check(i, round.hashes[i], round.tail, ledger::AsBytes(round.parts[i])));
  }
  EXPECT_EQ(checker.counts().in_full, 1u);
}

// The promise: as strict as the library, for every changed byte of a part. The neighbours before it
// were accepted, so that all that could be shared is at hand; and those after it are not disturbed.
TEST_P(SignatureCheckerForms, FindEveryChangedByteOfAPart) {
  const Round round = MakeRound(GetParam(), 8);
  SignatureChecker checker(KeyBased());
  const auto check = [&](std::size_t i, std::string_view part) {
    return checker.Check(i, round.hashes[i], round.tail, ledger::AsBytes(part));
  };
  std::size_t found = 0, harmless = 0;
  for (const std::size_t i : {1u, 4u, 7u}) {
    for (std::size_t at = 0; at < round.parts[i].size(); ++at) {
      for (const int mask : {0x01, 0x20, 0x80, 0xFF}) {
        std::string part = round.parts[i];
        part[at] = static_cast<char>(part[at] ^ mask);
        ASSERT_TRUE(check(i - 1, round.parts[i - 1]));
        const bool right = check(i, part);
        ASSERT_EQ(right, LibrarySaysRight(round.hashes[i], round.tail, part))
            << "part " << i << ", byte " << at << ", mask " << mask;
        ++(right ? harmless : found);
        ASSERT_TRUE(check(i, round.parts[i]));
      }
    }
  }
  // A flag of an element that is not hashed as encoded changes nothing: spec 2.3.
  EXPECT_LT(harmless * 20, found);
}

TEST_P(SignatureCheckerForms, FindEveryChangedByteOfATail) {
  const Round round = MakeRound(GetParam(), 4);
  SignatureChecker checker(KeyBased());
  ASSERT_TRUE(checker.Check(0, round.hashes[0], round.tail, ledger::AsBytes(round.parts[0])));
  std::size_t found = 0, harmless = 0;
  for (std::size_t at = 0; at < round.tail.bytes.size(); ++at) {
    for (const int mask : {0x01, 0x20, 0xFF}) {
      Tail tail = round.tail;
      tail.bytes[at] = static_cast<char>(tail.bytes[at] ^ mask);
      for (const std::size_t i : {0u, 3u}) {
        const bool right = checker.Check(i, round.hashes[i], tail, ledger::AsBytes(round.parts[i]));
        ASSERT_EQ(right, LibrarySaysRight(round.hashes[i], tail, round.parts[i]))
            << "byte " << at << ", mask " << mask;
        ++(right ? harmless : found);
      }
    }
  }
  EXPECT_LT(harmless * 20, found);
}

TEST_P(SignatureCheckerForms, FindPiecesThatDoNotBelongTogether) {
  const Round round = MakeRound(GetParam(), 8);
  const Round other = MakeRound(GetParam(), 8, /*seed=*/2);
  SignatureChecker checker(KeyBased());
  const auto check = [&](const Imprint& hash, const Tail& tail, std::string_view part) {
    const bool right = checker.Check(0, hash, tail, ledger::AsBytes(part));
    EXPECT_EQ(right, LibrarySaysRight(hash, tail, part));
    return right;
  };
  ASSERT_TRUE(check(round.hashes[2], round.tail, round.parts[2]));
  ASSERT_TRUE(check(other.hashes[2], other.tail, other.parts[2]));
  EXPECT_FALSE(check(round.hashes[2], round.tail, round.parts[3]));
  EXPECT_FALSE(check(round.hashes[3], round.tail, round.parts[2]));
  EXPECT_FALSE(check(round.hashes[2], other.tail, round.parts[2]));
  EXPECT_FALSE(check(round.hashes[2], round.tail, other.parts[2]));
  EXPECT_FALSE(check(round.hashes[2], round.tail, ""));
  EXPECT_FALSE(check(round.hashes[2], round.tail, round.parts[2] + round.parts[2]));
  EXPECT_FALSE(check(round.hashes[2], round.tail, round.parts[2] + "\x01"));
  EXPECT_FALSE(check(round.hashes[2], round.tail,
                     std::string_view(round.parts[2]).substr(0, round.parts[2].size() - 1)));
  EXPECT_FALSE(
      check(round.hashes[2], Tail{.bytes = "", .told_time = round.tail.told_time}, round.parts[2]));
}

TEST_P(SignatureCheckerForms, FindAnotherTimeThanWasTold) {
  const Round round = MakeRound(GetParam(), 4);
  SignatureChecker checker(KeyBased());
  ASSERT_TRUE(checker.Check(0, round.hashes[0], round.tail, ledger::AsBytes(round.parts[0])));
  Tail late = round.tail;
  ++late.told_time;
  EXPECT_FALSE(checker.Check(1, round.hashes[1], late, ledger::AsBytes(round.parts[1])));
  EXPECT_THAT(checker.counts().complaints, ::testing::ElementsAre(HasSubstr("the answer said")));
}

TEST_P(SignatureCheckerForms, FindAKeyThatNobodyVouchesFor) {
  const Round round = MakeRound(
      GetParam(), 4, 1, ValueOf(ledger::PrivateKey::FromPem(pitser::testing::kTestOtherKeyPem)));
  SignatureChecker strict(KeyBased()), lax({});
  for (std::size_t i = 0; i < 4; ++i) {
    const Bytes part = ledger::AsBytes(round.parts[i]);
    EXPECT_FALSE(strict.Check(i, round.hashes[i], round.tail, part));
    EXPECT_TRUE(lax.Check(i, round.hashes[i], round.tail, part));
  }
  EXPECT_EQ(strict.counts().wrong, 4u);
  EXPECT_THAT(strict.counts().complaints.front(), HasSubstr("KEY-02"));
}

TEST(SignatureChecker, JudgesABatchOfOneByItsTailAlone) {
  // Its part is empty: the tail's chain begins at the digest.
  const ledger::Signature signature =
      pitser::testing::MakeSignature(pitser::testing::SingleNodeRecipe());
  const Tail tail{.bytes = ledger::ToString(signature.bytes().subspan(4)),
                  .told_time = signature.signing_time()};
  SignatureChecker checker(KeyBased());
  EXPECT_TRUE(checker.Check(1, signature.input_hash(), tail, {}));
  EXPECT_TRUE(checker.Check(1, signature.input_hash(), tail, {}));
  EXPECT_FALSE(checker.Check(1, pitser::testing::SomeImprint("another"), tail, {}));
  EXPECT_THAT(checker.counts().complaints.front(), HasSubstr("GEN-01"));
}

// A record in the tail speaks of one document; the leaf that it leads to is not that document.
TEST(SignatureChecker, FindsLeavesUnderATailThatSpeaksOfAnotherDocument) {
  pitser::testing::SignatureRecipe recipe = pitser::testing::AuthenticatedRecipe();
  recipe.rfc3161.emplace();
  const ledger::Signature signature = pitser::testing::MakeSignature(recipe);
  const ledger::AggregationHashChain& lowest = signature.aggregation_chains().front();
  const Tail tail{.bytes = ledger::ToString(signature.bytes().subspan(4 + lowest.raw.size())),
                  .told_time = signature.signing_time()};
  SignatureChecker checker(KeyBased());
  EXPECT_TRUE(checker.Check(1, recipe.document_hash, tail, lowest.raw));
  EXPECT_FALSE(checker.Check(2, lowest.input_hash, tail, lowest.raw));
  EXPECT_THAT(checker.counts().complaints.front(), HasSubstr("GEN-01"));
}

// What the key has to vouch for may come with the part: then nothing of it is shared.
TEST(SignatureChecker, FindsAKeyThatNobodyVouchesForInAPart) {
  pitser::testing::SignatureRecipe recipe = pitser::testing::SingleNodeRecipe();
  const auto pieces = [&] {
    const ledger::Signature signature = pitser::testing::MakeSignature(recipe);
    const ledger::AggregationHashChain& lowest = signature.aggregation_chains().front();
    const Bytes rest = signature.bytes().subspan(4 + lowest.raw.size());
    return std::pair(ledger::ToVector(rest), Tail{.bytes = ledger::ToString(lowest.raw),
                                                  .told_time = signature.signing_time()});
  };
  const auto [part, tail] = pieces();
  recipe.authentication.key =
      ValueOf(ledger::PrivateKey::FromPem(pitser::testing::kTestOtherKeyPem));
  const auto [forged_part, same_tail] = pieces();
  ASSERT_EQ(tail.bytes, same_tail.bytes);
  SignatureChecker checker(KeyBased());
  EXPECT_TRUE(checker.Check(1, recipe.document_hash, tail, part));
  EXPECT_FALSE(checker.Check(2, recipe.document_hash, tail, forged_part));
}

TEST(SignatureChecker, JudgesAWholeSignature) {
  const ledger::Signature signature =
      pitser::testing::MakeSignature(pitser::testing::AuthenticatedRecipe());
  const Tail whole{.bytes = "", .told_time = signature.signing_time(), .whole = true};
  SignatureChecker checker(KeyBased());
  EXPECT_TRUE(checker.Check(1, signature.input_hash(), whole, signature.bytes()));
  EXPECT_TRUE(checker.Check(2, signature.input_hash(), whole, signature.bytes()));
  EXPECT_FALSE(checker.Check(3, signature.input_hash(), whole, signature.bytes().first(200)));
}

TEST(SignatureChecker, LooksTwiceAtSomeOfThem) {
  const Round round = MakeRound(Form::kBatch, 64);
  SignatureChecker checker(KeyBased(/*max_in_full=*/5));
  for (std::size_t i = 0; i < round.parts.size(); ++i) {
    ASSERT_TRUE(checker.Check(i, round.hashes[i], round.tail, ledger::AsBytes(round.parts[i])));
  }
  EXPECT_EQ(checker.counts().in_full, 5u);  // Numbers 0, 1, 3, 6 and 10.
}

TEST(SignatureChecker, ComplainsOfTheFirstOnesOnly) {
  const Round round = MakeRound(Form::kBatch, 8);
  SignatureChecker checker({.publications = nullptr, .max_in_full = 0, .max_complaints = 3});
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_FALSE(
        checker.Check(i, round.hashes[(i + 1) % 8], round.tail, ledger::AsBytes(round.parts[i])));
  }
  EXPECT_EQ(checker.counts().wrong, 8u);
  EXPECT_EQ(checker.counts().complaints.size(), 3u);
}

}  // namespace
}  // namespace pitser::bench
