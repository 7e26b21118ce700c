#include "server/gateway/grpc/sign_stream.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/retry_hint.h"
#include "base/thread.h"
#include "tests/support/status_matchers.h"
#include "tests/support/volume_calls.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::Add;
using testing::Items;
using testing::kTestTime;
using testing::OpenStream;
using testing::StatusIs;
using testing::TestImprint;
using testing::TestNode;

class SignStreamTest : public ::testing::Test {
 protected:
  OpenStream& Open(const AggregatorOptions& options = {},
                   absl::Time deadline = absl::InfiniteFuture()) {
    node_.emplace(options);
    limits_.max_pending = options.max_pending;
    return stream_.emplace(*node_, pool_, limits_, deadline);
  }
  ~SignStreamTest() override { stream_.reset(); }

  SignStreamLimits limits_{100'000, 1 << 20, 4 << 20, 0, absl::Seconds(30), absl::Seconds(1)};
  base::WorkerPool pool_{2, 100};
  std::optional<TestNode> node_;
  std::optional<OpenStream> stream_;
};

class SignStreamSizes : public SignStreamTest, public ::testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Items, SignStreamSizes,
                         ::testing::Values(1, 2, 3, 15, 16, 17, 1023, 1024, 1025, 2050));

TEST_P(SignStreamSizes, EveryItemOfAMessageIsSigned) {
  OpenStream& stream = Open();
  stream.SendAndAwait(Items(0, GetParam()));
  node_->Pass(absl::Seconds(1));
  const auto answers = stream.Answers(GetParam());
  ASSERT_EQ(answers.size(), GetParam());
  std::uint64_t id = 0;
  for (const auto& [answered, answer] : answers) {
    ASSERT_EQ(answered, id);
    PITSER_ASSERT_OK_AND_ASSIGN(const auto signature, stream.Check(answer, TestImprint(id)));
    EXPECT_EQ(signature.signing_time(), kTestTime);
    EXPECT_EQ(signature.Identities().at(0).metadata.client_id, "anna");
    ++id;
  }
}

TEST_F(SignStreamTest, IdsAreOnlyEchoed) {
  OpenStream& stream = Open();
  v1::SignStreamRequest request;
  Add(request, 7, TestImprint(7));
  Add(request, 7, TestImprint(7));
  Add(request, 0, TestImprint(0));
  Add(request, std::uint64_t{0} - 1, TestImprint(1));
  stream.SendAndAwait(request);
  stream.SendAndAwait(Items(7, 1));
  node_->Pass(absl::Seconds(1));
  const auto answers = stream.Answers(5);
  EXPECT_EQ(answers.count(7), 3U);
  EXPECT_EQ(answers.count(0), 1U);
  EXPECT_EQ(answers.count(std::uint64_t{0} - 1), 1U);
}

TEST_F(SignStreamTest, SmallMessagesShareAnAnswer) {
  OpenStream& stream = Open();
  for (std::uint64_t id = 0; id < 30; id += 3) stream.SendAndAwait(Items(id, 3));
  stream.call().SetReading(false);
  node_->Pass(absl::Seconds(1));
  // The first message may have been made before the last group was answered.
  stream.call().AwaitMessages(1);
  stream.call().SetReading(true);
  stream.stream().OnWritten(true);
  const auto answers = stream.Answers(30);
  for (const auto& [id, answer] : answers) PITSER_EXPECT_OK(stream.Check(answer, TestImprint(id)));
  EXPECT_LE(stream.call().messages().size(), 2U);
}

