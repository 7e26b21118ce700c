#include "server/publisher/publisher.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/file.h"
#include "server/publisher/publication_store.h"
#include "server/publisher/restore.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_storage.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using base::MutexLock;
using ledger::AsBytes;
using ledger::PublicationData;
using ledger::PublicationsFile;
using testing::FakeClock;
using testing::FakeStorage;
using testing::IsOk;
using testing::kTestDay;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;
using testing::TestTrust;
using testing::ValueOf;

// A round number of the schedule below, within the test certificates' validity.
constexpr std::uint64_t kStart = 1700000100;
constexpr std::uint64_t kEvery = 100;

// The part of the core that the publisher uses, with its rules, over a calendar in memory.
class StandInCore final : public Core {
 public:
  StandInCore(FakeStorage* calendar, FakeClock* clock) : calendar_(calendar), clock_(clock) {}

  absl::StatusOr<Seal> Close(std::uint64_t, const ledger::LeveledImprint&) override {
    return absl::UnimplementedError("not the publisher's business");
  }
  absl::Status AdvanceHead(std::uint64_t t) override {
    ++calls_;
    {
      MutexLock lock(mu_);
      PITSER_RETURN_IF_ERROR(status_);
    }
    if (clock_->Now() < absl::FromUnixSeconds(static_cast<std::int64_t>(t + 1))) {
      return absl::OutOfRangeError("not over yet");
    }
    return calendar_->AdvanceHead(t);
  }
  std::uint64_t HoldFrom(std::uint64_t t) override { return t; }
  absl::Status Health() const override { return absl::OkStatus(); }
  absl::Status CheckClock() const override { return absl::OkStatus(); }
  absl::Status UseIdentity(Identity) override {
    return absl::UnimplementedError("not the publisher's business");
  }

  void Fail(absl::Status status) {
    MutexLock lock(mu_);
    status_ = std::move(status);
  }
  int calls() const { return calls_; }

 private:
  FakeStorage* const calendar_;
  FakeClock* const clock_;
  std::atomic<int> calls_ = 0;
  base::Mutex mu_;
  absl::Status status_ PITSER_GUARDED_BY(mu_);
};

// A calendar that can be made to forget what its roots were, as damaged memory or a swapped
// database would.
class ForgetfulCalendar final : public storage::Calendar {
 public:
  explicit ForgetfulCalendar(FakeStorage* calendar) : calendar_(calendar) {}
  void Forget() { forgot_ = true; }

  std::optional<std::uint64_t> head() const override { return calendar_->head(); }
  absl::StatusOr<ledger::Imprint> Root(std::uint64_t time) const override {
    if (forgot_) return TestImprint(time);
    return calendar_->Root(time);
  }
  absl::StatusOr<ledger::Imprint> Node(unsigned, std::uint64_t) const override { return Unused(); }
  absl::StatusOr<storage::CalendarPreview> Preview(std::uint64_t,
                                                   const ledger::Imprint&) const override {
    return Unused();
  }
  absl::Status Apply(const storage::CalendarPreview&) override { return Unused(); }
  absl::Status AdvanceHead(std::uint64_t) override { return Unused(); }
  absl::StatusOr<std::optional<ledger::Imprint>> Leaf(std::uint64_t) const override {
    return Unused();
  }
  absl::Status VisitLeaves(
      std::uint64_t, std::uint64_t,
      const std::function<bool(std::uint64_t, const ledger::Imprint&)>&) const override {
    return Unused();
  }
  absl::StatusOr<ledger::CalendarHashChain> Chain(std::uint64_t, std::uint64_t) const override {
    return Unused();
  }
  absl::Status BulkLoad(
      const std::function<std::optional<std::pair<std::uint64_t, ledger::Imprint>>()>&,
      std::uint64_t) override {
    return Unused();
  }

 private:
  static absl::Status Unused() { return absl::UnimplementedError("not the publisher's business"); }

  FakeStorage* const calendar_;
  std::atomic<bool> forgot_ = false;
};

