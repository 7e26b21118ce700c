// Readers beside the writer: every head that a reader sees is whole.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "ledger/format/calendar_chain.h"
#include "storage/calendar.h"
#include "tests/support/forgetful_fs.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using testing::ForgetfulFileSystem;
using testing::TestImprint;

constexpr std::uint64_t kFirst = 1'700'000'000;

// What any reader may ask of a calendar whose every second from kFirst on is filled. False at the
// first wrong answer.
bool ReadsAreWhole(const Calendar& calendar, std::uint64_t seed) {
  const std::optional<std::uint64_t> head = calendar.head();
  if (!head) return true;
  const std::uint64_t t = kFirst + seed % (*head - kFirst + 1);
  const auto leaf = calendar.Leaf(*head);
  const auto chain = calendar.Chain(t, *head);
  const auto root = calendar.Root(*head);
  if (!leaf.ok() || !chain.ok() || !root.ok() || *leaf != TestImprint(*head)) return false;
  const auto folded = ledger::FoldCalendarLinks(chain->input_hash, chain->links);
  return folded.ok() && *folded == *root && chain->input_hash == TestImprint(t);
}

TEST(CalendarReaders, SeeWholeSecondsWhileOneWritesAndTheDiskFillsUp) {
  const testing::TempFolder folder;
  const auto fs = std::make_shared<ForgetfulFileSystem>();
  const auto env = rocksdb::NewCompositeEnv(fs);
  CalendarOptions options;
  options.env = env.get();
  options.write_buffer_bytes = std::size_t{64} << 10;
  PITSER_ASSERT_OK_AND_ASSIGN(const auto calendar, Calendar::Open(folder / "calendar", options));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (std::uint64_t i = 0; i < 2; ++i) {
    readers.emplace_back([&, seed = i]() mutable {
      while (!stop) wrong += ReadsAreWhole(*calendar, seed += 7919) ? 0 : 1;
    });
  }
  int full = 0;
  for (std::uint64_t t = kFirst; t < kFirst + 600; ++t) {
    if (t % 200 == 0) {  // The database is closed and opened again under the readers.
      fs->SetFaultHook([](ForgetfulFileSystem::Step step,
                          const std::string& path) -> std::optional<ForgetfulFileSystem::Fault> {
        if (step != ForgetfulFileSystem::Step::kAppend || !path.ends_with(".log")) return {};
        return ForgetfulFileSystem::Fault{rocksdb::IOStatus::NoSpace("full")};
      });
      const auto refused = calendar->Preview(t, TestImprint(t));
      EXPECT_THAT(refused, testing::IsOk());
      full += absl::IsResourceExhausted(calendar->Apply(*refused)) ? 1 : 0;
      fs->SetFaultHook(nullptr);
    }
    const auto preview = calendar->Preview(t, TestImprint(t));
    EXPECT_THAT(preview, testing::IsOk());
    if (!preview.ok()) break;
    EXPECT_THAT(calendar->Apply(*preview), testing::IsOk());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(full, 3);
  EXPECT_TRUE(ReadsAreWhole(*calendar, 1));
}

}  // namespace
}  // namespace pitser::storage
