#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>

namespace pitser::base {
namespace {

TEST(Thread, IsJoinedWhenItGoesAway) {
  std::atomic<bool> ran = false;
  {
    Thread thread("worker", [&] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(Thread, CarriesItsNameCutToTheKernelsLimit) {
  std::promise<void> named;
  std::array<char, 32> name{};
  Thread thread("pitser-round-thread", [&] {
    named.get_future().wait();
    pthread_getname_np(pthread_self(), name.data(), name.size());
  });
  named.set_value();
  thread.Join();
  EXPECT_STREQ(name.data(), "pitser-round-th");
}

TEST(Thread, AnAssignedOneTakesThePlaceOfTheOldAfterItsEnd) {
  std::atomic<int> done = 0;
  Thread thread("first", [&] { ++done; });
  thread = Thread("second", [&] { ++done; });
  EXPECT_GE(done, 1);
  thread.Join();
  thread.Join();
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace pitser::base
