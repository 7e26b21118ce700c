#include "base/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>

namespace pitser::base {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr milliseconds kLong = std::chrono::minutes(1);

std::string Gap(std::uint64_t dropped) { return std::to_string(dropped) + " are missing\n"; }

// A small pipe, which nobody reads until ReadTo() is called.
class Pipe {
 public:
  static constexpr int kSize = 8192;
  Pipe() {
    EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0);
    EXPECT_GT(fcntl(ends_[1], F_SETPIPE_SZ, kSize), 0);
  }
  ~Pipe() {
    CloseReader();
    close(ends_[1]);
  }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }
  int in() const { return ends_[1]; }
  // Reads until what came ends with `end`.
  std::string ReadTo(const std::string& end) const {
    std::string text;
    char buffer[4096];
    while (!text.ends_with(end)) {
      const ssize_t size = read(ends_[0], buffer, sizeof(buffer));
      if (size <= 0) break;
      text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(LineWriter, WritesInOrder) {
  Pipe pipe;
  LineWriter writer(pipe.in(), 1 << 20, Gap);
  writer.Write("one\n");
  writer.Write("two\n");
  EXPECT_TRUE(writer.Flush(kLong));
  EXPECT_EQ(pipe.ReadTo("two\n"), "one\ntwo\n");
  EXPECT_EQ(writer.dropped(), 0);
}

TEST(LineWriter, ALineMayBeLongerThanAPipe) {
  Pipe pipe;
  LineWriter writer(pipe.in(), 1 << 20, Gap);
  const std::string line = std::string(100'000, 'x') + "\n";
  writer.Write(line);
  EXPECT_EQ(pipe.ReadTo("\n"), line);
}

// Nobody reads: writing goes on at once, and what is missing is counted and told where it is.
TEST(LineWriter, NeverWaitsForAReader) {
  Pipe pipe;
  std::atomic<std::uint64_t> told = 0;
  LineWriter writer(pipe.in(), 10'000, [&told](std::uint64_t dropped) {
    told += dropped;
    return Gap(dropped);
  });
  const std::string filler = std::string(Pipe::kSize - 1, '.') + "\n";
  writer.Write(filler);
  EXPECT_TRUE(writer.Flush(kLong));  // The pipe is full now.
  for (int i = 0; i < 1000; ++i) writer.Write(std::string(99, 'a') + "\n");
  EXPECT_FALSE(writer.Flush(milliseconds(2)));
  const std::uint64_t dropped = writer.dropped();
  EXPECT_GT(dropped, 800);
  EXPECT_LT(dropped, 1000);
  std::string text;
  // It may have come upon a gap before it came upon the full pipe.
  while (told < dropped) text += pipe.ReadTo(" are missing\n");
  writer.Write("again\n");
  text += pipe.ReadTo("again\n");
  EXPECT_THAT(text, StartsWith(filler + "aaa"));
  EXPECT_THAT(text, HasSubstr(std::string(99, 'a') + "\n" + std::string(99, 'a') + "\n"));
  EXPECT_THAT(text, MatchesRegex("[.]+\n(a+\n)+[0-9]+ are missing\n.*again\n"));
  EXPECT_EQ(told, dropped);
}

TEST(LineWriter, ALineThatNeverFitsIsOneThatIsMissing) {
  Pipe pipe;
  LineWriter writer(pipe.in(), 1000, Gap);
  writer.Write(std::string(2000, 'a') + "\n");
  EXPECT_EQ(pipe.ReadTo("\n"), Gap(1));
  writer.Write("again\n");
  EXPECT_EQ(pipe.ReadTo("again\n"), "again\n");
}

TEST(LineWriter, GoesAwayAlthoughNobodyReads) {
  Pipe pipe;
  LineWriter writer(pipe.in(), 1 << 20, Gap);
  for (int i = 0; i < 100; ++i) writer.Write(std::string(999, 'a') + "\n");
}

TEST(LineWriter, CountsWhatCannotBeWritten) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.CloseReader();
  LineWriter writer(pipe.in(), 1 << 20, Gap);
  writer.Write("lost\n");
  EXPECT_TRUE(writer.Flush(kLong));
  EXPECT_EQ(writer.dropped(), 1);
  const int number = dup(pipe.in());
  close(number);
  LineWriter closed(number, 1 << 20, Gap);
  closed.Write("lost\n");
  EXPECT_TRUE(closed.Flush(kLong));
  EXPECT_EQ(closed.dropped(), 1);
}

}  // namespace
}  // namespace pitser::base
