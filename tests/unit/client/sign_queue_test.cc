#include "client/sign_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "base/thread.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"

namespace pitser::client {
namespace {

using testing::SomeImprint;
using testing::StatusIs;
using Step = SignQueue::Step;

const net::Attempt kBusy{.status = absl::ResourceExhaustedError("full"),
                         .server_delay = absl::Seconds(1)};
const net::Attempt kBroken{.status = absl::UnavailableError("broken"),
                           .server_delay = std::nullopt};
const net::Attempt kRefused{.status = absl::PermissionDeniedError("no"),
                            .server_delay = std::nullopt};

// A queue whose time the test sets; nothing here ever waits, as every call finds something to do.
class SignQueueTest : public ::testing::Test {
 protected:
  void Make(std::size_t max_in_flight = 10, std::size_t max_unanswered = 10) {
    net::RetryPolicy retry;
    retry.max_attempts = 3;
    queue_.emplace(
        SignQueue::Limits{.max_in_flight = max_in_flight,
                          .max_unanswered = max_unanswered,
                          .timeout = absl::Seconds(30),
                          .retry = retry},
        net::RetryEnvironment{
            .monotonic = [this] { return now_; }, .sleep = {}, .random = [] { return 0.5; }});
  }

  absl::Status Add(const std::string& name) {
    return queue_->Add(SomeImprint(name), 0, [this, name](const auto& result) {
      results_.push_back(name + ": " + std::string(result.status().message()));
    });
  }

  // Opens a stream and takes what is to be sent: their ids.
  std::vector<std::uint64_t> Send(std::size_t max_items = 100) {
    EXPECT_EQ(queue_->Next(max_items, items_), Step::kSend);
    queue_->Sent();
    std::vector<std::uint64_t> ids;
    for (const auto& item : items_) ids.push_back(item.id);
    return ids;
  }
  void Open() { ASSERT_TRUE(queue_->WaitForWork()); }
  const std::vector<std::string>& Results() {
    queue_->GiveAnswers();
    return results_;
  }
  Step Next() { return queue_->Next(100, items_); }
  void End(const net::Attempt& outcome) {
    queue_->NoMoreMessages();
    EXPECT_EQ(Next(), Step::kRelease);
    queue_->Ended();
    EXPECT_EQ(Next(), Step::kEnded);
    queue_->EndStream(outcome);
  }

