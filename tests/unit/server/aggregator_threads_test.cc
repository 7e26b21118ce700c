// Many threads at once: what ThreadSanitizer looks at.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "base/thread.h"
#include "server/aggregator/aggregator.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_node.h"
#include "tests/support/test_trust.h"

namespace pitser::server {
namespace {

using testing::AnswerBox;
using testing::CheckedSignature;
using testing::kTestTime;
using testing::ReceivedAnswer;
using testing::TestNode;

constexpr int kThreads = 4;
constexpr int kRequestsPerThread = 400;

TEST(AggregatorThreads, EveryRequestIsAnsweredExactlyOnce) {
  TestNode node;
  std::atomic<int> running = kThreads;
  std::vector<base::Thread> senders;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back("sender", [&node, &running, thread] {
      for (int i = 0; i < kRequestsPerThread; ++i) {
        const auto id =
            static_cast<std::uint64_t>(thread) * kRequestsPerThread + static_cast<std::uint64_t>(i);
        PITSER_EXPECT_OK(node.Enqueue(id, {.account = "client-" + std::to_string(thread)}));
      }
      --running;
    });
  }
  while (running > 0) node.Pass(absl::Milliseconds(100));
  for (base::Thread& sender : senders) sender.Join();
  node.Pass(absl::Seconds(1));

  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), static_cast<std::size_t>(kThreads * kRequestsPerThread));
  EXPECT_EQ(node.box().destroyed(), kThreads * kRequestsPerThread);
  std::set<std::uint64_t> ids;
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    ids.insert(received.id);
    if (received.id % 20 != 0) continue;  // Verifying all takes too long under the sanitizer.
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Signature signature,
                                CheckedSignature(*received.answer, AnswerBox::HashOf(received.id)));
    EXPECT_EQ(signature.Identities().at(0).metadata.client_id,
              "client-" + std::to_string(received.id / kRequestsPerThread));
  }
  EXPECT_EQ(ids.size(), answers.size());
}

// A publisher that closes every second as soon as it is over takes no round its second away.
TEST(AggregatorThreads, APublisherOvertakesNoRound) {
  TestNode node;
  std::atomic<bool> done = false;
  base::Thread publisher("publisher", [&] {
    while (!done) {
      const auto now = static_cast<std::uint64_t>(absl::ToUnixSeconds(node.clock().Now()));
      PITSER_EXPECT_OK(node.core().AdvanceHead(now - 1));
    }
  });
  constexpr std::uint64_t kRounds = 50;
  for (std::uint64_t id = 0; id < kRounds; ++id) {
    PITSER_EXPECT_OK(node.Enqueue(id));
    node.Pass(absl::Seconds(1));
  }
  done = true;
  publisher.Join();
  const std::vector<ReceivedAnswer> answers = node.box().Take();
  ASSERT_EQ(answers.size(), kRounds);
  for (const ReceivedAnswer& received : answers) {
    PITSER_ASSERT_OK(received.answer);
    EXPECT_EQ(received.answer->seal->aggregation_time, kTestTime + received.id);
  }
}

TEST(AggregatorThreads, StoppingAmidRequestsAnswersAllThatWereTaken) {
  TestNode node;
  std::atomic<int> taken = 0;
  std::vector<base::Thread> senders;
  std::atomic<int> refused_threads = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back("sender", [&] {
      while (node.Enqueue(1).ok()) ++taken;
      ++refused_threads;
    });
  }
  while (taken < 100) std::this_thread::yield();
  node.aggregator().CloseIntake();
  for (base::Thread& sender : senders) sender.Join();
  EXPECT_EQ(refused_threads, kThreads);
  node.clock().Advance(absl::Seconds(1));
  node.aggregator().Stop();
  EXPECT_EQ(node.box().Take().size(), static_cast<std::size_t>(taken.load()));
}

}  // namespace
}  // namespace pitser::server
