#include "bench/load/process_watch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::bench {
namespace {

using pitser::testing::StatusIs;

TEST(SampleProcess, SeesThisProcess) {
  PITSER_ASSERT_OK_AND_ASSIGN(const ProcessSample sample, SampleProcess(getpid()));
  EXPECT_GT(sample.resident_bytes, std::uint64_t{1} << 16);
  EXPECT_GE(sample.cpu_seconds, 0);
}

TEST(SampleProcess, SaysThatThereIsNone) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_THAT(SampleProcess(child), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ProcessWatch::Create(child), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ProcessWatch, RemembersWhatWasWaitingBeforeTheFirstAnswer) {
  PITSER_ASSERT_OK_AND_ASSIGN(ProcessWatch watch, ProcessWatch::Create(getpid()));
  watch.Connected();
  watch.Tick(7, 0);
  watch.Tick(10, 0);
  watch.Tick(3, 8);
  watch.Ended();
  EXPECT_EQ(watch.memory().waiting_requests, 10u);
  EXPECT_GT(watch.memory().waiting, 0u);
  EXPECT_GE(watch.memory().peak, watch.memory().waiting);
  EXPECT_GE(watch.cpu_seconds(), 0);
}

}  // namespace
}  // namespace pitser::bench
