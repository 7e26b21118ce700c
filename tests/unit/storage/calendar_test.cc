#include "storage/calendar.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "rocksdb/db.h"
#include "storage/last_signed.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using ledger::CalendarHashChain;
using ledger::EmptyNode;
using ledger::Imprint;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::MemoryCalendar;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;

class CalendarTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "calendar"; }

  absl::Status Open(CalendarOptions options = {}) {
    calendar_.reset();
    auto opened = Calendar::Open(path(), std::move(options));
    if (!opened.ok()) return opened.status();
    calendar_ = *std::move(opened);
    return absl::OkStatus();
  }

  absl::Status Append(std::uint64_t t, const Imprint& leaf) {
    const auto preview = calendar_->Preview(t, leaf);
    return preview.ok() ? calendar_->Apply(*preview) : preview.status();
  }

  const TempFolder folder_;
  std::unique_ptr<Calendar> calendar_;
};

// Everything that can be asked of a calendar, against the plain one in memory.
void ExpectSame(const Calendar& calendar, const MemoryCalendar& model) {
  ASSERT_EQ(calendar.head(), model.head());
  if (!model.head()) return;
  const std::uint64_t head = *model.head();
  for (const std::uint64_t p : {head, head - head / 3, head / 2}) {
    EXPECT_EQ(*calendar.Root(p), *ledger::CalendarRoot(model, p)) << p;
    for (const std::uint64_t t : {p, p - p / 5, p / 2, p / 7}) {
      const auto chain = calendar.Chain(t, p);
      ASSERT_THAT(chain, IsOk());
      const auto expected = ledger::BuildCalendarChain(model, t, p);
      EXPECT_EQ(chain->input_hash, expected->input_hash);
      EXPECT_EQ(chain->links, expected->links) << t << " -> " << p;
    }
  }
  for (unsigned level = 0; level <= ledger::kCalendarLevels; ++level) {
    const std::uint64_t complete = (head + 1) >> level;
    if (complete == 0) break;
    EXPECT_EQ(*calendar.Node(level, complete - 1), *model.Node(level, complete - 1)) << level;
    EXPECT_THAT(calendar.Node(level, complete), StatusIs(absl::StatusCode::kOutOfRange));
  }
}

TEST_F(CalendarTest, BeginsEmpty) {
  PITSER_ASSERT_OK(Open());
  EXPECT_EQ(calendar_->head(), std::nullopt);
  EXPECT_THAT(calendar_->Leaf(0), StatusIs(absl::StatusCode::kOutOfRange, "empty"));
  EXPECT_THAT(calendar_->Root(0), StatusIs(absl::StatusCode::kOutOfRange));
  PITSER_ASSERT_OK(Open());
  EXPECT_EQ(calendar_->head(), std::nullopt);
}

