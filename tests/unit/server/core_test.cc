#include "server/core/core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "ledger/format/tlv.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_storage.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::FakeClock;
using testing::FakeStorage;
using testing::IsOk;
using testing::kTestDay;
using testing::kTestTime;
using testing::StatusIs;
using testing::TestImprint;
using testing::TestTrust;

constexpr std::uint64_t kT = kTestTime;
constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

absl::Time At(std::uint64_t second) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(second));
}

class FixedAgreement final : public Agreement {
 public:
  explicit FixedAgreement(Answer answer) : answer_(answer) {}
  Answer Commit(const storage::CalendarPreview&) override { return answer_; }

 private:
  const Answer answer_;
};

class CoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Core>> Start(
      std::unique_ptr<Agreement> agreement = SingleProcessAgreement()) {
    return StartWith(TestTrust::Get().calendar, TestTrust::Get().calendar_key,
                     std::move(agreement));
  }
  absl::StatusOr<std::unique_ptr<Core>> StartWith(
      const ledger::Certificate& certificate, const ledger::PrivateKey& key,
      std::unique_ptr<Agreement> agreement = SingleProcessAgreement()) {
    CoreOptions options;
    options.clock_rules.not_before = At(kT - kTestDay);
    options.max_wait = max_wait_;
    return StartCore(options,
                     {&storage_, &clock_, {certificate, key}, std::move(agreement), [this] {
                        return in_place_;
                      }});
  }

  absl::Duration max_wait_ = absl::Seconds(60);
  FakeClock clock_{At(kT + 1)};  // Second kT is just over.
  FakeStorage storage_;
  absl::Status in_place_;
};

TEST_F(CoreTest, ClosesASecondWithChainAndAuthenticationRecord) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  const ledger::Imprint root = TestImprint(1);
  PITSER_ASSERT_OK_AND_ASSIGN(const Seal seal, core->Close(kT, {root, 0}));
  EXPECT_EQ(seal.aggregation_time, kT);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto leaf, storage_.Leaf(kT));
  EXPECT_EQ(leaf, root);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto calendar_root, storage_.Root(kT));

  ledger::TlvReader reader(seal.tail);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Element first, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, ledger::ParseCalendarHashChain(first));
  EXPECT_EQ(chain.input_hash, root);
  EXPECT_EQ(chain.publication_time, kT);
  EXPECT_EQ(chain.AggregationTime(), kT);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto folded,
                              ledger::FoldCalendarLinks(chain.input_hash, chain.links));
  EXPECT_EQ(folded, calendar_root);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Element second, reader.Next());
  EXPECT_EQ(second.type, ledger::kCalendarAuthenticationRecordTag);
  EXPECT_TRUE(reader.done());
}

TEST_F(CoreTest, SignsTheCalendarRootWithItsKey) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  PITSER_ASSERT_OK_AND_ASSIGN(const Seal seal, core->Close(kT, {TestImprint(1), 0}));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto root, storage_.Root(kT));
  ledger::ByteVector signed_bytes;
  ledger::WritePublicationData(signed_bytes, {kT, root}, ledger::PublicationDataPlace::kSignature);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::ByteVector value,
                              TestTrust::Get().calendar_key.SignRsaSha256(signed_bytes));
  ledger::ByteVector record;
  ledger::WriteCalendarAuthenticationRecord(
      record, signed_bytes, ledger::kRsaSha256Oid, value,
      ledger::CertificateIdOf(TestTrust::Get().calendar.der()));
  ASSERT_GT(seal.tail.size(), record.size());
  EXPECT_EQ(ledger::ToVector(ledger::Bytes(seal.tail).last(record.size())), record);
}

TEST_F(CoreTest, ClosesOnlySecondsThatAreOverAndAfterTheHead) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  EXPECT_THAT(core->Close(kT + 1, {TestImprint(1), 0}),
              StatusIs(StatusCode::kUnavailable, "not over yet"));
  PITSER_EXPECT_OK(core->Close(kT, {TestImprint(1), 0}));
  EXPECT_THAT(core->Close(kT, {TestImprint(1), 0}),
              StatusIs(StatusCode::kFailedPrecondition, "closed already"));
  EXPECT_THAT(core->Close(kT - 1, {TestImprint(1), 0}), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(storage_.head(), kT);
}

TEST_F(CoreTest, AFullDiskIsToldAndPasses) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  storage_.FailWrites(absl::ResourceExhaustedError("disk full: /data"));
  EXPECT_THAT(core->Close(kT, {TestImprint(1), 0}),
              StatusIs(StatusCode::kUnavailable, "disk full: /data"));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kResourceExhausted, "disk full"));
  EXPECT_THAT(core->AdvanceHead(kT), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(storage_.head(), std::nullopt);
  storage_.FailWrites(absl::OkStatus());
  clock_.Advance(absl::Seconds(1));
  PITSER_EXPECT_OK(core->Close(kT + 1, {TestImprint(2), 0}));
  EXPECT_THAT(core->Health(), IsOk());
}

