// Every shortcut of a verification is held against the long way, on tails of all that the format
// has, valid and hostile: SharedTail, the memory of paths and of keys, chains folded side by side.

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ledger/format/fold.h"
#include "ledger/format/signature.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/key_memory.h"
#include "ledger/verify/path_memory.h"
#include "ledger/verify/shared_tail.h"
#include "tests/property/drawn_round.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::testing {
namespace {

using ledger::Append;
using ledger::AsBytes;
using ledger::ByteVector;
using ledger::Imprint;
using ledger::Level;
using ledger::SharedTail;
using ledger::Signature;
using ledger::ToVector;
using ledger::VerificationResult;

std::string Told(const absl::StatusOr<VerificationResult>& result) {
  if (!result.ok()) return result.status().ToString();
  return std::string(OutcomeName(result->outcome)) + " " +
         std::string(ErrorCodeName(result->code)) + " " + std::string(result->rule);
}

// By the whole signature, with nothing that was seen before.
std::string ToldByTheLongWay(const ByteVector& tail, const ByteVector& part, const Imprint& hash,
                             Level level) {
  auto bytes = SharedTail(tail).Assemble(part);
  if (!bytes.ok()) return bytes.status().ToString();
  const auto whole = Signature::Parse(*std::move(bytes));
  if (!whole.ok()) return whole.status().ToString();
  return Told(Verify(ledger::Policy::kInternal,
                     {.signature = *whole, .document_hash = hash, .input_level = level}));
}

// A part as its leaf has it, or as somebody would send it who hopes that nobody looks.
ByteVector DrawPart(const DrawnRound& round, const ByteVector& own, std::mt19937& random) {
  ByteVector part = own;
  switch (random() % 16) {
    case 0:
    case 1:
    case 2:
      part[random() % part.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
      return part;
    case 3:
      return {};
    case 4:
      part.resize(random() % part.size());
      return part;
    case 5:
      Append(part, DrawElement(random));
      return part;
    case 6: {
      ByteVector behind = DrawElement(random);
      Append(behind, part);
      return behind;
    }
    case 7:
      Append(part, round.leaves[random() % round.leaves.size()].part);
      return part;
    case 8:
      return DrawRound(random).leaves.front().part;
    default:
      return part;
  }
}

// How often the short way said yes, by what the tail has.
struct Seen {
  std::size_t calls = 0, short_yes = 0, converted_yes = 0;
};

void HoldRound(const DrawnRound& round, std::mt19937& random, Seen& seen) {
  SharedTail tail(round.tail);
  for (int call = 0; call < 12; ++call) {
    const DrawnRound::Leaf& leaf = round.leaves[call < 2 ? 0 : random() % round.leaves.size()];
    const ByteVector part = call < 2 ? leaf.part : DrawPart(round, leaf.part, random);
    Imprint hash = leaf.hash;
    if (round.converted.has_value() && (call == 0 || random() % 3 == 0)) hash = *round.converted;
    if (call > 0 && random() % 8 == 0) hash = round.leaves[random() % round.leaves.size()].hash;
    const Level level =
        random() % 8 == 0 ? static_cast<Level>(random() % 5) : (call == 0 ? Level{0} : leaf.level);
    const auto by_part = tail.VerifyPart(part, hash, level);
    const std::string told = Told(tail.Verify(part, hash, level));
    ASSERT_EQ(told, ToldByTheLongWay(round.tail, part, hash, level)) << "call " << call;
    ++seen.calls;
    if (by_part.has_value()) {
      ++seen.short_yes;
      ASSERT_EQ(Told(*by_part), told);
    }
    if (round.converted.has_value() && told == "ok  ") ++seen.converted_yes;
  }
}

constexpr unsigned kSeed = 14;

TEST(Shortcuts, ASharedTailSaysWhatTheWholeSignatureSays) {
  std::mt19937 random(kSeed);
  Seen seen;
  for (int i = 0; i < 1500; ++i) {
    SCOPED_TRACE(i);
    HoldRound(DrawRound(random), random, seen);
    if (HasFatalFailure()) return;
  }
  std::printf("seed %u: %zu calls, %zu of them settled by the part, %zu right by a record\n", kSeed,
              seen.calls, seen.short_yes, seen.converted_yes);
  EXPECT_GT(seen.short_yes, seen.calls / 20);
  EXPECT_GT(seen.converted_yes, 100u);
}

// The chains of a part; nothing when it is malformed.
std::vector<ledger::AggregationHashChain> ChainsOf(const Signature& signature) {
  const auto chains = signature.aggregation_chains();
  return {chains.begin(), chains.end()};
}

TEST(Shortcuts, APathThatIsRememberedLeadsWhereItLeads) {
  std::mt19937 random(kSeed);
  std::size_t folded = 0;
  for (int i = 0; i < 300; ++i) {
    const DrawnRound round = DrawRound(random);
    ledger::internal::PathMemory memory;
    for (int call = 0; call < 30; ++call) {
      const ByteVector& own = round.leaves[random() % round.leaves.size()].part;
      const ByteVector part = DrawPart(round, own, random);
      auto bytes = SharedTail({}).Assemble(part);
      auto signature = Signature::Parse(ValueOf(std::move(bytes)));
      if (!signature.ok() || signature->aggregation_chains().size() != 1) continue;
      const ledger::AggregationHashChain& chain = signature->aggregation_chains().front();
      const auto expected =
          ledger::FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, 0);
      const auto node = memory.Fold(chain);
      ASSERT_EQ(node.has_value(), expected.ok());
      if (!node.has_value()) continue;
      ASSERT_EQ(*node, *expected) << i << ": " << call;
      ++folded;
      if (random() % 2 == 0) memory.Keep(*std::move(signature));
    }
  }
  EXPECT_GT(folded, 1000u);
}

TEST(Shortcuts, ChainsSideBySideLeadWhereEachLeadsAlone) {
  std::mt19937 random(kSeed);
  std::size_t folded = 0;
  for (int i = 0; i < 500; ++i) {
    const DrawnRound round = DrawRound(random);
    auto bytes = SharedTail(round.tail).Assemble(DrawPart(round, round.leaves[0].part, random));
    if (!bytes.ok()) continue;
    const auto signature = Signature::Parse(*std::move(bytes));
    if (!signature.ok() || !signature->calendar_chain().has_value()) continue;
    const auto& calendar = *signature->calendar_chain();
    const auto both = FoldSideBySide(signature->aggregation_chains(), calendar);
    const auto root = ledger::FoldCalendarLinks(calendar.input_hash, calendar.links);
    std::vector<ledger::LeveledImprint> outputs;
    Level level = 0;
    for (const auto& chain : ChainsOf(*signature)) {
      const auto output =
          ledger::FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, level);
      if (!output.ok()) break;
      level = output->level;
      outputs.push_back(*output);
    }
    ASSERT_EQ(both.has_value(), root.ok() && outputs.size() == ChainsOf(*signature).size());
    if (!both.has_value()) continue;
    ASSERT_EQ(both->calendar_root, *root);
    ASSERT_TRUE(
        std::equal(both->outputs.begin(), both->outputs.end(), outputs.begin(), outputs.end()));
    ++folded;
  }
  EXPECT_GT(folded, 100u);
}

