#include "client/cli/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace pitser::cli {
namespace {

using ::testing::HasSubstr;

TEST(ExitCode, TableStandsInTheDocumentation) {
  const char* source = std::getenv("PITSER_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/cli.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr(ExitCodeTable())) << "docs/cli.md must hold this table";
}

TEST(ExitCode, WorseFollowsTheOrderOfTheStyle) {
  const int order[] = {1, 70, 4, 7, 6, 5, 3, 0};
  for (std::size_t i = 0; i < std::size(order); ++i) {
    for (std::size_t j = i; j < std::size(order); ++j) {
      const auto a = static_cast<ExitCode>(order[i]);
      const auto b = static_cast<ExitCode>(order[j]);
      EXPECT_EQ(Worse(a, b), a);
      EXPECT_EQ(Worse(b, a), a);
    }
  }
}

TEST(ExitCode, EveryCodeHasItsPlaceInTheOrder) {
  for (const ExitCodeInfo& info : AllExitCodes()) EXPECT_EQ(Worse(info.code, info.code), info.code);
}

TEST(ExitCodeOf, FollowsTheTableOfTheStyle) {
  const std::pair<absl::StatusCode, int> table[] = {
      {absl::StatusCode::kOk, 0},
      {absl::StatusCode::kInvalidArgument, 4},
      {absl::StatusCode::kOutOfRange, 3},
      {absl::StatusCode::kNotFound, 5},
      {absl::StatusCode::kUnauthenticated, 5},
      {absl::StatusCode::kPermissionDenied, 5},
      {absl::StatusCode::kResourceExhausted, 5},
      {absl::StatusCode::kUnavailable, 6},
      {absl::StatusCode::kDeadlineExceeded, 6},
      {absl::StatusCode::kAborted, 6},
      {absl::StatusCode::kDataLoss, 70},
      {absl::StatusCode::kInternal, 70},
      {absl::StatusCode::kUnknown, 70},
  };
  for (const auto& [status, code] : table) {
    EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::Status(status, "x"))), code)
        << absl::StatusCodeToString(status);
  }
}

TEST(Error, KeepsItsCodeAndHintInContext) {
  for (const ExitCodeInfo& info : AllExitCodes()) {
    if (info.code == ExitCode::kOk) continue;
    const absl::Status error = InContext(Error(info.code, "it broke", "mend it"), "file");
    EXPECT_EQ(ExitCodeOf(error), info.code);
    EXPECT_EQ(error.message(), "file: it broke");
    EXPECT_EQ(HintOf(error), "mend it");
  }
}

}  // namespace
}  // namespace pitser::cli
