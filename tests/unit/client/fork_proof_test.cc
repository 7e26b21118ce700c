#include "client/fork_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/checked_text.h"
#include "ledger/format/signature.h"
#include "ledger/tree/calendar_tree.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"

namespace pitser::client {
namespace {

using ledger::ByteVector;
using ledger::CalendarHashChain;
using testing::kTestTime;
using testing::MemoryCalendar;
using testing::StatusIs;
using testing::TestImprint;
using testing::TestTrust;

// The chain from kTestTime in a calendar whose leaf there is `leaf`.
CalendarHashChain ChainOf(const ledger::Imprint& leaf) {
  MemoryCalendar calendar;
  EXPECT_TRUE(calendar.Append(kTestTime, leaf).ok());
  EXPECT_TRUE(calendar.Append(kTestTime + 5, TestImprint(5)).ok());
  return *ledger::BuildCalendarChain(calendar, kTestTime, kTestTime + 5);
}

// A record over the chain's root, signed by `key`.
ByteVector RecordOf(const CalendarHashChain& chain, const ledger::PrivateKey& key) {
  const ledger::PublicationData data{
      .time = chain.publication_time,
      .hash = *ledger::FoldCalendarLinks(chain.input_hash, chain.links)};
  ByteVector signed_bytes;
  ledger::WritePublicationData(signed_bytes, data, ledger::PublicationDataPlace::kSignature);
  ByteVector record;
  ledger::WriteCalendarAuthenticationRecord(record, signed_bytes, ledger::kRsaSha256Oid,
                                            *key.SignRsaSha256(signed_bytes),
                                            TestTrust::Get().calendar_record().id);
  return record;
}

ForkSide SideOf(const std::string& server, const ledger::Imprint& leaf) {
  CalendarHashChain chain = ChainOf(leaf);
  ByteVector record = RecordOf(chain, TestTrust::Get().calendar_key);
  return {.server = server, .chain = std::move(chain), .record = std::move(record)};
}

ForkProof SmallProof() {
  return {.time = kTestTime,
          .made_at = kTestTime + 9,
          .sides = {SideOf("a:1", TestImprint(1)), SideOf("b:1", TestImprint(2))}};
}

TEST(ForkProof, IsReadAsItWasWrittenAndHolds) {
  const ForkProof proof = SmallProof();
  PITSER_EXPECT_OK(CheckFork(proof));
  PITSER_ASSERT_OK_AND_ASSIGN(const ForkProof read, ParseForkProof(WriteForkProof(proof)));
  PITSER_EXPECT_OK(CheckFork(read));
  EXPECT_EQ(read.time, kTestTime);
  EXPECT_EQ(read.made_at, kTestTime + 9);
  EXPECT_EQ(read.sides[1].server, "b:1");
  EXPECT_EQ(read.sides[1].chain.input_hash, TestImprint(2));
  EXPECT_EQ(read.sides[1].record, proof.sides[1].record);
}

TEST(ForkProof, DoesWithoutRecords) {
  ForkProof proof = SmallProof();
  for (ForkSide& side : proof.sides) side.record.clear();
  PITSER_ASSERT_OK_AND_ASSIGN(const ForkProof read, ParseForkProof(WriteForkProof(proof)));
  PITSER_EXPECT_OK(CheckFork(read));
}

TEST(ForkProof, RefusesEveryTruncationAndEveryFlippedBit) {
  std::string text = WriteForkProof(SmallProof());
  const auto is_malformed = StatusIs(absl::StatusCode::kInvalidArgument, "malformed");
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_THAT(ParseForkProof(text.substr(0, size)), is_malformed) << size;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char was = text[i];
    text[i] = static_cast<char>(was ^ (1 << i % 8));
    ASSERT_THAT(ParseForkProof(text), is_malformed) << i;
    text[i] = was;
  }
}

TEST(ForkProof, ProvesNothingWhenItsPartsDoNotFit) {
  const auto proves_nothing = StatusIs(absl::StatusCode::kFailedPrecondition);
  ForkProof proof = SmallProof();
  proof.sides[1] = proof.sides[0];
  EXPECT_THAT(CheckFork(proof), proves_nothing);  // The same leaf.
  proof = SmallProof();
  proof.time = kTestTime + 1;
  EXPECT_THAT(CheckFork(proof), proves_nothing);  // Of another second.
  proof = SmallProof();
  std::swap(proof.sides[0].record, proof.sides[1].record);
  EXPECT_THAT(CheckFork(proof), proves_nothing);  // Another root is signed.
  proof = SmallProof();
  proof.sides[0].chain.links[0].sibling = TestImprint(0);
  EXPECT_THAT(CheckFork(proof), proves_nothing);
}

TEST(ForkProof, SaysOfItsSidesWhatTheirChainsSay) {
  // `leaf` is for people, so it must not differ from what counts.
  const ForkProof proof = SmallProof();
  const std::string text = WriteForkProof(proof);
  std::string body = text.substr(0, text.rfind("checksum = "));
  const std::string leaf = TestImprint(1).ToText();
  body.replace(body.find(leaf), leaf.size(), TestImprint(3).ToText());
  CheckedTextWriter writer("pitser.fork-proof/1");
  std::string_view rest = body;
  rest.remove_prefix(rest.find('\n') + 1);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (line.starts_with('#')) continue;
    const std::size_t equals = line.find(" = ");
    writer.Add(line.substr(0, equals), line.substr(equals + 3));
  }
  EXPECT_THAT(ParseForkProof(std::move(writer).Finish()),
              StatusIs(absl::StatusCode::kInvalidArgument, "its chain says"));
}

TEST(CheckRecord, TellsWhoVouches) {
  const TestTrust& trust = TestTrust::Get();
  const auto file = testing::MakePublicationsFile({trust.calendar_record()}, {});
  const auto without =
      testing::MakePublicationsFile({{.id = {1, 2, 3, 4}, .der = trust.calendar.der()}}, {});
  const CalendarHashChain chain = ChainOf(TestImprint(1));
  const ByteVector record = RecordOf(chain, trust.calendar_key);
  EXPECT_EQ(CheckRecord(record, &file), Vouching::kByKey);
  EXPECT_EQ(CheckRecord(record, nullptr), Vouching::kNoRecord);
  EXPECT_EQ(CheckRecord({}, &file), Vouching::kNoRecord);
  EXPECT_EQ(CheckRecord(record, &without), Vouching::kUnknownKey);
  EXPECT_EQ(CheckRecord(RecordOf(chain, trust.publisher_key), &file), Vouching::kWrong);
  EXPECT_EQ(CheckRecord(ledger::AsBytes("nonsense"), &file), Vouching::kWrong);
}

}  // namespace
}  // namespace pitser::client