TEST_F(SignStreamTest, BadItemsAreAnsweredAndTheOthersSigned) {
  AggregatorOptions options;
  options.max_level = 50;
  OpenStream& stream = Open(options);
  v1::SignStreamRequest request;
  Add(request, 1, TestImprint(1));
  request.add_items()->set_id(2);  // No imprint.
  request.add_items()->set_id(3);
  request.mutable_items(2)->set_imprint("\x03" + std::string(32, 'x'));  // No such algorithm.
  Add(request, 4, TestImprint(4, ledger::HashAlgorithm::kSha1));
  Add(request, 5, TestImprint(5), 51);
  Add(request, 6, TestImprint(6), 256);  // 0 in a byte.
  Add(request, 7, TestImprint(7));
  stream.SendAndAwait(request);
  auto answers = stream.Answers(5);
  for (std::uint64_t id = 2; id <= 6; ++id) {
    ASSERT_EQ(answers.count(id), 1U) << id;
    const v1::ItemError& error = answers.find(id)->second.error();
    EXPECT_EQ(error.code(), static_cast<std::uint32_t>(StatusCode::kInvalidArgument)) << id;
    EXPECT_FALSE(error.message().empty());
    EXPECT_FALSE(error.has_retry_after_ms());
    EXPECT_EQ(error.limit(), id == 5 ? "max_level" : "");
  }
  node_->Pass(absl::Seconds(1));
  answers = stream.Answers(7);
  PITSER_EXPECT_OK(stream.Check(answers.find(1)->second, TestImprint(1)));
  PITSER_EXPECT_OK(stream.Check(answers.find(7)->second, TestImprint(7)));
}

TEST_F(SignStreamTest, LevelsStandInTheFirstLink) {
  AggregatorOptions options;
  options.max_level = 50;
  OpenStream& stream = Open(options);
  v1::SignStreamRequest request;
  // Up to 40 in a tree together; above, a tree would be higher than max_level.
  const std::vector<std::uint32_t> levels = {0, 7, 40, 41, 50, 0, 1, 40};
  for (std::uint64_t id = 0; id < levels.size(); ++id) {
    Add(request, id, TestImprint(id), levels[id]);
  }
  stream.SendAndAwait(request);
  node_->Pass(absl::Seconds(1));
  for (const auto& [id, answer] : stream.Answers(levels.size())) {
    const auto level = static_cast<ledger::Level>(levels[id]);
    PITSER_ASSERT_OK_AND_ASSIGN(const auto signature, stream.Check(answer, TestImprint(id), level));
    EXPECT_GE(signature.allowed_level(), level);
  }
}

TEST_F(SignStreamTest, BeyondTheItemsInFlightOneIsRefusedAtOnce) {
  limits_.max_in_flight = 3;
  OpenStream& stream = Open();
  stream.SendAndAwait(Items(0, 2));
  stream.SendAndAwait(Items(2, 3));
  auto answers = stream.Answers(2);
  ASSERT_EQ(answers.size(), 2U);
  for (const std::uint64_t id : {3U, 4U}) {
    const v1::ItemError& error = answers.find(id)->second.error();
    EXPECT_EQ(error.code(), static_cast<std::uint32_t>(StatusCode::kResourceExhausted));
    EXPECT_EQ(error.limit(), "max_stream_in_flight");
    EXPECT_EQ(error.retry_after_ms(), 1000U);
  }
  node_->Pass(absl::Seconds(1));
  stream.Answers(5);
  stream.SendAndAwait(Items(5, 3));  // There is room again.
  node_->Pass(absl::Seconds(1));
  answers = stream.Answers(8);
  for (const std::uint64_t id : {0U, 1U, 2U, 5U, 6U, 7U}) {
    PITSER_EXPECT_OK(stream.Check(answers.find(id)->second, TestImprint(id)));
  }
}