  absl::Duration now_ = absl::Hours(1);
  std::optional<SignQueue> queue_;
  std::vector<SignQueue::Item> items_;
  std::vector<std::string> results_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(SignQueueTest, SendsAndAnswersInAnyOrder) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  PITSER_ASSERT_OK(Add("b"));
  Open();
  const auto ids = Send();
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(items_[1].hash, SomeImprint("b"));
  queue_->MessageCame();
  EXPECT_EQ(Next(), Step::kRead);
  queue_->Answer(*queue_->TakeInFlight(ids[1]), absl::InternalError("1"));
  queue_->Answer(*queue_->TakeInFlight(ids[0]), absl::InternalError("0"));
  EXPECT_THAT(Results(), ElementsAre("b: 1", "a: 0"));
  EXPECT_FALSE(queue_->TakeInFlight(ids[0]).has_value());
  EXPECT_FALSE(queue_->TakeInFlight(12345).has_value());
}

TEST_F(SignQueueTest, KeepsToWhatMayBeInFlight) {
  Make(/*max_in_flight=*/3);
  for (const char* name : {"a", "b", "c", "d"}) PITSER_ASSERT_OK(Add(name));
  Open();
  const auto first = Send(2);
  EXPECT_EQ(first.size(), 2u);
  EXPECT_EQ(Send().size(), 1u);
  queue_->Answer(*queue_->TakeInFlight(first[0]), absl::InternalError("x"));
  const auto last = Send();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(items_[0].hash, SomeImprint("d"));
}

TEST_F(SignQueueTest, SendsNothingWhileAMessageIsOnItsWay) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  Open();
  EXPECT_EQ(Next(), Step::kSend);
  PITSER_ASSERT_OK(Add("b"));
  queue_->MessageCame();
  EXPECT_EQ(Next(), Step::kRead);  // And not kSend.
  queue_->Sent();
  EXPECT_EQ(Next(), Step::kSend);
}

TEST_F(SignQueueTest, RefusesWhatIsTooMuchAndWhatComesTooLate) {
  Make(10, /*max_unanswered=*/2);
  PITSER_ASSERT_OK(Add("a"));
  PITSER_ASSERT_OK(Add("b"));
  EXPECT_THAT(Add("c"), StatusIs(absl::StatusCode::kResourceExhausted));
  Open();
  const auto ids = Send();
  EXPECT_THAT(Add("c"), StatusIs(absl::StatusCode::kResourceExhausted));
  queue_->Answer(*queue_->TakeInFlight(ids[0]), absl::InternalError("x"));
  queue_->GiveAnswers();
  queue_->WaitForRoom();
  PITSER_EXPECT_OK(Add("c"));
  queue_->Close();
  queue_->WaitForRoom();
  EXPECT_THAT(Add("d"), StatusIs(absl::StatusCode::kUnavailable, "closed"));
  EXPECT_THAT(Results(), ElementsAre("a: x"));
}

TEST_F(SignQueueTest, IsPatientWhenTheServiceAsksForIt) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  Open();
  const auto ids = Send();
  queue_->Refuse(*queue_->TakeInFlight(ids[0]), kBusy);
  PITSER_ASSERT_OK(Add("b"));
  now_ += absl::Milliseconds(999);
  queue_->MessageCame();
  EXPECT_EQ(Next(), Step::kRead);  // And not kSend, not for the other one either.
  now_ += absl::Milliseconds(1);
  EXPECT_EQ(Send().size(), 2u);
  EXPECT_EQ(items_[0].id, ids[0]);
  EXPECT_THAT(Results(), IsEmpty());
}

TEST_F(SignQueueTest, AnswersWhatIsNotWorthRepeating) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  Open();
  queue_->Refuse(*queue_->TakeInFlight(Send()[0]), kRefused);
  EXPECT_THAT(Results(), ElementsAre("a: no"));
}

TEST_F(SignQueueTest, SendsAgainWhatABrokenStreamLeftUndecidedButNotForEver) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  PITSER_ASSERT_OK(Add("b"));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    Open();
    const auto ids = Send();
    EXPECT_EQ(ids.size(), attempt == 1 ? 2u : 1u);
    if (attempt == 1) queue_->Answer(*queue_->TakeInFlight(ids[0]), absl::InternalError("x"));
    EXPECT_EQ(Results().size(), 1u);
    End(kBroken);
    now_ += absl::Seconds(1);
  }
  EXPECT_THAT(Results(), ElementsAre("a: x", "b: broken"));
  queue_->Close();
  EXPECT_FALSE(queue_->WaitForWork());
}

TEST_F(SignQueueTest, GivesUpAStreamThatLeavesARequestWithoutAnswer) {
  Make();
  PITSER_ASSERT_OK(Add("old"));
  now_ += absl::Seconds(10);  // Its time begins when it is sent.
  Open();
  Send();
  now_ += absl::Seconds(20);
  PITSER_ASSERT_OK(Add("young"));
  Send();
  now_ += absl::Seconds(10);
  EXPECT_EQ(Next(), Step::kCancel);
  EXPECT_THAT(Results(), ElementsAre("old: the service did not answer in time"));
  End(kBroken);
  now_ += absl::Seconds(1);
  Open();
  Send();
  EXPECT_EQ(items_[0].hash, SomeImprint("young"));
}

TEST_F(SignQueueTest, AnswersWhatAStuckStreamLeftNoTimeFor) {
  Make();
  PITSER_ASSERT_OK(Add("old"));
  Open();
  Send();
  now_ += absl::Milliseconds(1);
  PITSER_ASSERT_OK(Add("young"));
  Send();
  now_ += absl::Seconds(30) - absl::Milliseconds(1);
  EXPECT_EQ(Next(), Step::kCancel);
  End(kBroken);
  EXPECT_THAT(Results(), ElementsAre("old: the service did not answer in time",
                                     "young: the service did not answer in time"));
}