TEST_F(CoreTest, DamagedDataStopsItForGood) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  storage_.FailWrites(absl::DataLossError("a node does not match"));
  EXPECT_THAT(core->Close(kT, {TestImprint(1), 0}), StatusIs(StatusCode::kDataLoss));
  storage_.FailWrites(absl::OkStatus());
  EXPECT_THAT(core->Close(kT, {TestImprint(1), 0}), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(core->AdvanceHead(kT), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kDataLoss));
}

TEST_F(CoreTest, ASecondLostToAnotherCoreIsNotWritten) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core,
                              Start(std::make_unique<FixedAgreement>(Agreement::Answer::kLost)));
  EXPECT_THAT(core->Close(kT, {TestImprint(1), 0}), StatusIs(StatusCode::kAborted));
  EXPECT_EQ(storage_.head(), std::nullopt);
  EXPECT_THAT(core->Health(), IsOk());
}

TEST_F(CoreTest, AnUnknownOutcomeStopsIt) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core,
                              Start(std::make_unique<FixedAgreement>(Agreement::Answer::kUnknown)));
  EXPECT_THAT(core->Close(kT, {TestImprint(1), 0}),
              StatusIs(StatusCode::kUnavailable, "is not known"));
  EXPECT_EQ(storage_.head(), std::nullopt);
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kUnavailable, "restart pitserd"));
}

TEST_F(CoreTest, SignsNothingOutsideItsCertificatesValidity) {
  const ledger::Certificate certificate =
      testing::IssueCalendarCertificate(TestTrust::Get().calendar_key, kT - 10, kT + 1);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core,
                              StartWith(certificate, TestTrust::Get().calendar_key));
  clock_.Advance(absl::Seconds(2));
  PITSER_EXPECT_OK(core->Close(kT + 1, {TestImprint(1), 0}));
  EXPECT_THAT(core->Close(kT + 2, {TestImprint(2), 0}),
              StatusIs(StatusCode::kUnavailable, "certificate"));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kUnavailable, "certificate"));
  EXPECT_EQ(storage_.head(), kT + 1);
}

TEST_F(CoreTest, SignsWithAnotherCertificateWhileRunning) {
  const ledger::PrivateKey& key = TestTrust::Get().calendar_key;
  const auto first = testing::IssueCalendarCertificate(key, kT - 10, kT + 1);
  const auto second = testing::IssueCalendarCertificate(key, kT, kT + 1000);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, StartWith(first, key));
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kUnavailable, "certificate"));
  PITSER_EXPECT_OK(core->CheckClock());
  EXPECT_THAT(core->UseIdentity({second, TestTrust::Get().publisher_key}),
              StatusIs(StatusCode::kFailedPrecondition, "does not match"));
  PITSER_ASSERT_OK(core->UseIdentity({second, key}));
  EXPECT_THAT(core->Health(), IsOk());
  PITSER_ASSERT_OK_AND_ASSIGN(const Seal seal, core->Close(kT + 5, {TestImprint(2), 0}));
  const ledger::ByteVector id = ledger::CertificateIdOf(second.der());
  EXPECT_NE(std::search(seal.tail.begin(), seal.tail.end(), id.begin(), id.end()), seal.tail.end());
}

TEST_F(CoreTest, StopsWhileTheClockIsWrong) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  PITSER_EXPECT_OK(core->Close(kT, {TestImprint(1), 0}));
  clock_.SetWall(At(kT + 1000));
  EXPECT_THAT(core->Close(kT + 999, {TestImprint(2), 0}),
              StatusIs(StatusCode::kUnavailable, "forward"));
  EXPECT_THAT(core->AdvanceHead(kT + 999), StatusIs(StatusCode::kUnavailable, "forward"));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kUnavailable, "forward"));
  clock_.SetWall(At(kT - 1000));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kUnavailable, "back"));
  EXPECT_EQ(storage_.head(), kT);
  clock_.SetWall(At(kT + 2));
  PITSER_EXPECT_OK(core->Close(kT + 1, {TestImprint(2), 0}));
}

TEST_F(CoreTest, AdvancesTheHeadOverSecondsThatAreOver) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  EXPECT_THAT(core->AdvanceHead(kT + 1), StatusIs(StatusCode::kOutOfRange, "not over yet"));
  PITSER_EXPECT_OK(core->AdvanceHead(kT));
  PITSER_EXPECT_OK(core->AdvanceHead(kT - 5));
  EXPECT_EQ(storage_.head(), kT);
}