KeySet TestKeys() {
  const TestTrust& trust = TestTrust::Get();
  return {trust.root,
          {trust.publisher, trust.publisher_key},
          {trust.calendar, trust.calendar_key},
          trust.constraint()};
}

class PublisherTest : public ::testing::Test {
 protected:
  PublisherOptions Options() {
    return {.data_dir = dir_.path(),
            .every = absl::Seconds(kEvery),
            .repository_uri = "https://example.com/publications.bin",
            .keys = TestKeys()};
  }
  absl::StatusOr<std::unique_ptr<Publisher>> Start() { return Start(Options()); }
  absl::StatusOr<std::unique_ptr<Publisher>> Start(PublisherOptions options) {
    return StartPublisher(std::move(options), &core_, &calendar_, &clock_);
  }
  void Append(std::uint64_t t) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto preview, calendar_.Preview(t, TestImprint(t)));
    PITSER_ASSERT_OK(calendar_.Apply(preview));
  }
  void GoTo(std::uint64_t t) {
    clock_.Advance(absl::FromUnixSeconds(static_cast<std::int64_t>(t)) - clock_.Now());
  }
  // Time passes while the publisher's thread watches; returns when it has done its work.
  void LetPass(std::uint64_t until) {
    clock_.AwaitBlocked();
    GoTo(until);
    clock_.AwaitBlocked();
  }
  std::string Path() { return dir_ / "trust/publications.bin"; }
  PublicationsFile OnDisk() {
    const std::string bytes = ValueOf(base::ReadFile(Path(), ledger::kMaxPublicationsFileSize));
    return ValueOf(PublicationsFile::Parse(ledger::ToVector(AsBytes(bytes))));
  }
  std::vector<std::uint64_t> TimesOnDisk() {
    std::vector<std::uint64_t> times;
    const PublicationsFile file = OnDisk();
    for (const auto& record : file.content().publications) times.push_back(record.data.time);
    return times;
  }
  // Whether what is on disk is what a verifier takes, and what the publisher hands out.
  void ExpectGood(const Publisher& publisher) {
    const PublicationsFile file = OnDisk();
    EXPECT_TRUE(ledger::Equal(file.bytes(), publisher.file()->bytes()));
    PITSER_EXPECT_OK(ledger::VerifyPublicationsFile(file, std::vector{TestTrust::Get().root},
                                                    std::vector{TestTrust::Get().constraint()},
                                                    file.content().creation_time));
    for (const auto& record : file.content().publications) {
      EXPECT_EQ(calendar_.Root(record.data.time).value(), record.data.hash);
    }
  }

  const TempFolder dir_;
  FakeClock clock_{absl::FromUnixSeconds(kStart + 5)};
  FakeStorage calendar_;
  StandInCore core_{&calendar_, &clock_};
};

TEST_F(PublisherTest, FirstFileHasTheCertificateAndNoPublication) {
  EXPECT_EQ(ValueOf(NewestPublicationTime(dir_.path())), std::nullopt);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  ExpectGood(*publisher);
  const auto file = publisher->file();
  EXPECT_TRUE(file->content().publications.empty());
  ASSERT_EQ(file->content().certificates.size(), 1u);
  EXPECT_EQ(file->content().certificates[0].der, TestTrust::Get().calendar.der());
  EXPECT_EQ(file->content().creation_time, kStart + 5);
  EXPECT_EQ(file->content().repository_uri, "https://example.com/publications.bin");
  EXPECT_EQ(ValueOf(NewestPublicationTime(dir_.path())), std::nullopt);
  EXPECT_EQ(core_.calls(), 0);
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
}

