#include "bench/load/command_line.h"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "client/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::bench {
namespace {

using cli::ExitCode;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

template <typename T>
T Parse(const std::vector<std::string>& arguments) {
  const auto parsed = ParseCommandLine(arguments);
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.status();
    return T();
  }
  return std::get<T>(std::get<CommandOptions>(*parsed));
}

TEST(ParseCommandLine, HasDefaultsForEachMode) {
  const auto unary = Parse<SignOptions>({"sign", "--server", "127.0.0.1:7380"});
  EXPECT_EQ(unary.load.mode, Mode::kUnary);
  EXPECT_EQ(unary.load.connections, 2u);
  EXPECT_EQ(unary.load.in_flight, 1000u);
  EXPECT_EQ(unary.load.rate, 0);
  EXPECT_EQ(unary.load.duration, milliseconds(10'000));
  EXPECT_EQ(unary.load.server.endpoint.port, 7380);
  EXPECT_FALSE(unary.output.json);
  const auto batch = Parse<SignOptions>({"sign", "--server", "127.0.0.1:7380", "--mode", "batch",
                                         "--connections", "3", "--batch-size", "50"});
  EXPECT_EQ(batch.load.in_flight, 300u);
  EXPECT_EQ(batch.load.batch_size, 50u);
}

TEST(ParseCommandLine, TakesRateTimeAndCount) {
  const auto sign =
      Parse<SignOptions>({"sign", "--server", "[::1]:1", "--mode", "stream", "--rate", "2500.5",
                          "--duration", "1.5", "--warm-up", "0.25", "--json", "--pid", "17"});
  EXPECT_EQ(sign.load.mode, Mode::kStream);
  EXPECT_EQ(sign.load.rate, 2500.5);
  EXPECT_EQ(sign.load.duration, milliseconds(1500));
  EXPECT_EQ(sign.load.warm_up, milliseconds(250));
  EXPECT_TRUE(sign.output.json);
  EXPECT_EQ(sign.pid, 17);
  // A count alone needs no time.
  const auto count = Parse<SignOptions>({"sign", "--server", "h:1", "--insecure", "--count", "7"});
  EXPECT_EQ(count.load.count, 7u);
  EXPECT_EQ(count.load.duration.count(), 0);
  EXPECT_TRUE(count.load.server.insecure);
}

TEST(ParseCommandLine, KnowsTheOtherCommands) {
  const auto empty =
      Parse<EmptyOptions>({"empty", "--parked", "--round", "5", "--tail-bytes", "9"});
  EXPECT_TRUE(empty.server.parked);
  EXPECT_EQ(empty.server.round.count(), 5);
  EXPECT_EQ(empty.server.sizes.tail_bytes, 9u);
  EXPECT_EQ(Parse<EmptyServerOptions>({"empty-server", "--listen", "127.0.0.1:99"}).listen.port,
            99);
  EXPECT_TRUE(Parse<CompareOptions>({"compare", "--server", "h:1", "--parked"}).parked);
  const auto overload = Parse<OverloadOptions>(
      {"overload", "--server", "h:1", "--capacity", "100", "--mix", "batch=3,unary=1"});
  EXPECT_EQ(overload.capacity, 100);
  EXPECT_EQ(overload.factor, 4);
  EXPECT_EQ(overload.duration, milliseconds(60'000));
  EXPECT_EQ(overload.recovery, milliseconds(5'000));
  EXPECT_EQ(overload.mix, (std::array<double, 3>{0.25, 0, 0.75}));
}

TEST(ParseCommandLine, TakesOneRound) {
  const auto sign = Parse<SignOptions>(
      {"sign", "--server", "h:1", "--count", "5000", "--one-round", "--round", "5"});
  EXPECT_EQ(sign.load.one_round.count(), 5);
  EXPECT_EQ(sign.load.in_flight, 5000u);  // All of them wait.
  EXPECT_EQ(Parse<SignOptions>({"sign", "--server", "h:1"}).load.one_round.count(), 0);
  const auto compare = Parse<CompareOptions>(
      {"compare", "--server", "h:1", "--count", "9", "--one-round", "--parked"});
  EXPECT_EQ(compare.sign.load.one_round.count(), 1);
}

TEST(ParseCommandLine, RefusesWhatMakesNoSense) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"frobnicate"},
      {"sign"},
      {"sign", "--server", "nowhere"},
      {"sign", "--server", "h:1", "--mode", "letter"},
      {"sign", "--server", "h:1", "--rate", "fast"},
      {"sign", "--server", "h:1", "--rate", "-1"},
      {"sign", "--server", "h:1", "--rate", "0"},
      {"sign", "--server", "h:1", "--rate", "nan"},
      {"sign", "--server", "h:1", "--duration", "0"},
      {"sign", "--server", "h:1", "--duration", "1", "--warm-up", "1"},
      {"sign", "--server", "h:1", "--connections", "0"},
      {"sign", "--server", "h:1", "--connections", "4", "--in-flight", "3"},
      {"sign", "--server", "h:1", "--mode", "batch", "--batch-size", "10", "--in-flight", "19"},
      {"sign", "--server", "h:1", "extra"},
      {"sign", "--server", "h:1", "--one-round"},
      {"sign", "--server", "h:1", "--one-round", "--count", "9", "--duration", "1"},
      {"sign", "--server", "h:1", "--one-round", "--count", "9", "--warm-up", "1"},
      {"sign", "--server", "h:1", "--one-round", "--count", "9", "--in-flight", "8"},
      {"sign", "--server", "h:1", "--one-round", "--count", "9", "--round", "16"},
      {"empty", "--one-round", "--count", "9"},
      {"compare", "--server", "h:1", "--one-round", "--count", "9"},
      {"empty-server", "--listen", "0.0.0.0:1"},
      {"overload", "--server", "h:1", "--mix", "unary"},
      {"overload", "--server", "h:1", "--mix", "letters=1"},
      {"overload", "--server", "h:1", "--mix", "unary=0,batch=0"},
      {"overload", "--server", "h:1", "--mix", "unary=-1,batch=2"},
      {"overload", "--server", "h:1", "--capacity", "much"},
  };
  for (const auto& arguments : wrong) {
    const auto parsed = ParseCommandLine(arguments);
    ASSERT_FALSE(parsed.ok()) << ::testing::PrintToString(arguments);
    EXPECT_EQ(cli::ExitCodeOf(parsed.status()), ExitCode::kUsage) << parsed.status();
    EXPECT_THAT(cli::HintOf(parsed.status()), HasSubstr("--help"));
  }
}

TEST(ParseCommandLine, TellsAFileThatIsNotThereApart) {
  const auto parsed = ParseCommandLine({"sign", "--server", "h:1", "--tls-ca", "/nowhere/ca.pem"});
  EXPECT_EQ(cli::ExitCodeOf(parsed.status()), ExitCode::kLocalFile) << parsed.status();
}

TEST(ParseCommandLine, HasHelpWithExamplesForEveryCommand) {
  for (const std::string command : {"sign", "empty", "empty-server", "compare", "overload"}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto parsed, ParseCommandLine({command, "--help"}));
    const std::string text = std::get<Information>(parsed).text;
    EXPECT_THAT(text, HasSubstr("Usage: pitser-bench " + command));
    EXPECT_THAT(text, HasSubstr("Exit codes:"));
    EXPECT_THAT(text, HasSubstr("pitser-bench " + command));
  }
}

}  // namespace
}  // namespace pitser::bench
