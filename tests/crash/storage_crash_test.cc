// A process appends to a calendar on the file system that forgets everything unsynced, says each
// yes through a pipe, and is killed at a random moment; again and again. Every yes must stand.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "ledger/format/calendar_chain.h"
#include "storage/calendar.h"
#include "tests/support/forgetful_fs.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using ledger::Imprint;
using testing::TestImprint;

constexpr std::uint64_t kSeed = 20261123;
constexpr int kRounds = 50;
constexpr std::uint64_t kNoLeaf = ~std::uint64_t{0};

// What the child says yes to: SHA-256 throughout. `leaf` is the number that the leaf is made of, or
// kNoLeaf for a head that was only advanced. Short enough to go through a pipe in one piece.
struct Yes {
  std::uint64_t t;
  std::uint64_t leaf;
  std::array<std::uint8_t, 33> root;
};

std::array<std::uint8_t, 33> Raw(const Imprint& imprint) {
  std::array<std::uint8_t, 33> raw{};
  std::copy(imprint.bytes().begin(), imprint.bytes().end(), raw.begin());
  return raw;
}

// The child's failures end it with a message: the parent sees the exit code.
[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "child: %s\n", what.c_str());
  _exit(1);
}

template <typename T>
T Need(absl::StatusOr<T> value, const char* what) {
  if (!value.ok()) Fail(std::string(what) + ": " + value.status().ToString());
  return *std::move(value);
}

void CheckYes(const Calendar& calendar, const Yes& yes) {
  if (yes.leaf != kNoLeaf) {
    const auto leaf = Need(calendar.Leaf(yes.t), "leaf");
    if (!leaf || *leaf != TestImprint(yes.leaf)) {
      Fail("the leaf of second " + std::to_string(yes.t) + " changed");
    }
  }
  const Imprint root = Need(calendar.Root(yes.t), "root");
  if (Raw(root) != yes.root) Fail("the root of second " + std::to_string(yes.t) + " changed");
  const std::uint64_t head = *calendar.head();
  const auto chain = Need(calendar.Chain(yes.t, head), "chain");
  const Imprint folded = Need(ledger::FoldCalendarLinks(chain.input_hash, chain.links), "fold");
  if (folded != Need(calendar.Root(head), "head's root")) {
    Fail("second " + std::to_string(yes.t) + " does not lead to the head's root");
  }
}

// Everything of the last round, and of those before as much as there is time for.
void CheckAll(const Calendar& calendar, const std::vector<Yes>& all, std::mt19937_64& random,
              bool every_one) {
  if (all.empty()) return;
  if (!calendar.head() || *calendar.head() < all.back().t) Fail("the head went back");
  const std::size_t recent = all.size() - std::min<std::size_t>(all.size(), 100);
  for (std::size_t i = every_one ? 0 : recent; i < all.size(); ++i) CheckYes(calendar, all[i]);
  for (int i = 0; i < 50; ++i) CheckYes(calendar, all[random() % all.size()]);
}

std::unique_ptr<Calendar> OpenForgetful(const std::string& path, rocksdb::Env* env) {
  CalendarOptions options;
  options.env = env;
  options.write_buffer_bytes = std::size_t{64}
                               << 10;  // Tables are written and merged all the time.
  return Need(Calendar::Open(path, options), "open");
}

[[noreturn]] void Child(const std::string& path, int pipe, const std::vector<Yes>& all,
                        std::uint64_t seed) {
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<testing::ForgetfulFileSystem>());
  const auto calendar = OpenForgetful(path, env.get());
  std::mt19937_64 random(seed);
  CheckAll(*calendar, all, random, /*every_one=*/false);
  for (;;) {
    const std::uint64_t next = calendar->head() ? *calendar->head() + 1 : 1'700'000'000;
    const std::uint64_t t = next + (random() % 4 == 0 ? random() % 50 : 0);
    Yes yes{t, kNoLeaf, {}};
    if (random() % 8 == 0) {
      const absl::Status status = calendar->AdvanceHead(t);
      if (!status.ok()) Fail("advance: " + status.ToString());
      yes.root = Raw(Need(calendar->Root(t), "root"));
    } else {
      yes.leaf = random() >> 1;
      const auto preview = Need(calendar->Preview(t, TestImprint(yes.leaf)), "preview");
      const absl::Status status = calendar->Apply(preview);
      if (!status.ok()) Fail("apply: " + status.ToString());
      yes.root = Raw(preview.root);
    }
    if (write(pipe, &yes, sizeof yes) != sizeof yes) _exit(2);
  }
}

// Runs a child until it is killed; gives what it said yes to.
std::vector<Yes> Round(const std::string& path, const std::vector<Yes>& all, std::uint64_t seed,
                       std::chrono::microseconds life, std::size_t least) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    Child(path, ends[1], all, seed);
  }
  close(ends[1]);
  std::vector<Yes> said;
  Yes yes;
  // Some rounds are killed during their start, the others in the middle of their writes.
  while (said.size() < least && read(ends[0], &yes, sizeof yes) == sizeof yes) said.push_back(yes);
  std::this_thread::sleep_for(life);  // The random moment; nothing waits for it.
  EXPECT_EQ(kill(child, SIGKILL), 0);
  while (read(ends[0], &yes, sizeof yes) == sizeof yes) said.push_back(yes);
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      << "the child gave up: " << status;
  return said;
}

TEST(StorageCrash, EveryYesSurvivesEveryKill) {
  std::printf("seed %llu, %d rounds\n", static_cast<unsigned long long>(kSeed), kRounds);
  std::mt19937_64 random(kSeed);
  const testing::TempFolder folder;
  const std::string path = folder / "calendar";
  std::vector<Yes> all;
  for (int round = 0; round < kRounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    const std::size_t least = round % 5 == 4 ? 0 : 1 + random() % 40;
    const std::chrono::microseconds life(random() % 20'000);
    const std::vector<Yes> said = Round(path, all, random(), life, least);
    all.insert(all.end(), said.begin(), said.end());
  }
  EXPECT_GT(all.size(), 500u);
  std::printf("%zu yeses\n", all.size());
  // And at last all of them, by a reader on the machine's own file system.
  const auto calendar = Calendar::Open(path, {});
  ASSERT_TRUE(calendar.ok()) << calendar.status();
  CheckAll(**calendar, all, random, /*every_one=*/true);
}

}  // namespace
}  // namespace pitser::storage