TEST_F(PublisherTest, PublishesEachBoundaryWhenItsSecondIsOver) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  Append(kStart + 50);
  LetPass(kStart + 100);  // The boundary's second has begun.
  EXPECT_TRUE(TimesOnDisk().empty());
  LetPass(kStart + 101);  // It is over.
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 100}));
  EXPECT_EQ(calendar_.head(), kStart + 100);
  LetPass(kStart + 150);
  EXPECT_EQ(TimesOnDisk().size(), 1u);
  LetPass(kStart + 201);
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 100, kStart + 200}));
  ExpectGood(*publisher);
  PITSER_EXPECT_OK(publisher->Health());
  EXPECT_EQ(ValueOf(NewestPublicationTime(dir_.path())), kStart + 200);
}

TEST_F(PublisherTest, MakesUpForMissedBoundariesAtStart) {
  ValueOf(Start())->Stop();
  GoTo(kStart + 350);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 100, kStart + 200, kStart + 300}));
  EXPECT_EQ(core_.calls(), 1);  // Made final together, signed once.
  ExpectGood(*publisher);
  publisher->Stop();
  GoTo(kStart + 400);  // Has begun only.
  PITSER_ASSERT_OK_AND_ASSIGN(const auto again, Start());
  EXPECT_EQ(TimesOnDisk().size(), 3u);
}

TEST_F(PublisherTest, MakesUpForTheNewestThousandOnly) {
  ValueOf(Start())->Stop();
  GoTo(kStart + 5000 * kEvery + 1);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  const std::vector<std::uint64_t> times = TimesOnDisk();
  ASSERT_EQ(times.size(), kMaxMadeUpPublications);
  EXPECT_EQ(times.front(), kStart + (5000 - kMaxMadeUpPublications + 1) * kEvery);
  EXPECT_EQ(times.back(), kStart + 5000 * kEvery);
}

TEST_F(PublisherTest, MakesUpWhenTheClockJumpsAhead) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  LetPass(kStart + 301);
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 100, kStart + 200, kStart + 300}));
}

TEST_F(PublisherTest, PublishNowTakesTheNewestSecondThatIsOver) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  Append(kStart + 3);
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationData data, publisher->PublishNow());
  EXPECT_EQ(data.time, kStart + 4);
  EXPECT_EQ(data.hash, calendar_.Root(kStart + 4).value());
  EXPECT_NE(OnDisk().FindPublication(data), nullptr);
  // The same second again is the same publication.
  const ledger::ByteVector before = ledger::ToVector(OnDisk().bytes());
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationData again, publisher->PublishNow());
  EXPECT_EQ(again, data);
  EXPECT_TRUE(ledger::Equal(OnDisk().bytes(), before));
  // The schedule goes on.
  LetPass(kStart + 101);
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 4, kStart + 100}));
  ExpectGood(*publisher);
}

TEST_F(PublisherTest, PublishNowLeavesNoBoundaryOut) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  core_.Fail(absl::UnavailableError("the clock is not right"));
  LetPass(kStart + 101);
  EXPECT_THAT(publisher->Health(), StatusIs(StatusCode::kUnavailable));
  core_.Fail(absl::OkStatus());
  GoTo(kStart + 106);  // Before the schedule tries again.
  PITSER_EXPECT_OK(publisher->PublishNow());
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 100, kStart + 105}));
}

TEST_F(PublisherTest, PublishNowRefusesWhenItCannot) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  core_.Fail(absl::UnavailableError("signing is stopped"));
  EXPECT_THAT(publisher->PublishNow(), StatusIs(StatusCode::kUnavailable, "signing is stopped"));
  core_.Fail(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_THAT(publisher->PublishNow(), StatusIs(StatusCode::kResourceExhausted));
  core_.Fail(absl::OkStatus());
  EXPECT_TRUE(TimesOnDisk().empty());
  PITSER_EXPECT_OK(publisher->PublishNow());
  clock_.SetWall(absl::FromUnixSeconds(kStart));
  EXPECT_THAT(publisher->PublishNow(),
              StatusIs(StatusCode::kUnavailable, "before the newest publication"));
  publisher->Stop();
  EXPECT_THAT(publisher->PublishNow(), StatusIs(StatusCode::kUnavailable, "shutting down"));
  EXPECT_EQ(TimesOnDisk().size(), 1u);
}