TEST_F(SignQueueTest, SendsNothingOnAStreamThatThePumpHasCancelled) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  Open();
  Send();
  queue_->StopSending();
  PITSER_ASSERT_OK(Add("b"));
  End(kRefused);
  EXPECT_THAT(Results(), ElementsAre("a: no"));
  Open();
  EXPECT_EQ(Send().size(), 1u);
}

TEST_F(SignQueueTest, AnswersWhatWaitedTooLongToBeSent) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  queue_->Close();
  now_ += absl::Seconds(30);
  EXPECT_FALSE(queue_->WaitForWork());
  EXPECT_THAT(Results(), ElementsAre("a: the service did not answer in time"));
}

// The time that callbacks take is not the service's.
TEST_F(SignQueueTest, LosesNothingToCallbacksThatTakeLongerThanTheTimeout) {
  Make(/*max_in_flight=*/2);
  for (const char* name : {"a", "b"}) {
    PITSER_ASSERT_OK(queue_->Add(SomeImprint(name), 0, [this, name](const auto& result) {
      EXPECT_TRUE(result.ok());
      now_ += absl::Seconds(100);
      results_.emplace_back(name);
    }));
  }
  PITSER_ASSERT_OK(Add("waits for room"));
  Open();
  const auto ids = Send();
  ASSERT_EQ(ids.size(), 2u);
  for (const auto id : ids) {
    queue_->Answer(*queue_->TakeInFlight(id), testing::MakeSignature(testing::SingleNodeRecipe()));
  }
  now_ += absl::Seconds(100);  // The giver is still busy with something else.
  queue_->MessageCame();
  EXPECT_EQ(Next(), Step::kRead);  // Not kSend: what nobody has taken is bounded, too.
  EXPECT_THAT(Results(), ElementsAre("a", "b"));
  EXPECT_EQ(Send().size(), 1u);
  EXPECT_EQ(items_[0].hash, SomeImprint("waits for room"));
  EXPECT_THAT(Results(), ElementsAre("a", "b"));
}

TEST_F(SignQueueTest, WaitsToBeSentAsLongAsTheServiceAnswers) {
  Make(/*max_in_flight=*/1);
  for (const char* name : {"a", "b", "c", "d"}) PITSER_ASSERT_OK(Add(name));
  Open();
  for (const char* name : {"a", "b"}) {
    const auto ids = Send();
    ASSERT_EQ(ids.size(), 1u) << name;
    now_ += absl::Seconds(29);
    queue_->Answer(*queue_->TakeInFlight(ids[0]), absl::InternalError("x"));
  }
  Send();  // "c", which is not answered: nor is "d" sent any more.
  now_ += absl::Seconds(30);
  EXPECT_EQ(Next(), Step::kCancel);
  EXPECT_THAT(Results(), ElementsAre("a: x", "b: x", "c: the service did not answer in time",
                                     "d: the service did not answer in time"));
}

TEST_F(SignQueueTest, HalfClosesWhenAllIsSentAndDoesNotWaitForEverForTheEnd) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  Open();
  const auto ids = Send();
  queue_->Close();
  EXPECT_EQ(Next(), Step::kHalfClose);
  queue_->Answer(*queue_->TakeInFlight(ids[0]), absl::InternalError("x"));
  now_ += absl::Seconds(30);
  EXPECT_EQ(Next(), Step::kCancel);
  End(kBroken);
  EXPECT_FALSE(queue_->WaitForWork());
  ASSERT_TRUE(queue_->WaitForAnswers());
  queue_->GiveAnswers();
  EXPECT_FALSE(queue_->WaitForAnswers());
  queue_->WaitForAll();
}

TEST_F(SignQueueTest, OpensAnotherStreamForWhatWasRefusedAfterTheHalfClose) {
  Make();
  PITSER_ASSERT_OK(Add("a"));
  Open();
  const auto ids = Send();
  queue_->Close();
  EXPECT_EQ(Next(), Step::kHalfClose);
  queue_->Refuse(*queue_->TakeInFlight(ids[0]), kBusy);
  now_ += absl::Seconds(1);
  End({.status = absl::UnavailableError("it ended well"), .server_delay = std::nullopt});
  Open();
  EXPECT_EQ(Send(), ids);
}

