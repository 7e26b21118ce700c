// A whole node in this process: real calendar on disk, real connections, a clock that the test
// moves.

#include "server/app/node.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "base/log.h"
#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/verify/verifier.h"
#include "server/app/control_client.h"
#include "tests/integration/caller.h"
#include "tests/integration/node_fixture.h"
#include "tests/support/golden_signature.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using ::pitser::testing::Caller;
using ::pitser::testing::kNodeStart;
using ::pitser::testing::NodeTest;
using ::pitser::testing::ParseAndVerify;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::StatusIs;

TEST_F(NodeTest, SignsWhatVerifiesByItsKey) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const ledger::Imprint hash = SomeImprint("document");
  const auto signed_document = caller_->Sign(hash);
  ASSERT_TRUE(signed_document.status.ok()) << signed_document.status.error_message();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->VerifiedPublicationsFile(Now()));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto signature,
                              ParseAndVerify(signed_document.response.signature(), hash, 0, file));
  EXPECT_EQ(signature.signing_time(), signed_document.response.aggregation_time());
  ASSERT_EQ(signature.Identities().size(), 1u);
  EXPECT_EQ(signature.Identities()[0].metadata.client_id, "anonymous");
  EXPECT_EQ(signed_document.response.account_path(0), "anonymous");
  EXPECT_THAT(ParseAndVerify(signed_document.response.signature(), SomeImprint("other"), 0, file),
              StatusIs(absl::StatusCode::kFailedPrecondition, "GEN-01"));
}

TEST_F(NodeTest, TheRootOfATreeVerifiesWithItsLevel) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const ledger::Imprint hash = SomeImprint("root of a tree");
  const auto result = caller_->Sign(hash, 5);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->PublicationsFile());
  PITSER_EXPECT_OK(ParseAndVerify(result.response.signature(), hash, 5, file));
}

TEST_F(NodeTest, RefusesWhatMayNotBeSigned) {
  settings_.max_level = 10;
  PITSER_ASSERT_OK(StartWithKeys());
  const auto sha1 = caller_->Sign(SomeImprint("x", ledger::HashAlgorithm::kSha1));
  EXPECT_EQ(sha1.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto level = caller_->Sign(SomeImprint("x"), 11);
  EXPECT_EQ(level.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(NodeTest, RefusesAtOnceWhatCannotBeAnsweredInTime) {
  settings_.round_seconds = 3600;
  PITSER_ASSERT_OK(StartWithKeys());
  const auto result = caller_->Sign(SomeImprint("x"), 0, std::chrono::seconds(50));
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // The server's words: the client's own would be "Deadline Exceeded", after 50 seconds.
  EXPECT_NE(result.status.error_message(), "Deadline Exceeded");
}

TEST_F(NodeTest, AFullRoundRefusesByName) {
  settings_.max_pending = 2;
  PITSER_ASSERT_OK(StartWithKeys());
  // Time stands still: three calls, two places.
  base::Mutex mu;
  base::CondVar changed;
  std::vector<Caller::SignResult> results;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      auto result = caller_->Sign(SomeImprint(std::to_string(i)));
      base::MutexLock lock(mu);
      results.push_back(std::move(result));
      changed.SignalAll();
    });
  }
  {
    base::MutexLock lock(mu);
    while (results.empty()) changed.Wait(mu);
    EXPECT_EQ(results[0].status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(results[0].limit, "max_pending");
  }
  Tick();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(results[1].status.ok()) << results[1].status.error_message();
  EXPECT_TRUE(results[2].status.ok()) << results[2].status.error_message();
}

TEST_F(NodeTest, PublishesThroughTheSocketAndExtends) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const ledger::Imprint hash = SomeImprint("document");
  const auto result = caller_->Sign(hash);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publication,
                              PublishThroughSocket(run(), absl::Seconds(60)));
  EXPECT_GE(publication.time, result.response.aggregation_time());

  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->VerifiedPublicationsFile(Now()));
  const ledger::PublicationRecord* record = file.FindPublication(publication);
  ASSERT_NE(record, nullptr);
  PITSER_ASSERT_OK_AND_ASSIGN(
      const auto extension, caller_->Extend(result.response.aggregation_time(), publication.time));
  ledger::TlvReader reader(ledger::AsBytes(extension.calendar_hash_chain()));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto element, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, ledger::ParseCalendarHashChain(element));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto young,
                              ParseAndVerify(result.response.signature(), hash, 0, file));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto extended, ledger::ExtendSignature(young, chain, record));
  ledger::VerificationContext context{extended, hash, 0, {}, &file, {}};
  PITSER_ASSERT_OK_AND_ASSIGN(const auto verdict,
                              ledger::Verify(ledger::Policy::kPublicationsFileBased, context));
  EXPECT_EQ(verdict.outcome, ledger::Outcome::kOk) << ledger::ErrorCodeName(verdict.code);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto head, caller_->Head());
  EXPECT_GE(head.time(), publication.time);
}