TEST_F(PublisherTest, TriesAgainAfterAFailure) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  core_.Fail(absl::ResourceExhaustedError("the disk is full"));
  LetPass(kStart + 101);
  EXPECT_THAT(publisher->Health(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_TRUE(TimesOnDisk().empty());
  core_.Fail(absl::OkStatus());
  LetPass(kStart + 111);
  PITSER_EXPECT_OK(publisher->Health());
  EXPECT_EQ(TimesOnDisk(), (std::vector<std::uint64_t>{kStart + 100}));
}

TEST_F(PublisherTest, ServesNothingThatIsNotOnDisk) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  // A folder of that name lets the write fail.
  std::filesystem::create_directory(Path() + ".tmp");
  EXPECT_THAT(publisher->PublishNow(), ::testing::Not(IsOk()));
  EXPECT_EQ(publisher->file()->LatestPublication(), nullptr);
  std::filesystem::remove(Path() + ".tmp");
  PITSER_EXPECT_OK(publisher->PublishNow());
  ExpectGood(*publisher);
}

TEST_F(PublisherTest, KeepsEveryCertificateItEverListed) {
  ValueOf(Start())->Stop();
  PublisherOptions options = Options();
  options.keys.calendar.certificate =
      testing::IssueCalendarCertificate(TestTrust::Get().calendar_key, kStart, kStart + kTestDay);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start(options));
  ASSERT_EQ(OnDisk().content().certificates.size(), 2u);
  EXPECT_EQ(OnDisk().content().certificates[0].der, TestTrust::Get().calendar.der());
  EXPECT_EQ(OnDisk().content().certificates[1].der, options.keys.calendar.certificate.der());
  ExpectGood(*publisher);
  publisher->Stop();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto again, Start());
  EXPECT_EQ(OnDisk().content().certificates.size(), 2u);
}

TEST_F(PublisherTest, ListsANewCertificateWhileRunning) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  KeySet keys = TestKeys();
  keys.calendar.certificate = testing::IssueCalendarCertificate(
      keys.calendar.key, kStart - kTestDay, kStart + 100 * kTestDay);
  clock_.Advance(absl::Seconds(5));
  PITSER_ASSERT_OK(publisher->UseKeys(keys));
  const auto file = publisher->file();
  ASSERT_EQ(file->content().certificates.size(), 2u);
  EXPECT_EQ(file->content().certificates[0].der, TestTrust::Get().calendar.der());
  EXPECT_EQ(file->content().certificates[1].der, keys.calendar.certificate.der());
  EXPECT_EQ(file->content().creation_time, absl::ToUnixSeconds(clock_.Now()));
  // Nothing new is nothing to write.
  clock_.Advance(absl::Seconds(5));
  PITSER_ASSERT_OK(publisher->UseKeys(keys));
  EXPECT_EQ(publisher->file(), file);
}

TEST_F(PublisherTest, SignsAnewWhatItsSignerIsNotValidForNow) {
  const TestTrust& trust = TestTrust::Get();
  KeySet ahead = TestKeys();
  ledger::CertificateRequest request;
  request.common_name = "Publisher of the future";
  request.email = trust.constraint().value;
  request.not_before = kStart + kTestDay;
  request.not_after = kStart + 2 * kTestDay;
  ahead.publications_signer.certificate =
      ValueOf(ledger::IssueCertificate(request, trust.publisher_key, &trust.root, trust.root_key));
  PublisherOptions options = Options();
  options.keys = ahead;
  clock_.SetWall(absl::FromUnixSeconds(kStart + kTestDay + 10));
  PITSER_ASSERT_OK(Start(options));
  clock_.SetWall(absl::FromUnixSeconds(kStart + 1));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  EXPECT_THAT(ledger::VerifyPublicationsFile(*publisher->file(), std::span(&trust.root, 1),
                                             std::vector{trust.constraint()}, kStart + 1),
              IsOk());
  // And the schedule does not wait for a time that a wrong clock showed.
  clock_.Advance(absl::Seconds(kEvery));
  clock_.AwaitBlocked();
  EXPECT_EQ(publisher->file()->content().publications.size(), 1u);
}