TEST_F(SignStreamTest, ItemsCountAsPendingRequests) {
  AggregatorOptions options;
  options.max_pending = 10;
  OpenStream& stream = Open(options);
  stream.SendAndAwait(Items(0, 8));
  stream.SendAndAwait(Items(8, 3));
  const auto answers = stream.Answers(3);
  for (const auto& [id, answer] : answers) {
    EXPECT_GE(id, 8U);
    EXPECT_EQ(answer.error().code(), static_cast<std::uint32_t>(StatusCode::kResourceExhausted));
    EXPECT_EQ(answer.error().limit(), "max_pending");
    EXPECT_EQ(answer.error().retry_after_ms(), 1000U);
  }
  stream.SendAndAwait(Items(11, 2));
  node_->Pass(absl::Seconds(1));
  stream.Answers(13);
  // A message of more than may ever wait is taken as far as it fits.
  stream.SendAndAwait(Items(20, 25));
  node_->Pass(absl::Seconds(1));
  std::size_t is_signed = 0;
  for (const auto& [id, answer] : stream.Answers(38)) is_signed += answer.has_part() ? 1 : 0;
  EXPECT_EQ(is_signed, 8U + 2U + 10U);
}

TEST_F(SignStreamTest, AfterTheHalfCloseAllIsAnsweredAndItEndsWell) {
  OpenStream& stream = Open();
  stream.Send(Items(0, 40));
  stream.HalfClose();
  node_->Pass(absl::Milliseconds(500));
  EXPECT_FALSE(stream.call().closed());
  node_->Pass(absl::Milliseconds(500));
  PITSER_EXPECT_OK(stream.call().AwaitClose());
  EXPECT_EQ(stream.Answers(40).size(), 40U);
}

TEST_F(SignStreamTest, AStreamWithoutARequestEndsWell) {
  OpenStream& stream = Open();
  stream.Send(v1::SignStreamRequest());
  stream.HalfClose();
  PITSER_EXPECT_OK(stream.call().AwaitClose());
  EXPECT_TRUE(stream.call().messages().empty());
}

TEST_F(SignStreamTest, WhoDoesNotReadIsNotReadFrom) {
  limits_.max_unsent_bytes = 5000;
  OpenStream& stream = Open();
  stream.call().SetReading(false);
  stream.SendAndAwait(Items(0, 20));
  stream.Send(Items(20, 3));
  stream.call().AwaitReceive(3);
  node_->Pass(absl::Seconds(1));
  stream.call().AwaitMessages(1);
  stream.Send(Items(23, 3));  // It was reading already.
  testing::AwaitDone(pool_, 2);
  node_->Pass(absl::Seconds(1));
  EXPECT_EQ(stream.call().receives(), 3);
  stream.call().SetReading(true);
  stream.stream().OnWritten(true);
  stream.call().AwaitReceive(4);
  EXPECT_EQ(stream.Answers(26).size(), 26U);
}

TEST_F(SignStreamTest, RefusalsToo) {
  limits_.max_unsent_bytes = 2000;
  OpenStream& stream = Open();
  stream.call().SetReading(false);
  v1::SignStreamRequest bad;
  for (std::uint64_t id = 0; id < 100; ++id) bad.add_items()->set_id(id);
  stream.Send(bad);
  stream.call().AwaitMessages(1);
  testing::AwaitDone(pool_, 2);
  EXPECT_EQ(stream.call().receives(), 1);
  stream.call().SetReading(true);
  stream.stream().OnWritten(true);
  stream.call().AwaitReceive(2);
  EXPECT_EQ(stream.Answers(100).size(), 100U);
}

TEST_F(SignStreamTest, WhoReadsNothingForTooLongIsSentAway) {
  OpenStream& stream = Open();
  stream.call().SetReading(false);
  stream.SendAndAwait(Items(0, 20));
  node_->clock().Advance(absl::Seconds(100));
  stream.stream().CheckStall(node_->clock().Monotonic());  // Nothing is there to be read.
  stream.call().AwaitMessages(1);
  const absl::Duration sent = node_->clock().Monotonic();
  stream.stream().CheckStall(sent + absl::Seconds(29));
  EXPECT_FALSE(stream.call().closed());
  stream.stream().CheckStall(sent + absl::Seconds(30));
  const absl::Status status = stream.call().AwaitClose();
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted, "not read"));
  EXPECT_EQ(base::LimitOf(status), "stream_stall_ms");
  // The status waits behind what was not read: it is given as long again.
  stream.stream().CheckStall(sent + absl::Seconds(59));
  EXPECT_EQ(stream.call().breaks(), 0);
  stream.stream().CheckStall(sent + absl::Seconds(60));
  EXPECT_EQ(stream.call().breaks(), 1);
  stream.stream().OnGone();
  stream.stream().CheckStall(sent + absl::Seconds(1000));
  EXPECT_EQ(stream.call().breaks(), 1);
}