// Time goes on between two looks at it: whichever of them a pause ends before, it is noticed. If
// not, the queue waits for the request's end, which never comes here.
TEST(SignQueuePause, EndsBetweenAnyTwoLooksAtTheClock) {
  const net::RetryPolicy retry{.initial_delay = absl::ZeroDuration(),
                               .max_delay = absl::ZeroDuration()};
  for (int last_early_look = 0; last_early_look < 8; ++last_early_look) {
    int looks = -1;  // Since the refusal.
    SignQueue queue({.max_in_flight = 1,
                     .max_unanswered = 1,
                     .timeout = absl::InfiniteDuration(),
                     .retry = retry},
                    {.monotonic =
                         [&] {
                           if (looks < 0) return absl::Hours(1);
                           return absl::Hours(looks++ < last_early_look ? 1 : 2);
                         },
                     .sleep = {},
                     .random = [] { return 0.5; }});
    PITSER_ASSERT_OK(queue.Add(SomeImprint("a"), 0, [](const auto&) {}));
    ASSERT_TRUE(queue.WaitForWork());
    std::vector<SignQueue::Item> items;
    ASSERT_EQ(queue.Next(1, items), Step::kSend);
    queue.Sent();
    // The pause, of a wait too short to be noticed, is over an hour later.
    queue.Refuse(*queue.TakeInFlight(items[0].id), {.status = absl::UnavailableError("again"),
                                                    .server_delay = absl::Milliseconds(1)});
    looks = 0;
    EXPECT_EQ(queue.Next(1, items), Step::kSend);
    queue.Answer(*queue.TakeInFlight(items[0].id), absl::InternalError("x"));
  }
}

// Many callers, a pump, and events from yet another thread: every request is answered once.
TEST(SignQueueThreads, AnswerEachRequestOnce) {
  constexpr int kCallers = 4;
  constexpr int kEach = 500;
  SignQueue queue({.max_in_flight = 64,
                   .max_unanswered = 200,
                   .timeout = absl::Seconds(60),
                   .retry = {.initial_delay = absl::Microseconds(10)}},
                  net::RetryEnvironment::System());
  std::atomic<int> answered{0};
  base::Thread pump("pump", [&] {
    std::vector<SignQueue::Item> items;
    std::uint64_t sent = 0;
    while (queue.WaitForWork()) {
      bool open = true;
      while (open) {
        switch (queue.Next(16, items)) {
          case Step::kSend: {
            // Told while answers arrive already, as gRPC may tell it.
            const base::Thread event("event", [&queue] { queue.Sent(); });
            for (const auto& item : items) {
              auto request = queue.TakeInFlight(item.id);
              if (++sent % 7 == 0) {
                queue.Refuse(*std::move(request), {.status = absl::UnavailableError("again"),
                                                   .server_delay = absl::ZeroDuration()});
              } else {
                queue.Answer(*std::move(request), absl::InternalError("x"));
              }
            }
            break;
          }
          case Step::kHalfClose:
            queue.NoMoreMessages();
            break;
          case Step::kRelease:
            queue.Ended();
            break;
          case Step::kEnded:
            queue.EndStream(kBroken);
            open = false;
            break;
          case Step::kRead:
          case Step::kCancel:
            break;
        }
      }
    }
  });
  base::Thread giver("giver", [&] {
    while (queue.WaitForAnswers()) queue.GiveAnswers();
  });
  {
    std::vector<base::Thread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back("caller", [&] {
        for (int n = 0; n < kEach;) {
          queue.WaitForRoom();
          const auto status = queue.Add(SomeImprint("x"), 0, [&](const auto&) { ++answered; });
          if (status.ok()) ++n;
        }
      });
    }
  }
  queue.Close();
  queue.WaitForAll();
  EXPECT_EQ(answered, kCallers * kEach);
}

}  // namespace
}  // namespace pitser::client