TEST_F(PublisherTest, SignsNothingUnderAnExpiredCertificate) {
  const std::uint64_t end = TestTrust::Get().publisher.not_after();
  ValueOf(Start())->Stop();
  GoTo(end + 1);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  EXPECT_THAT(publisher->Health(), StatusIs(StatusCode::kUnavailable, "is not valid now"));
  EXPECT_THAT(publisher->PublishNow(), StatusIs(StatusCode::kUnavailable, "is not valid now"));
  EXPECT_TRUE(TimesOnDisk().empty());
  std::filesystem::remove_all(dir_.path());  // As on a first start.
  PITSER_ASSERT_OK(base::MakeDirectory(dir_.path(), 0755));
  FakeStorage fresh;
  EXPECT_THAT(StartPublisher(Options(), &core_, &fresh, &clock_),
              StatusIs(StatusCode::kUnavailable, "is not valid now"));
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(PublisherTest, RefusesACalendarThatContradictsAPublication) {
  ValueOf(ValueOf(Start())->PublishNow());
  // Another calendar: the same seconds, another leaf.
  FakeStorage other;
  const auto preview = ValueOf(other.Preview(kStart + 3, TestImprint(7)));
  PITSER_ASSERT_OK(other.Apply(preview));
  PITSER_ASSERT_OK(other.AdvanceHead(kStart + 4));
  EXPECT_THAT(StartPublisher(Options(), &core_, &other, &clock_),
              StatusIs(StatusCode::kDataLoss, "not the one that was published"));
  // An old backup of it.
  FakeStorage old;
  PITSER_ASSERT_OK(old.AdvanceHead(kStart + 3));
  EXPECT_THAT(StartPublisher(Options(), &core_, &old, &clock_),
              StatusIs(StatusCode::kDataLoss, "the calendar ends before it"));
  PITSER_EXPECT_OK(Start());
}

TEST_F(PublisherTest, StopsForGoodWhenTheCalendarIsDamaged) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  core_.Fail(absl::DataLossError("the calendar is damaged"));
  clock_.AwaitBlocked();
  GoTo(kStart + 101);
  while (publisher->Health().ok()) std::this_thread::yield();
  EXPECT_THAT(publisher->Health(), StatusIs(StatusCode::kDataLoss));
  core_.Fail(absl::OkStatus());
  EXPECT_THAT(publisher->PublishNow(), StatusIs(StatusCode::kDataLoss));
  EXPECT_TRUE(TimesOnDisk().empty());
}

TEST_F(PublisherTest, StopsForGoodWhenTheCalendarContradictsWhatWasPublished) {
  ForgetfulCalendar calendar(&calendar_);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher,
                              StartPublisher(Options(), &core_, &calendar, &clock_));
  LetPass(kStart + 101);
  EXPECT_EQ(TimesOnDisk().size(), 1u);
  calendar.Forget();
  EXPECT_EQ(ValueOf(publisher->PublishNow()).time, kStart + 100);  // Stands on disk.
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(publisher->PublishNow(),
              StatusIs(StatusCode::kDataLoss, "not the one that was published"));
  EXPECT_THAT(publisher->Health(), StatusIs(StatusCode::kDataLoss));
  EXPECT_EQ(TimesOnDisk().size(), 1u);
}