TEST_F(CoreTest, AdvanceHeadWaitsForARoundThatIsBeingClosed) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  EXPECT_EQ(core->HoldFrom(kT), kT);
  std::atomic<bool> started = false;
  base::Thread publisher("publisher", [&] {
    started = true;
    PITSER_EXPECT_OK(core->AdvanceHead(kT));
    EXPECT_EQ(storage_.head(), kT);
  });
  while (!started) std::this_thread::yield();
  PITSER_EXPECT_OK(core->Close(kT, {TestImprint(1), 0}));
  core->HoldFrom(kT + 1);
  publisher.Join();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto leaf, storage_.Leaf(kT));
  EXPECT_EQ(leaf, TestImprint(1));
}

TEST_F(CoreTest, AdvanceHeadWaitsNoLongerThanItsLimit) {
  max_wait_ = absl::Milliseconds(1);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  core->HoldFrom(kT);  // By a round thread that never comes back.
  EXPECT_THAT(core->AdvanceHead(kT), StatusIs(StatusCode::kUnavailable, "still being closed"));
  EXPECT_EQ(storage_.head(), std::nullopt);
  core->HoldFrom(kT + 1);
  PITSER_EXPECT_OK(core->AdvanceHead(kT));
}

TEST_F(CoreTest, AdvanceHeadWaitsForNoRoundThatHasNoCertificate) {
  const ledger::Certificate certificate =
      testing::IssueCalendarCertificate(TestTrust::Get().calendar_key, kT - 10, kT + 1);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core,
                              StartWith(certificate, TestTrust::Get().calendar_key));
  clock_.Advance(absl::Seconds(5));
  core->HoldFrom(kT + 2);
  PITSER_EXPECT_OK(core->AdvanceHead(kT + 3));
  EXPECT_EQ(storage_.head(), kT + 3);
  EXPECT_EQ(core->HoldFrom(kT + 2), kT + 4);
}

TEST_F(CoreTest, AdvanceHeadOfAStoppedCoreWaitsForNothing) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core,
                              Start(std::make_unique<FixedAgreement>(Agreement::Answer::kUnknown)));
  EXPECT_FALSE(core->Close(kT, {TestImprint(1), 0}).ok());
  core->HoldFrom(kT);
  EXPECT_THAT(core->AdvanceHead(kT), StatusIs(StatusCode::kUnavailable, "restart pitserd"));
}

TEST_F(CoreTest, NothingIsSignedOnceTheDataFolderIsGone) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  PITSER_ASSERT_OK(core->Close(kT, {TestImprint(1), 0}));
  clock_.Advance(absl::Seconds(2));
  in_place_ = absl::UnavailableError("D/lock was removed");
  EXPECT_THAT(core->Close(kT + 1, {TestImprint(2), 0}),
              StatusIs(StatusCode::kUnavailable, "D/lock was removed"));
  in_place_ = absl::OkStatus();  // Another one lies there now.
  EXPECT_THAT(core->Close(kT + 1, {TestImprint(2), 0}), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(core->AdvanceHead(kT + 1), StatusIs(StatusCode::kUnavailable, "D/lock"));
  EXPECT_THAT(core->Health(), StatusIs(StatusCode::kUnavailable, "D/lock was removed"));
  EXPECT_EQ(storage_.head(), kT);
}

TEST_F(CoreTest, HoldFromSaysWhatIsFinalAlready) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto core, Start());
  EXPECT_EQ(core->HoldFrom(0), 0U);
  EXPECT_EQ(core->HoldFrom(kForever), kForever);
  PITSER_EXPECT_OK(core->AdvanceHead(kT));
  EXPECT_EQ(core->HoldFrom(kT), kT + 1);
  EXPECT_EQ(core->HoldFrom(kT + 3), kT + 3);
}

TEST_F(CoreTest, StartNeedsAMatchingKeyAndAValidCertificate) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(StartWith(trust.calendar, trust.publisher_key),
              StatusIs(StatusCode::kFailedPrecondition, "does not match"));
  const ledger::Certificate expired =
      testing::IssueCalendarCertificate(trust.calendar_key, kT - 10, kT);
  EXPECT_THAT(StartWith(expired, trust.calendar_key),
              StatusIs(StatusCode::kFailedPrecondition, "renewed"));
  const ledger::Certificate early =
      testing::IssueCalendarCertificate(trust.calendar_key, kT + 2, kT + 10);
  EXPECT_THAT(StartWith(early, trust.calendar_key), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(CoreTest, StartRefusesAHeadInTheFuture) {
  PITSER_ASSERT_OK(storage_.AdvanceHead(kT + 100));
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition, "in the future"));
}

}  // namespace
}  // namespace pitser::server