TEST_F(SignStreamTest, CancelledItemsAreLeftOutOfTheRound) {
  OpenStream& stream = Open();
  stream.SendAndAwait(Items(0, 20));
  stream.stream().OnCancelled();
  EXPECT_THAT(stream.call().AwaitClose(), StatusIs(StatusCode::kCancelled));
  node_->Pass(absl::Seconds(1));
  EXPECT_EQ(node_->storage().head(), std::nullopt);
  EXPECT_TRUE(stream.call().messages().empty());
}

TEST_F(SignStreamTest, ACallerThatGoesAwayWhileReadingEndsIt) {
  OpenStream& stream = Open();
  stream.call().SetReading(false);
  stream.SendAndAwait(Items(0, 20));
  node_->Pass(absl::Seconds(1));
  stream.call().AwaitMessages(1);
  stream.stream().OnWritten(false);
  EXPECT_THAT(stream.call().AwaitClose(), StatusIs(StatusCode::kCancelled));
}

TEST_F(SignStreamTest, BytesThatAreNoMessageEndIt) {
  OpenStream& stream = Open();
  stream.Send("\x0a\x7fshort");
  EXPECT_THAT(stream.call().AwaitClose(), StatusIs(StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(SignStreamTest, ATooLargeMessageEndsIt) {
  limits_.max_message_bytes = 1000;
  OpenStream& stream = Open();
  stream.Send(Items(0, 100));
  const absl::Status status = stream.call().AwaitClose();
  EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument, "at most 1000"));
  EXPECT_EQ(base::LimitOf(status), "max_message_bytes");
}

TEST_F(SignStreamTest, AShutdownAnswersWhatIsInFlightAndEndsIt) {
  OpenStream& stream = Open();
  stream.SendAndAwait(Items(0, 20));
  stream.stream().EndWhenAnswered();
  node_->Pass(absl::Milliseconds(500));
  EXPECT_FALSE(stream.call().closed());
  node_->Pass(absl::Milliseconds(500));
  const absl::Status status = stream.call().AwaitClose();
  EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable, "shutting down"));
  EXPECT_TRUE(base::RetryAfterOf(status).has_value());
  EXPECT_EQ(stream.Answers(20).size(), 20U);
}

TEST_F(SignStreamTest, AShutdownEndsAnIdleStreamAtOnce) {
  OpenStream& stream = Open();
  stream.call().AwaitReceive(1);
  stream.stream().EndWhenAnswered();
  EXPECT_THAT(stream.call().AwaitClose(), StatusIs(StatusCode::kUnavailable, "shutting down"));
}

TEST_F(SignStreamTest, ADeadlineBeforeTheRoundIsToldPerItem) {
  OpenStream& stream = Open({}, absl::FromUnixSeconds(kTestTime + 1) - absl::Milliseconds(1));
  stream.SendAndAwait(Items(0, 3));
  for (const auto& [id, answer] : stream.Answers(3)) {
    EXPECT_EQ(answer.error().code(), static_cast<std::uint32_t>(StatusCode::kDeadlineExceeded));
  }
}

TEST_F(SignStreamTest, ARoundThatFailsIsToldPerItem) {
  OpenStream& stream = Open();
  node_->storage().FailWrites(absl::ResourceExhaustedError("disk full: /data"));
  stream.SendAndAwait(Items(0, 20));
  node_->Pass(absl::Seconds(1));
  for (const auto& [id, answer] : stream.Answers(20)) {
    EXPECT_EQ(answer.error().code(), static_cast<std::uint32_t>(StatusCode::kUnavailable));
    EXPECT_EQ(answer.error().retry_after_ms(), 1000U);
  }
  // The stream goes on.
  node_->storage().FailWrites(absl::OkStatus());
  stream.SendAndAwait(Items(20, 1));
  node_->Pass(absl::Seconds(1));
  const auto answers = stream.Answers(21);
  PITSER_EXPECT_OK(stream.Check(answers.find(20)->second, TestImprint(20)));
}