// Everything that a key's word is made of, from small sets: so that what comes later has much in
// common with what is remembered.
TEST(Shortcuts, AKeyThatIsRememberedSaysWhatItSays) {
  const TestTrust& trust = TestTrust::Get();
  std::vector<ByteVector> certificates = {trust.calendar.der(), trust.publisher.der(),
                                          trust.root.der(), ToVector(AsBytes("none"))};
  for (int i = 0; i < 3; ++i) {  // More than are remembered.
    certificates.push_back(certificates[0]);
    certificates.back()[certificates[0].size() - 1 - static_cast<std::size_t>(i)] ^= 1;
  }
  const std::vector<ByteVector> messages = {ToVector(AsBytes("one")), ToVector(AsBytes("two")), {}};
  std::vector<ByteVector> signatures = {{}, ByteVector(256, 1)};
  for (const ByteVector& message : messages) {
    signatures.push_back(ValueOf(trust.calendar_key.SignRsaSha256(message)));
    signatures.push_back(signatures.back());
    signatures.back().front() ^= 1;  // Its place is the other one's.
  }
  const std::vector<std::string> oids = {std::string(ledger::kRsaSha256Oid),
                                         "1.2.840.113549.1.1.13", "1.2"};
  std::mt19937 random(kSeed);
  ledger::internal::KeyMemory memory;
  std::size_t yes = 0;
  for (int i = 0; i < 4000; ++i) {
    const ByteVector& der = certificates[random() % (random() % 2 == 0 ? 2 : certificates.size())];
    const std::string& oid = oids[random() % 2 == 0 ? 0 : random() % oids.size()];
    const ByteVector& message = messages[random() % messages.size()];
    const ByteVector& signature = signatures[random() % signatures.size()];
    const auto certificate = ledger::Certificate::FromDer(der);
    const bool expected =
        certificate.ok() && ledger::VerifyRsaSignature(*certificate, oid, message, signature);
    const ledger::CalendarAuthenticationRecord record{.data = {kTestTime, SomeImprint("root")},
                                                      .signed_bytes = message,
                                                      .signature_type = oid,
                                                      .signature_value = signature,
                                                      .certificate_id = {},
                                                      .certificate_repository_uri = {}};
    ASSERT_EQ(memory.Verifies(der, record), expected) << i;
    ASSERT_EQ(memory.Decode(der).has_value(), certificate.ok()) << i;
    if (expected) ++yes;
  }
  EXPECT_GT(yes, 100u);
}

}  // namespace
}  // namespace pitser::testing