TEST_F(PublisherTest, RefusesToMakeAnEmptyFileInPlaceOfALostOne) {
  const PublicationData data = ValueOf(ValueOf(Start())->PublishNow());
  std::filesystem::remove(Path());
  EXPECT_THAT(Start(),
              StatusIs(StatusCode::kFailedPrecondition, "pitserd publications restore --data"));
  EXPECT_FALSE(std::filesystem::exists(Path()));
  EXPECT_EQ(ValueOf(NewestPublicationTime(dir_.path())), data.time);

  // Damaged counts the same.
  PITSER_ASSERT_OK(base::WriteFileDurably(Path(), AsBytes("KSIPUBLF"), 0644));
  EXPECT_THAT(Start(), StatusIs(StatusCode::kInvalidArgument, "pitserd publications restore"));
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile restored,
                              RestorePublicationsFile(dir_.path(), TestKeys(), kStart + 60));
  EXPECT_NE(restored.FindPublication(data), nullptr);
  EXPECT_TRUE(std::filesystem::exists(Path() + ".damaged"));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  ExpectGood(*publisher);
  EXPECT_NE(OnDisk().FindPublication(data), nullptr);

  // With the store gone too, nothing here knows what was published.
  publisher->Stop();
  std::filesystem::remove(Path());
  std::filesystem::remove(PublicationStorePath(dir_.path()));
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition, "whoever verifies has one"));
  EXPECT_THAT(RestorePublicationsFile(dir_.path(), TestKeys(), kStart),
              StatusIs(StatusCode::kFailedPrecondition, "whoever verifies has one"));
}

TEST_F(PublisherTest, AnOlderFileThatIsPutBackTakesNothingBack) {
  ValueOf(Start())->Stop();
  const ledger::ByteVector older = ledger::ToVector(OnDisk().bytes());
  const PublicationData data = ValueOf(ValueOf(Start())->PublishNow());
  PITSER_ASSERT_OK(base::WriteFileDurably(Path(), older, 0644));
  EXPECT_EQ(ValueOf(NewestPublicationTime(dir_.path())), data.time);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  EXPECT_NE(OnDisk().FindPublication(data), nullptr);
  ExpectGood(*publisher);
  // While it runs, the next publication has all again.
  PITSER_ASSERT_OK(base::WriteFileDurably(Path(), older, 0644));
  clock_.Advance(absl::Seconds(1));
  PITSER_ASSERT_OK(publisher->PublishNow());
  EXPECT_EQ(TimesOnDisk().size(), 2U);
}

TEST_F(PublisherTest, AFolderOfBeforeTheStoreGetsOne) {
  const PublicationData data = ValueOf(ValueOf(Start())->PublishNow());
  const ledger::ByteVector before = ledger::ToVector(OnDisk().bytes());
  std::filesystem::remove(PublicationStorePath(dir_.path()));
  ValueOf(Start())->Stop();
  EXPECT_TRUE(ledger::Equal(OnDisk().bytes(), before));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto store,
                              PublicationStore::Open(PublicationStorePath(dir_.path())));
  EXPECT_EQ(store->newest(), data.time);
}

// A crash came after the store was written, and before the file was.
TEST_F(PublisherTest, AFileThatLagsTheStoreIsCompleted) {
  ValueOf(Start())->Stop();
  PITSER_ASSERT_OK(calendar_.AdvanceHead(kStart + 4));
  const PublicationData data{kStart + 4, ValueOf(calendar_.Root(kStart + 4))};
  {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto store,
                                PublicationStore::Open(PublicationStorePath(dir_.path())));
    ledger::PublicationsFileContent content;
    content.publications.push_back({data, {}, {}});
    PITSER_ASSERT_OK(store->Keep(content));
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  EXPECT_NE(OnDisk().FindPublication(data), nullptr);
  EXPECT_EQ(ValueOf(publisher->PublishNow()), data);
  ExpectGood(*publisher);
}

