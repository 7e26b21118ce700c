#include "server/app/genesis.h"

#include <fstream>

#include "gtest/gtest.h"
#include "tests/support/fake_storage.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using ::pitser::testing::StatusIs;

constexpr std::uint64_t kNow = 1'700'000'000;
constexpr std::uint64_t k2008 = 1'208'217'600;

class GenesisTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::uint64_t> Settle(std::string_view setting = "", std::uint64_t now = kNow) {
    return SettleGenesis(path_, setting, calendar_, now);
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_ / "genesis";
  testing::FakeStorage calendar_;
};

TEST_F(GenesisTest, IsTheFirstStartWhereNothingIsSaid) {
  EXPECT_EQ(*Settle(), kNow);
  EXPECT_EQ(*Settle("", kNow + 500), kNow);  // And stays.
}

// A first start by a clock that was ahead: nothing earlier could be extended until then.
TEST_F(GenesisTest, IsNotInTheFuture) {
  EXPECT_EQ(*Settle("", kNow + 100'000'000), kNow + 100'000'000);
  EXPECT_EQ(*Settle("", kNow), kNow);
  EXPECT_EQ(*Settle("", kNow + 500), kNow);
}

TEST_F(GenesisTest, IsWhatTheSettingSays) {
  EXPECT_EQ(*Settle("2008-04-15T00:00:00Z"), k2008);
  EXPECT_EQ(*Settle(), k2008);
}

TEST_F(GenesisTest, CanOnlyBeMovedBack) {
  EXPECT_EQ(*Settle(), kNow);
  EXPECT_EQ(*Settle("1208217600"), k2008);
  EXPECT_THAT(Settle("1208217601"), StatusIs(StatusCode::kInvalidArgument, "moved back"));
  EXPECT_EQ(*Settle(), k2008);
}

// A data folder that is older than the setting: every signature of it can still be extended.
TEST_F(GenesisTest, IsTheOldestLeafOfAnOlderCalendar) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto preview,
                              calendar_.Preview(kNow - 1000, testing::TestImprint(1)));
  PITSER_ASSERT_OK(calendar_.Apply(preview));
  EXPECT_THAT(Settle("1700000000"), StatusIs(StatusCode::kInvalidArgument, "moved back"));
  EXPECT_EQ(*Settle(), kNow - 1000);
}

TEST_F(GenesisTest, RefusesWhatIsNoTime) {
  EXPECT_THAT(Settle("yesterday"), StatusIs(StatusCode::kInvalidArgument, "expected a time"));
  EXPECT_THAT(Settle("1970-01-01T00:00:00Z"), StatusIs(StatusCode::kInvalidArgument, "2006"));
  EXPECT_THAT(Settle("2100-01-01T00:00:00Z"), StatusIs(StatusCode::kInvalidArgument, "future"));
  std::ofstream(path_) << "soon\n";
  EXPECT_THAT(Settle(), StatusIs(StatusCode::kFailedPrecondition, "Unix seconds"));
}

}  // namespace
}  // namespace pitser::server
