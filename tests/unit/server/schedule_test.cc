#include "server/publisher/schedule.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include "gtest/gtest.h"
#include "server/publisher/publisher.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"

namespace pitser::server {
namespace {

using testing::IsOk;
using testing::kTestDay;
using testing::kTestTime;
using testing::StatusIs;

TEST(Schedule, TheNextBoundaryIsAfterTheNewestPublication) {
  const auto none = testing::MakePublicationsFile({}, {});
  EXPECT_EQ(NextDue(none, absl::Hours(24)) % kTestDay, 0u);
  EXPECT_GT(NextDue(none, absl::Hours(24)), none.content().creation_time);
  const auto one =
      testing::MakePublicationsFile({}, {{{3 * kTestDay, testing::SomeImprint("root")}, {}, {}}});
  EXPECT_EQ(NextDue(one, absl::Hours(24)), 4 * kTestDay);
  EXPECT_EQ(NextDue(one, absl::Seconds(1)), 3 * kTestDay + 1);
}

TEST(Schedule, OneThatFillsTheFileWithinAYearIsRefused) {
  const testing::TempFolder folder;
  const auto check = [&](absl::Duration every) {
    return CheckSchedule(folder.path(), every, kTestTime);
  };
  for (const int seconds : {1, 10, 20}) {
    EXPECT_THAT(check(absl::Seconds(seconds)),
                StatusIs(absl::StatusCode::kInvalidArgument, "test_schedule"));
  }
  // 1.37 million seconds after 2023-11-14.
  EXPECT_THAT(check(absl::Seconds(1)), StatusIs(absl::StatusCode::kInvalidArgument, "2023-11-30"));
  EXPECT_THAT(check(absl::Minutes(1)), IsOk());
  EXPECT_THAT(check(absl::Hours(24)), IsOk());
  EXPECT_THAT(check(absl::Hours(24 * 366)), IsOk());
}

// A publication takes no more of the file than is counted for it, also after 2106.
TEST(Schedule, RoomIsCountedInBytesThatPublicationsTake) {
  std::vector<ledger::PublicationRecord> publications;
  for (std::uint64_t day = 0; day < 40'000; day += 10) {
    publications.push_back({{kTestTime + day * kTestDay, testing::SomeImprint("root")}, {}, {}});
  }
  const std::size_t none = testing::MakePublicationsFile({}, {}).bytes().size();
  const std::size_t some = testing::MakePublicationsFile({}, publications).bytes().size();
  EXPECT_LE(PublicationsThatFit(none) - PublicationsThatFit(some), publications.size());
  EXPECT_GT(PublicationsThatFit(none), 1'300'000u);
  EXPECT_EQ(PublicationsThatFit(ledger::kMaxPublicationsFileSize), 0u);
}

// What is in the file counts: a schedule that was good when the ledger began is good no more.
TEST(Schedule, AFileThatIsNearlyFullIsSeen) {
  const testing::TempFolder folder;
  std::filesystem::create_directory(folder.path() + "/trust");
  const std::string path = PublicationsPath(folder.path());
  std::ofstream(path) << "KSIPUBLF";
  std::filesystem::resize_file(path, ledger::kMaxPublicationsFileSize / 3 * 2);
  EXPECT_THAT(CheckSchedule(folder.path(), absl::Minutes(1), kTestTime),
              StatusIs(absl::StatusCode::kInvalidArgument, "publish_every"));
  EXPECT_THAT(CheckSchedule(folder.path(), absl::Minutes(2), kTestTime), IsOk());
  std::filesystem::resize_file(path, ledger::kMaxPublicationsFileSize);
  EXPECT_THAT(CheckSchedule(folder.path(), absl::Hours(24), kTestTime),
              StatusIs(absl::StatusCode::kInvalidArgument, "2023-11-14"));
}

}  // namespace
}  // namespace pitser::server