TEST_F(CalendarTest, KeepsWhatItSaidYesTo) {
  PITSER_ASSERT_OK(Open());
  MemoryCalendar model;
  for (const std::uint64_t t : {1'700'000'000u, 1'700'000'001u, 1'700'000'002u, 1'700'000'017u}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const CalendarPreview preview,
                                calendar_->Preview(t, TestImprint(t)));
    EXPECT_EQ(calendar_->head(), model.head());  // A preview writes nothing.
    PITSER_ASSERT_OK(model.Append(t, TestImprint(t)));
    EXPECT_EQ(preview.root, *ledger::CalendarRoot(model, t));
    EXPECT_EQ(preview.chain.links, ledger::BuildCalendarChain(model, t, t)->links);
    PITSER_ASSERT_OK(calendar_->Apply(preview));
    EXPECT_EQ(*calendar_->Root(t), preview.root);
  }
  ExpectSame(*calendar_, model);
  PITSER_ASSERT_OK(Open());
  ExpectSame(*calendar_, model);
  EXPECT_EQ(*calendar_->Leaf(1'700'000'017), TestImprint(1'700'000'017));
  EXPECT_EQ(*calendar_->Leaf(1'700'000'016), std::nullopt);
  EXPECT_EQ(*calendar_->Leaf(5), std::nullopt);
}

// Also where the memory for what was read is hardly any, and where it keeps all.
class CalendarCacheTest : public CalendarTest, public ::testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(CacheBytes, CalendarCacheTest,
                         ::testing::Values(1, 100'000, std::size_t{64} << 20));

TEST_P(CalendarCacheTest, EqualsTheModelOverLeavesAndGaps) {
  CalendarOptions options;
  options.cache_bytes = GetParam();
  PITSER_ASSERT_OK(Open(options));
  MemoryCalendar model;
  std::mt19937_64 random(20261123);
  std::uint64_t next = 0;
  for (int step = 0; step < 300; ++step) {
    // Short gaps mostly, and some that complete many bands at once.
    const std::uint64_t gap = random() % 8 == 0 ? random() % 100'000 : random() % 3;
    next += gap;
    if (random() % 5 == 0) {
      PITSER_ASSERT_OK(calendar_->AdvanceHead(next));
      PITSER_ASSERT_OK(model.Skip(next));
    } else {
      PITSER_ASSERT_OK(Append(next, TestImprint(next)));
      PITSER_ASSERT_OK(model.Append(next, TestImprint(next)));
    }
    ++next;
    if (step % 10 == 0) {
      ASSERT_NO_FATAL_FAILURE(ExpectSame(*calendar_, model));
    }
    if (step % 100 == 0) {
      PITSER_ASSERT_OK(Open(options));
    }
  }
  ExpectSame(*calendar_, model);
}

// Few leaves in three bands are read otherwise than many: stretches that hold none, one and so on,
// some close together, and each in two ways, by the tiles of the newest and by itself later.
TEST_P(CalendarCacheTest, EqualsTheModelWhereLeavesAreFewAndWhereTheyAreMany) {
  constexpr std::uint64_t kStretch = 4096;
  constexpr std::uint64_t kFirst = 1'700'000'000 / kStretch;
  constexpr std::array<std::size_t, 10> kLeaves = {1, 0, 2, 40, 127, 128, 129, 1000, 9, 30};
  CalendarOptions options;
  options.cache_bytes = GetParam();
  PITSER_ASSERT_OK(Open(options));
  MemoryCalendar model;
  std::mt19937_64 random(20261126);
  std::vector<std::uint64_t> asked;
  for (std::size_t i = 0; i < kLeaves.size(); ++i) {
    std::set<std::uint64_t> seconds;
    while (seconds.size() < kLeaves[i]) {
      seconds.insert(random() % (i % 3 == 0 ? kStretch : kStretch / 3));
    }
    for (const std::uint64_t second : seconds) {
      const std::uint64_t t = (kFirst + i) * kStretch + second;
      PITSER_ASSERT_OK(Append(t, TestImprint(t)));
      PITSER_ASSERT_OK(model.Append(t, TestImprint(t)));
      asked.insert(asked.end(), {t, t + 1});
    }
    for (int k = 0; k < 100; ++k) asked.push_back((kFirst + i) * kStretch + random() % kStretch);
  }
  for (const std::uint64_t head :
       {(kFirst + kLeaves.size()) * kStretch - 2, (kFirst + kLeaves.size()) * kStretch + 1}) {
    PITSER_ASSERT_OK(calendar_->AdvanceHead(head));
    PITSER_ASSERT_OK(model.Skip(head));
    for (const std::uint64_t t : asked) {
      if (t > head) continue;
      PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, calendar_->Chain(t, head));
      const auto expected = ledger::BuildCalendarChain(model, t, head);
      ASSERT_EQ(chain.input_hash, expected->input_hash) << t;
      ASSERT_EQ(chain.links, expected->links) << t;
    }
  }
}

TEST_F(CalendarTest, RefusesAnotherLeafForAClosedSecond) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, "never changes");
  EXPECT_THAT(calendar_->Preview(100, TestImprint(2)), refused);
  EXPECT_THAT(calendar_->Preview(99, TestImprint(2)), refused);  // Empty, and closed.
  EXPECT_EQ(*calendar_->Leaf(100), TestImprint(1));
}