TEST_F(PublisherTest, RefusesFilesThatAreNotItsOwn) {
  const TestTrust& trust = TestTrust::Get();
  PITSER_ASSERT_OK(base::MakeDirectory(dir_ / "trust", 0755));
  const auto put = [&](ledger::Bytes bytes) {
    PITSER_ASSERT_OK(base::WriteFileDurably(Path(), bytes, 0644));
  };
  put(AsBytes("KSIPUBLF and nothing else"));
  EXPECT_THAT(Start(), StatusIs(StatusCode::kInvalidArgument, Path()));
  EXPECT_THAT(NewestPublicationTime(dir_.path()), StatusIs(StatusCode::kInvalidArgument, Path()));
  put(AsBytes(""));
  EXPECT_THAT(Start(), StatusIs(StatusCode::kInvalidArgument, Path()));

  ledger::PublicationsFileContent content;
  content.creation_time = kStart;
  const auto foreign =
      ValueOf(ledger::BuildPublicationsFile(content, trust.calendar, trust.calendar_key, kStart));
  put(foreign.bytes());  // Of the same root, by somebody who is not the publisher.
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition, "not signed by this server's"));

  std::filesystem::remove(Path());
  ValueOf(Start())->Stop();  // The calendar is empty: a first start.
  ledger::ByteVector added = ledger::ToVector(OnDisk().bytes());
  added[40] ^= 1;  // In the repository URI.
  put(added);
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition, "not signed by this server's"));
}

// Their number does not matter to what is published next.
TEST_F(PublisherTest, GoesOnAfterAsManyPublicationsAsAHundredYearsHaveDays) {
  constexpr std::uint64_t kDays = 36'525;
  {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
    for (std::uint64_t i = 0; i < 20; ++i) {  // Those that are held against the calendar.
      GoTo(kStart + 6 + i);
      PITSER_ASSERT_OK(publisher->PublishNow());
    }
  }
  ledger::PublicationsFileContent content = OnDisk().content();
  const std::size_t own = content.publications.size();
  for (std::uint64_t i = 1; i <= kDays; ++i) {
    content.publications.push_back({{kStart - i * (kTestDay / 2), TestImprint(i)}, {}, {}});
  }
  const TestTrust& trust = TestTrust::Get();
  PITSER_ASSERT_OK_AND_ASSIGN(
      const PublicationsFile file,
      ledger::BuildPublicationsFile(content, trust.publisher, trust.publisher_key, kStart));
  PITSER_ASSERT_OK(base::WriteFileDurably(Path(), file.bytes(), 0644));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  GoTo(kStart + 50);
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationData published, publisher->PublishNow());
  EXPECT_EQ(published.time, kStart + 49);
  EXPECT_EQ(OnDisk().content().publications.size(), own + kDays + 1);
  EXPECT_EQ(OnDisk().LatestPublication()->data, published);
}

TEST_F(PublisherTest, RefusesSchedulesThatAreNone) {
  for (absl::Duration every : {absl::ZeroDuration(), absl::Seconds(-1), absl::Milliseconds(1500),
                               absl::Milliseconds(1), absl::InfiniteDuration()}) {
    PublisherOptions options = Options();
    options.every = every;
    EXPECT_THAT(Start(std::move(options)), StatusIs(StatusCode::kInvalidArgument)) << every;
  }
}

TEST_F(PublisherTest, ManyThreadsPublishAndRead) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publisher, Start());
  clock_.AwaitBlocked();
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::uint64_t newest = 0;
    while (!done) {
      const auto file = publisher->file();
      const auto* latest = file->LatestPublication();
      if (latest == nullptr) continue;
      EXPECT_GE(latest->data.time, newest);  // Never goes back.
      newest = latest->data.time;
    }
  });
  std::vector<std::thread> publishers;
  for (int i = 0; i < 3; ++i) {
    publishers.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        clock_.Advance(absl::Seconds(7));
        // Another thread's clock may have moved on in between; that is all that may be wrong.
        PITSER_EXPECT_OK(publisher->PublishNow());
      }
    });
  }
  for (std::thread& thread : publishers) thread.join();
  done = true;
  reader.join();
  clock_.AwaitBlocked();
  publisher->Stop();
  const std::vector<std::uint64_t> times = TimesOnDisk();
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_EQ(std::ranges::adjacent_find(times), times.end());
  for (std::uint64_t boundary : {100u, 200u, 300u, 400u}) {
    EXPECT_TRUE(std::ranges::binary_search(times, kStart + boundary)) << boundary;
  }
  ExpectGood(*publisher);
}

}  // namespace
}  // namespace pitser::server