TEST_F(NodeTest, ExtendsAWholeSignature) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const ledger::Imprint hash = SomeImprint("document");
  const auto result = caller_->Sign(hash);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  const ledger::Bytes young = ledger::AsBytes(result.response.signature());
  EXPECT_THAT(caller_->ExtendSignature(young),
              StatusIs(absl::StatusCode::kOutOfRange, "no publication after second"));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publication,
                              PublishThroughSocket(run(), absl::Seconds(60)));

  PITSER_ASSERT_OK_AND_ASSIGN(const auto extended, caller_->ExtendSignature(young));
  EXPECT_EQ(extended.aggregation_time(), result.response.aggregation_time());
  EXPECT_EQ(extended.publication().time(), publication.time);
  EXPECT_EQ(extended.publication().code(), ledger::EncodePublicationCode(publication));
  const ledger::Bytes bytes = ledger::AsBytes(extended.signature());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto signature,
                              ledger::Signature::Parse({bytes.begin(), bytes.end()}));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->VerifiedPublicationsFile(Now()));
  ledger::VerificationContext context{signature, hash, 0, {}, &file, {}};
  PITSER_ASSERT_OK_AND_ASSIGN(const auto verdict,
                              ledger::Verify(ledger::Policy::kPublicationsFileBased, context));
  EXPECT_EQ(verdict.outcome, ledger::Outcome::kOk) << ledger::ErrorCodeName(verdict.code);
  // Once more, and to that publication by its time: the same bytes.
  for (const auto to : {std::optional<std::uint64_t>(), std::optional(publication.time)}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto again, caller_->ExtendSignature(bytes, to));
    EXPECT_EQ(again.signature(), extended.signature());
  }
}

TEST_F(NodeTest, ExtendsNothingThatIsNotItsOwn) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const auto result = caller_->Sign(SomeImprint("document"));
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  const ledger::Bytes young = ledger::AsBytes(result.response.signature());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publication,
                              PublishThroughSocket(run(), absl::Seconds(60)));
  EXPECT_THAT(caller_->ExtendSignature(young, result.response.aggregation_time() - 1),
              StatusIs(absl::StatusCode::kInvalidArgument, "before the signature's second"));
  EXPECT_THAT(caller_->ExtendSignature(young, publication.time + 1),
              StatusIs(absl::StatusCode::kNotFound, "no publication of second"));
  EXPECT_THAT(caller_->ExtendSignature({}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(caller_->ExtendSignature(ledger::ByteVector(70'000, 0x88)),
              StatusIs(absl::StatusCode::kInvalidArgument, "at most"));
  // Another ledger's, and one of ours that was changed in its document's hash.
  const ledger::ByteVector others = ledger::FromHex(pitser::testing::kGoldenSignatureHex).value();
  EXPECT_THAT(caller_->ExtendSignature(others), StatusIs(absl::StatusCode::kInvalidArgument));
  ledger::ByteVector changed(young.begin(), young.end());
  const ledger::Imprint hash = SomeImprint("document");
  const ledger::Bytes digest = hash.digest();
  const auto place = std::search(changed.begin(), changed.end(), digest.begin(), digest.end());
  ASSERT_NE(place, changed.end());
  *place ^= 1;
  EXPECT_THAT(caller_->ExtendSignature(changed),
              StatusIs(absl::StatusCode::kInvalidArgument, "not a signature of this ledger"));
}

TEST_F(NodeTest, BeyondTheHeadIsTriedLater) {
  PITSER_ASSERT_OK(StartWithKeys());
  EXPECT_THAT(caller_->Head(), StatusIs(absl::StatusCode::kOutOfRange));
  Tick();
  ASSERT_TRUE(caller_->Sign(SomeImprint("document")).status.ok());
  StopTicking();
  EXPECT_THAT(caller_->Extend(Now() + 1000, Now() + 2000), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(caller_->Extend(kNodeStart - 10, kNodeStart - 20),
              StatusIs(absl::StatusCode::kInvalidArgument));
  PITSER_EXPECT_OK(caller_->Extend(kNodeStart - 20, kNodeStart - 10));
}

TEST_F(NodeTest, AFirstStartMakesKeysAndAFirstPublicationsFile) {
  PITSER_ASSERT_OK(Start());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->VerifiedPublicationsFile(Now()));
  EXPECT_EQ(file.content().certificates.size(), 1u);
}

TEST_F(NodeTest, GoesOnAfterARestart) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const ledger::Imprint hash = SomeImprint("document");
  const auto before = caller_->Sign(hash);
  ASSERT_TRUE(before.status.ok()) << before.status.error_message();
  Stop();
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->VerifiedPublicationsFile(Now()));
  PITSER_EXPECT_OK(ParseAndVerify(before.response.signature(), hash, 0, file));
  const auto after = caller_->Sign(hash);
  ASSERT_TRUE(after.status.ok()) << after.status.error_message();
  EXPECT_GT(after.response.aggregation_time(), before.response.aggregation_time());
}

TEST_F(NodeTest, AnswersWhatIsPendingWhenItStops) {
  PITSER_ASSERT_OK(StartWithKeys());
  std::atomic<int> taken = 0;
  const base::ScopedLogSink log([&](std::string_view line) {
    const std::size_t at = line.find(" leaves=");
    if (at != std::string_view::npos) taken += std::stoi(std::string(line.substr(at + 8)));
  });
  std::vector<Caller::SignResult> results(20);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] { results[i] = caller_->Sign(SomeImprint(std::to_string(i))); });
  }
  Tick();
  node_->Stop();
  for (std::thread& thread : threads) thread.join();
  int answered = 0;
  for (const auto& result : results) {
    const grpc::StatusCode code = result.status.error_code();
    if (code == grpc::StatusCode::OK) ++answered;
    // Refused, or dropped by gRPC as it came in (CANCELLED): never taken.
    EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::UNAVAILABLE ||
                code == grpc::StatusCode::CANCELLED)
        << code;
  }
  // Whatever was taken was signed and received.
  EXPECT_EQ(answered, taken);
}

