#include "base/build_info.h"

#include <gtest/gtest.h>

namespace pitser::base {
namespace {

TEST(BuildInfo, VersionHasThreeNumbers) {
  EXPECT_EQ(std::count(Version().begin(), Version().end(), '.'), 2) << Version();
}

TEST(BuildInfo, SourceDateIsNotBeforeTheProject) {
  EXPECT_GE(SourceDate(), absl::FromCivil(absl::CivilDay(2026, 1, 1), absl::UTCTimeZone()));
}

}  // namespace
}  // namespace pitser::base