TEST_F(SignStreamTest, ManyErrorsOfAMessageAreNotToldApart) {
  OpenStream& stream = Open();
  v1::SignStreamRequest request;
  for (std::uint32_t id = 0; id < 200; ++id) Add(request, id, TestImprint(id), 255 + 1000 * id);
  stream.Send(request);
  std::set<std::string> texts;
  for (const auto& [id, answer] : stream.Answers(200)) {
    EXPECT_EQ(answer.error().code(), static_cast<std::uint32_t>(StatusCode::kInvalidArgument));
    texts.insert(answer.error().message());
  }
  EXPECT_EQ(texts.size(), 65U);
}

TEST_F(SignStreamTest, MessagesStaySmall) {
  OpenStream& stream = Open();
  stream.SendAndAwait(Items(0, 4000));
  node_->Pass(absl::Seconds(1));
  stream.Answers(4000);
  const auto messages = stream.call().messages();
  EXPECT_GT(messages.size(), 4U);
  for (const std::string& message : messages) EXPECT_LE(message.size(), kAnswerBytes);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// What waits costs its id and its place in a tree, before its round and after it.
TEST_F(SignStreamTest, AnItemTakesLittleMemory) {
  constexpr std::size_t kItems = 100'000, kMessage = 1000;
  OpenStream& stream = Open();
  stream.call().SetReading(false);
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::string message = Items(0, kMessage).SerializeAsString();
  stream.Send(message);  // Whatever is made once is made now.
  stream.call().AwaitReceive(2);
  const std::size_t before = in_use();
  for (std::size_t sent = kMessage; sent < kItems; sent += kMessage) stream.Send(message);
  stream.call().AwaitReceive(kItems / kMessage + 1);
  EXPECT_LT((in_use() - before) / kItems, 120U) << "bytes an item that waits";
  node_->Pass(absl::Seconds(1));
  stream.call().AwaitMessages(1);
  testing::AwaitDone(pool_, 2);
  EXPECT_LT((in_use() - before) / kItems, 120U) << "bytes an item that is answered but not read";
}
#endif

// Streams, rounds, readers and cancellations, each on threads of their own: what ThreadSanitizer
// looks at.
TEST(SignStreamThreads, EveryItemIsAnsweredOnceWhateverElseHappens) {
  constexpr int kStreams = 4;
  constexpr std::uint64_t kMessages = 40;
  TestNode node;
  base::WorkerPool pool(2, 2);  // A queue that is full now and then.
  const SignStreamLimits limits{1000,    200'000,           4 << 20,
                                200'000, absl::Seconds(30), absl::Seconds(1)};
  std::atomic<int> running = kStreams;
  std::vector<base::Thread> callers;
  for (int number = 0; number < kStreams; ++number) {
    callers.emplace_back("caller", [&, number] {
      OpenStream stream(node, pool, limits);
      for (std::uint64_t message = 0; message < kMessages; ++message) {
        stream.Send(Items(message * 10, 10));
      }
      if (number % 2 == 0) {
        stream.HalfClose();
        PITSER_EXPECT_OK(stream.call().AwaitClose());
        const auto answers = stream.Answers(kMessages * 10);
        EXPECT_EQ(answers.size(), kMessages * 10);
        for (std::uint64_t id = 0; id < answers.size(); ++id) EXPECT_EQ(answers.count(id), 1U);
      }  // The others are cancelled in the middle.
      --running;
    });
  }
  while (running > 0) node.Pass(absl::Milliseconds(100));
  for (base::Thread& caller : callers) caller.Join();
}

}  // namespace
}  // namespace pitser::server