TEST_F(NodeTest, RefusesACalendarOlderThanWhatItPublished) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  ASSERT_TRUE(caller_->Sign(SomeImprint("document")).status.ok());
  PITSER_ASSERT_OK(PublishThroughSocket(run(), absl::Seconds(60)));
  Stop();
  std::filesystem::remove_all(settings_.data + "/calendar");
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(NodeTest, AGapBeyondTheLimitMustBeAccepted) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  ASSERT_TRUE(caller_->Sign(SomeImprint("document")).status.ok());
  Stop();
  clock_.Advance(absl::Hours(24 * 31));
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition, "accept"));
  settings_.accept_gap = true;
  PITSER_EXPECT_OK(Start());
}

TEST_F(NodeTest, NothingIsMadeByAClockThatCannotBeRight) {
  clock_.SetWall(absl::FromUnixSeconds(1'000'000'000));
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
  EXPECT_FALSE(std::filesystem::exists(settings_.data));
}

TEST_F(NodeTest, AFolderIsServedByOneNode) {
  PITSER_ASSERT_OK(StartWithKeys());
  const auto second = Node::Start(settings_, {&clock_, nullptr});
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition, "in use by another pitserd"));
}

TEST_F(NodeTest, SettingsThatMakeNoSenseAreRefusedBeforeAnythingIsMade) {
  const auto refused = [this](const std::function<void(Settings&)>& change,
                              const std::string& says) {
    const Settings good = settings_;
    change(settings_);
    EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, says));
    settings_ = good;
    EXPECT_FALSE(std::filesystem::exists(settings_.data));
  };
  refused([](Settings& s) { s.grpc_listen = "nonsense"; }, "grpc_listen");
  refused([](Settings& s) { s.grpc_listen = "0.0.0.0:0"; }, "insecure_listen");
  refused([](Settings& s) { s.tls_cert = "x.pem"; }, "tls_key");
  refused([](Settings& s) { s.tls_client_ca = "x.pem"; }, "tls_cert");
  refused([](Settings& s) { s.account = ""; }, "account");
  refused([](Settings& s) { s.account = "a\nb"; }, "account");
}

TEST_F(NodeTest, TheSocketIsTheOperatorsOnly) {
  PITSER_ASSERT_OK(StartWithKeys());
  struct stat info;
  ASSERT_EQ(stat(run().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat((run() + "/pitserd.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
}

TEST_F(NodeTest, TheSocketWorksBelowDeepFolders) {
  settings_.data = folder_.path() + "/" + std::string(120, 'd') + "/node";
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  ASSERT_TRUE(caller_->Sign(SomeImprint("document")).status.ok());
  PITSER_EXPECT_OK(PublishThroughSocket(run(), absl::Seconds(60)));
}

TEST_F(NodeTest, ASocketThatNobodyServesSaysSo) {
  EXPECT_THAT(PublishThroughSocket(run(), absl::Seconds(60)),
              StatusIs(absl::StatusCode::kUnavailable, "no pitserd runs here"));
}

}  // namespace
}  // namespace pitser::server