TEST_F(CalendarTest, TakesARepetition) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarPreview first, calendar_->Preview(100, TestImprint(1)));
  PITSER_ASSERT_OK(calendar_->Apply(first));
  PITSER_ASSERT_OK(Append(103, TestImprint(3)));
  PITSER_EXPECT_OK(calendar_->Apply(first));  // As a replay at start does it.
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarPreview again, calendar_->Preview(100, TestImprint(1)));
  EXPECT_EQ(again.root, first.root);
  EXPECT_EQ(again.chain.links, first.chain.links);
  PITSER_EXPECT_OK(calendar_->Apply(again));
  PITSER_EXPECT_OK(Append(101, EmptyNode(0)));  // An empty second is Z_0.
  EXPECT_EQ(calendar_->head(), 103u);
}

TEST_F(CalendarTest, RefusesAPreviewOfAnOlderHead) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarPreview early, calendar_->Preview(105, TestImprint(5)));
  PITSER_ASSERT_OK(Append(103, TestImprint(3)));
  EXPECT_THAT(calendar_->Apply(early),
              StatusIs(absl::StatusCode::kFailedPrecondition, "older head"));
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarPreview other, calendar_->Preview(104, TestImprint(4)));
  PITSER_ASSERT_OK(Append(104, TestImprint(44)));
  EXPECT_THAT(calendar_->Apply(other),
              StatusIs(absl::StatusCode::kFailedPrecondition, "never changes"));
}

TEST_F(CalendarTest, AdvancesTheHeadOverEmptySeconds) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  PITSER_ASSERT_OK(calendar_->AdvanceHead(1'000'000));
  EXPECT_EQ(calendar_->head(), 1'000'000u);
  PITSER_EXPECT_OK(calendar_->AdvanceHead(50));
  EXPECT_EQ(calendar_->head(), 1'000'000u);
  EXPECT_THAT(calendar_->Preview(500'000, TestImprint(2)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(calendar_->AdvanceHead(ledger::kMaxCalendarTime + 1),
              StatusIs(absl::StatusCode::kOutOfRange));
  PITSER_ASSERT_OK(Open());
  EXPECT_EQ(calendar_->head(), 1'000'000u);
}

