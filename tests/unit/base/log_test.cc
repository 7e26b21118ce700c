#include "base/log.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/status_matchers.h"

namespace pitser::base {
namespace {

using ::testing::ElementsAre;
using testing::StatusIs;

TEST(FormatLogLine, WritesNumbersAndPlainTextAsTheyAre) {
  EXPECT_EQ(FormatLogLine("round_committed", {{"round", std::uint64_t{1700000001}},
                                              {"leaves", 512},
                                              {"step", -3},
                                              {"elapsed_ms", 1.5},
                                              {"idle", false},
                                              {"address", "127.0.0.1:7380"}}),
            "round_committed round=1700000001 leaves=512 step=-3 elapsed_ms=1.5 idle=false "
            "address=127.0.0.1:7380");
}

TEST(FormatLogLine, QuotesWhatCouldBeTakenForSomethingElse) {
  EXPECT_EQ(FormatLogLine("e", {{"a", ""}}), "e a=\"\"");
  EXPECT_EQ(FormatLogLine("e", {{"a", "two words"}}), "e a=\"two words\"");
  EXPECT_EQ(FormatLogLine("e", {{"a", "b=c"}}), "e a=\"b=c\"");
  EXPECT_EQ(FormatLogLine("e", {{"a", "say \"no\"\\"}}), "e a=\"say \\\"no\\\"\\\\\"");
}

TEST(FormatLogLine, NoValueCanBreakTheLine) {
  EXPECT_EQ(FormatLogLine("e", {{"a", std::string("x\nerror forged\r\x1b[0m\0", 19)}}),
            "e a=\"x\\nerror forged\\x0d\\x1b[0m\"");
  EXPECT_EQ(FormatLogLine("e", {{"a", "\xc3\xa4"}}), "e a=\"\\xc3\\xa4\"");
}

TEST(FormatLogLine, TakesTheMessageOfAStatus) {
  EXPECT_EQ(FormatLogLine("e", {{"reason", absl::UnavailableError("disk full")}}),
            "e reason=\"disk full\"");
}

TEST(ParseLogLevel, KnowsFourNames) {
  PITSER_ASSERT_OK_AND_ASSIGN(const LogLevel level, ParseLogLevel("warning"));
  EXPECT_EQ(level, LogLevel::kWarning);
  EXPECT_THAT(ParseLogLevel("loud"), StatusIs(absl::StatusCode::kInvalidArgument, "'loud'"));
}

TEST(Log, WritesOnlyWhatTheLevelAsksFor) {
  std::vector<std::string> lines;
  ScopedLogSink sink([&](std::string_view line) { lines.emplace_back(line); });
  LogDebug("hidden");
  LogInfo("ready", {{"grpc", "127.0.0.1:1"}});
  SetLogLevel(LogLevel::kError);
  LogWarning("hidden");
  LogError("stopped");
  SetLogLevel(LogLevel::kDebug);
  LogDebug("shown");
  SetLogLevel(LogLevel::kInfo);
  EXPECT_THAT(lines, ElementsAre("info ready grpc=127.0.0.1:1", "error stopped", "debug shown"));
}

}  // namespace
}  // namespace pitser::base