TEST_F(CalendarTest, AnswersOnlyUpToTheHead) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  const auto beyond = StatusIs(absl::StatusCode::kOutOfRange, "head is 100");
  EXPECT_THAT(calendar_->Leaf(101), beyond);
  EXPECT_THAT(calendar_->Root(101), beyond);
  EXPECT_THAT(calendar_->Chain(100, 101), beyond);
  EXPECT_THAT(calendar_->VisitLeaves(0, 101, [](auto, const auto&) { return true; }), beyond);
  EXPECT_THAT(calendar_->Chain(100, 99), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(calendar_->Preview(ledger::kMaxCalendarTime + 1, TestImprint(1)),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(CalendarTest, VisitsLeavesInOrder) {
  PITSER_ASSERT_OK(Open());
  // 255 and 256 differ in two bytes of the key.
  const std::vector<std::uint64_t> times = {3, 4, 255, 256, 70'000};
  for (std::uint64_t t : times) PITSER_ASSERT_OK(Append(t, TestImprint(t)));
  std::vector<std::uint64_t> seen;
  const auto visit = [&](std::uint64_t t, const Imprint& leaf) {
    EXPECT_EQ(leaf, TestImprint(t));
    seen.push_back(t);
    return seen.size() < 4;
  };
  PITSER_ASSERT_OK(calendar_->VisitLeaves(0, 70'000, visit));
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{3, 4, 255, 256}));
  seen.clear();
  PITSER_ASSERT_OK(calendar_->VisitLeaves(4, 255, visit));
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{4, 255}));
  EXPECT_THAT(calendar_->VisitLeaves(5, 4, visit), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CalendarTest, LoadsInBulkWhatAppendsWouldMake) {
  MemoryCalendar model;
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(1000, TestImprint(1000)));
  PITSER_ASSERT_OK(model.Append(1000, TestImprint(1000)));
  std::uint64_t t = 1000;
  int left = 3000;
  const auto next = [&]() -> std::optional<std::pair<std::uint64_t, Imprint>> {
    if (left-- == 0) return std::nullopt;
    t += 1 + (left % 50 == 0 ? 5000 : 0);
    EXPECT_THAT(model.Append(t, TestImprint(t)), IsOk());
    return std::pair(t, TestImprint(t));
  };
  PITSER_ASSERT_OK(calendar_->BulkLoad(next, 500'000));
  PITSER_ASSERT_OK(model.Skip(500'000));
  ExpectSame(*calendar_, model);
  for (std::uint64_t more = 500'001; more < 500'040; ++more) {
    PITSER_ASSERT_OK(Append(more, TestImprint(more)));
    PITSER_ASSERT_OK(model.Append(more, TestImprint(more)));
  }
  PITSER_ASSERT_OK(Open());
  ExpectSame(*calendar_, model);
  EXPECT_FALSE(std::filesystem::exists(path() + "/bulk-load"));
}

TEST_F(CalendarTest, AFailedBulkLoadHasNotHappened) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(10, TestImprint(10)));
  int calls = 0;
  const auto descending = [&]() -> std::optional<std::pair<std::uint64_t, Imprint>> {
    return std::pair<std::uint64_t, Imprint>(++calls == 1 ? 21 : 20, TestImprint(1));
  };
  EXPECT_THAT(calendar_->BulkLoad(descending, 30), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(calendar_->head(), 10u);
  PITSER_EXPECT_OK(Append(11, TestImprint(11)));
  PITSER_ASSERT_OK(Open());
  EXPECT_EQ(calendar_->head(), 11u);
}

TEST_F(CalendarTest, IsOpenedOnce) {
  PITSER_ASSERT_OK(Open());
  EXPECT_THAT(Calendar::Open(path(), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "another pitserd"));
}

TEST_F(CalendarTest, IsOpenedByOneProcessOnly) {
  // The other process begins before we open: a later fork would inherit RocksDB's own list of
  // locks and never ask the system.
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    if (read(gate[0], &byte, 1) != 1) _exit(2);
    const auto second = Calendar::Open(path(), {});
    const bool clear = absl::IsFailedPrecondition(second.status()) &&
                       second.status().message().find("another pitserd") != std::string::npos;
    _exit(clear ? 0 : 1);
  }
  PITSER_EXPECT_OK(Open());
  EXPECT_EQ(write(gate[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(gate[0]);
  close(gate[1]);
}

TEST_F(CalendarTest, CreatesNoneWhereOneMustExist) {
  CalendarOptions options;
  options.must_exist = true;
  EXPECT_THAT(Open(options), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(path()));
  PITSER_ASSERT_OK(Open());
  PITSER_EXPECT_OK(Open(options));
}

TEST_F(CalendarTest, RefusesAnOldBackup) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  calendar_.reset();
  std::filesystem::copy(path() + "/db", folder_ / "backup");
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(200, TestImprint(2)));
  calendar_.reset();
  std::filesystem::remove_all(path() + "/db");
  std::filesystem::copy(folder_ / "backup", path() + "/db");
  const absl::Status refused = Open();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "old backup"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("second 100 (1970-01-01T00:01:40Z)"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("second 200 (1970-01-01T00:03:20Z)"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("newest copy"));
}

TEST_F(CalendarTest, RefusesAHeadOlderThanWhatWasHandedOut) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  CalendarOptions options;
  options.handed_out = 100;
  PITSER_EXPECT_OK(Open(options));
  options.handed_out = 101;
  EXPECT_THAT(Open(options), StatusIs(absl::StatusCode::kFailedPrecondition, "old backup"));
}

TEST_F(CalendarTest, RefusesToStartAnewWhereSomethingWasHandedOut) {
  CalendarOptions options;
  options.handed_out = 7;
  EXPECT_THAT(Open(options), StatusIs(absl::StatusCode::kFailedPrecondition, "is empty"));
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  calendar_.reset();
  std::filesystem::remove_all(path() + "/db");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, "second 100"));
}

TEST_F(CalendarTest, RefusesAnotherCalendarInItsPlace) {
  PITSER_ASSERT_OK(Open());
  PITSER_ASSERT_OK(Append(100, TestImprint(1)));
  calendar_.reset();
  const TempFolder other;
  {
    auto forked = Calendar::Open(other / "calendar", {});
    PITSER_ASSERT_OK(forked);
    PITSER_ASSERT_OK((*forked)->Apply(*(*forked)->Preview(100, TestImprint(2))));
  }
  std::filesystem::remove_all(path() + "/db");
  std::filesystem::copy(other / "calendar/db", path() + "/db");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "when it was signed"));
}

// Changes the database behind the calendar's back.
void WithDatabase(const std::string& path, const std::function<void(rocksdb::DB&)>& change) {
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_TRUE(rocksdb::DB::Open(options, path, &db).ok());
  change(*db);
  delete db;
}

TEST_F(CalendarTest, RefusesANewerFormat) {
  PITSER_ASSERT_OK(Open());
  calendar_.reset();
  WithDatabase(path() + "/db", [](rocksdb::DB& db) {
    const std::string version = std::string("pitser-calendar") + std::string(7, '\0') + '\2';
    ASSERT_TRUE(db.Put({},
                       "\xff"
                       "format",
                       version)
                    .ok());
  });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, "format version is 2"));
}

TEST_F(CalendarTest, RefusesADatabaseThatIsNotOurs) {
  ASSERT_TRUE(std::filesystem::create_directory(path()));
  WithDatabase(path() + "/db",
               [](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, "cat", "meow").ok()); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, "no Pitser calendar"));
}

// The newest part is checked at start: each change below contradicts what is beside it.
class StartCheckTest : public CalendarTest {
 protected:
  void SetUp() override {
    PITSER_ASSERT_OK(Open());
    for (std::uint64_t t = 1000; t < 1100; ++t) PITSER_ASSERT_OK(Append(t, TestImprint(t)));
    calendar_.reset();
  }

  static std::string Key(unsigned level, std::uint64_t index) {
    std::string key(1, static_cast<char>(level));
    for (int shift = 32; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift));
    return key;
  }
  static std::string Value(std::uint64_t number) {
    return ledger::ToString(TestImprint(number).bytes());
  }
  void Change(const std::function<rocksdb::Status(rocksdb::DB&)>& change) {
    WithDatabase(path() + "/db", [&](rocksdb::DB& db) { ASSERT_TRUE(change(db).ok()); });
  }
};

TEST_F(StartCheckTest, PassesWhatIsSound) { PITSER_EXPECT_OK(Open()); }

TEST_F(StartCheckTest, NoticesAMissingNewestLeaf) {
  Change([](rocksdb::DB& db) { return db.Delete({}, Key(0, 1099)); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "newest leaf, 1099, is missing"));
}

TEST_F(StartCheckTest, NoticesAChangedLeafOfTheLastFullTile) {
  Change([](rocksdb::DB& db) { return db.Put({}, Key(0, 1080), Value(1)); });  // In N(4, 67).
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "node (4, 67)"));
}

TEST_F(StartCheckTest, NoticesAChangedNewestLeaf) {
  Change([](rocksdb::DB& db) { return db.Put({}, Key(0, 1099), Value(1)); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "when it was signed"));
}

TEST_F(StartCheckTest, NoticesAMissingNode) {
  Change([](rocksdb::DB& db) { return db.Delete({}, Key(4, 67)); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "node (4, 67)"));
}

TEST_F(StartCheckTest, NoticesALeafBeyondTheHead) {
  Change([](rocksdb::DB& db) { return db.Put({}, Key(0, 1100), Value(1)); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "(0, 1100) is stored though"));
}

TEST_F(StartCheckTest, NoticesANodeBeyondTheHead) {
  Change([](rocksdb::DB& db) { return db.Put({}, Key(8, 4), Value(1)); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "(8, 4) is stored though"));
}

TEST_F(StartCheckTest, NoticesAValueThatIsNoImprint) {
  Change([](rocksdb::DB& db) { return db.Put({}, Key(0, 1098), "short"); });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "(0, 1098)"));
}

TEST_F(StartCheckTest, NoticesAHeadRecordThatIsNone) {
  Change([](rocksdb::DB& db) {
    return db.Put({},
                  "\xff"
                  "head",
                  "x");
  });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "head record"));
}

TEST_F(StartCheckTest, NoticesALostHeadRecord) {
  Change([](rocksdb::DB& db) {
    return db.Delete({},
                     "\xff"
                     "head");
  });
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace pitser::storage
