// The calls that read the ledger as streams, over a real connection and from a calendar on disk
// whose reading a test can hold up and make fail.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <deque>
#include <map>
#include <thread>

#include "gtest/gtest.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "server/extender/calendar_extender.h"
#include "server/gateway/grpc/gateway.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::server {
namespace {

using ::pitser::testing::FakeClock;
using ::pitser::testing::kTestTime;
using ::pitser::testing::TestImprint;
using ::pitser::testing::TestTrust;
using ::pitser::testing::ValueOf;

constexpr std::size_t kMaxMessage = std::size_t{1} << 20;

class NoAggregator final : public Aggregator {
 public:
  absl::Status Enqueue(std::unique_ptr<PendingRequest>&) override {
    return absl::UnavailableError("not in this test");
  }
  ledger::Level max_level() const override { return 255; }
  absl::Status CheckHash(const ledger::Imprint&, ledger::Level) const override {
    return absl::OkStatus();
  }
  void CloseIntake() override {}
  void Stop() override {}
};

class FakePublications final : public Publications {
 public:
  std::shared_ptr<const ledger::PublicationsFile> file() const override { return file_; }

  void Set(const std::vector<ledger::PublicationRecord>& records) {
    file_ = std::make_shared<const ledger::PublicationsFile>(
        pitser::testing::MakePublicationsFile({TestTrust::Get().calendar_record()}, records));
  }

 private:
  std::shared_ptr<const ledger::PublicationsFile> file_;
};

// The real calendar, with a hand on its reads of ranges.
class HeldCalendar final : public storage::Calendar {
 public:
  explicit HeldCalendar(std::unique_ptr<storage::Calendar> calendar)
      : calendar_(std::move(calendar)) {}

  std::optional<std::uint64_t> head() const override { return calendar_->head(); }
  absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override {
    return calendar_->Node(level, index);
  }
  absl::StatusOr<storage::CalendarPreview> Preview(std::uint64_t t,
                                                   const ledger::Imprint& leaf) const override {
    return calendar_->Preview(t, leaf);
  }
  absl::Status Apply(const storage::CalendarPreview& preview) override {
    return calendar_->Apply(preview);
  }
  absl::Status AdvanceHead(std::uint64_t t) override { return calendar_->AdvanceHead(t); }
  absl::StatusOr<std::optional<ledger::Imprint>> Leaf(std::uint64_t t) const override {
    return calendar_->Leaf(t);
  }
  absl::Status VisitLeaves(
      std::uint64_t first, std::uint64_t last,
      const std::function<bool(std::uint64_t, const ledger::Imprint&)>& visit) const override {
    {
      base::MutexLock lock(mu_);
      ++ranges_;
      changed_.SignalAll();
      while (held_) changed_.Wait(mu_);
      if (ranges_ > good_ranges_) return absl::DataLossError("a leaf is damaged");
    }
    return calendar_->VisitLeaves(first, last, visit);
  }
  absl::StatusOr<ledger::Imprint> Root(std::uint64_t publication_time) const override {
    return calendar_->Root(publication_time);
  }
  absl::StatusOr<ledger::CalendarHashChain> Chain(std::uint64_t t,
                                                  std::uint64_t publication_time) const override {
    return calendar_->Chain(t, publication_time);
  }
  absl::Status BulkLoad(
      const std::function<std::optional<std::pair<std::uint64_t, ledger::Imprint>>()>& next,
      std::uint64_t head) override {
    return calendar_->BulkLoad(next, head);
  }

  void Hold(bool held) {
    base::MutexLock lock(mu_);
    held_ = held;
    changed_.SignalAll();
  }
  void AwaitRanges(int count) {
    base::MutexLock lock(mu_);
    while (ranges_ < count) changed_.Wait(mu_);
  }
  int ranges() const {
    base::MutexLock lock(mu_);
    return ranges_;
  }
  void FailAfter(int ranges) {
    base::MutexLock lock(mu_);
    good_ranges_ = ranges;
  }

 private:
  const std::unique_ptr<storage::Calendar> calendar_;
  mutable base::Mutex mu_;
  mutable base::CondVar changed_;
  mutable int ranges_ PITSER_GUARDED_BY(mu_) = 0;  // Asked for so far.
  int good_ranges_ PITSER_GUARDED_BY(mu_) = 1 << 30;
  bool held_ PITSER_GUARDED_BY(mu_) = false;
};

// What a client makes of a stream of leaves: holds it to the contract, second by second.
class LeafReader {
 public:
  LeafReader(const std::shared_ptr<grpc::Channel>& channel,
             const v1::StreamCalendarLeavesRequest& request)
      : next_(request.first_time()), stub_(v1::Calendar::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    reader_ = stub_->StreamCalendarLeaves(&context_, request);
  }

  // One more message; false when the stream has ended.
  bool Read() {
    v1::StreamCalendarLeavesResponse message;
    if (!reader_->Read(&message)) return false;
    ++messages_;
    EXPECT_LE(message.ByteSizeLong(), kMaxMessage);
    EXPECT_GT(message.runs_size(), 0);
    for (const v1::CalendarRun& run : message.runs()) Take(run);
    return true;
  }
  // Until everything up to `last` is told.
  void ReadThrough(std::uint64_t last) {
    while (next_ <= last) ASSERT_TRUE(Read());
  }
  grpc::Status ReadAll() {
    while (Read()) {
    }
    return Finish();
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_.TryCancel(); }
  std::string Limit() const {
    const auto& metadata = context_.GetServerTrailingMetadata();
    const auto it = metadata.find("pitser-limit");
    return it == metadata.end() ? "" : std::string(it->second.data(), it->second.size());
  }

  std::uint64_t next() const { return next_; }  // The first second that was not told.
  const std::map<std::uint64_t, ledger::Imprint>& leaves() const { return leaves_; }
  // Of the empty runs.
  const std::vector<std::pair<std::uint64_t, std::uint64_t>>& gaps() const { return gaps_; }
  int messages() const { return messages_; }

 private:
  void Take(const v1::CalendarRun& run) {
    EXPECT_EQ(run.first_time(), next_);
    ASSERT_GT(run.seconds(), 0u);
    next_ = run.first_time() + run.seconds();
    ledger::Bytes rest = ledger::AsBytes(run.leaves());
    if (rest.empty()) {
      gaps_.emplace_back(run.first_time(), run.seconds());
      return;
    }
    for (std::uint64_t t = run.first_time(); t < next_; ++t) {
      ASSERT_FALSE(rest.empty());
      const std::size_t size = 1 + ledger::DigestSize(ledger::HashAlgorithm{rest[0]});
      ASSERT_GE(rest.size(), size);
      leaves_.emplace(t, ValueOf(ledger::Imprint::Parse(rest.first(size))));
      rest = rest.subspan(size);
    }
    EXPECT_TRUE(rest.empty());
  }

  std::uint64_t next_;
  std::map<std::uint64_t, ledger::Imprint> leaves_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps_;
  int messages_ = 0;
  const std::unique_ptr<v1::Calendar::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamCalendarLeavesResponse>> reader_;
};

class ReadStreamsTest : public ::testing::Test {
 protected:
  ReadStreamsTest() {
    storage::CalendarOptions options;
    options.on_head = [this](std::uint64_t head) { head_watch_.Moved(head); };
    calendar_.emplace(ValueOf(storage::Calendar::Open(folder_.path() + "/calendar", options)));
    extender_.emplace(&*calendar_);
    publications_.Set({});
    options_.listen = *net::ParseEndpoint("127.0.0.1:0", true);
  }
  ~ReadStreamsTest() override {
    calendar_->Hold(false);
    gateway_.reset();
  }

  void Start() {
    gateway_ = ValueOf(GrpcGateway::Start(
        options_, {&clock_, &aggregator_, &*extender_, &*calendar_, &publications_, &head_watch_,
                   GrpcGatewayParts::Trust{TestTrust::Get().root, TestTrust::Get().constraint()}}));
    channel_ = Connect();
  }
  std::shared_ptr<grpc::Channel> Connect() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // Else gRPC takes in more and more for a client that does not read.
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return grpc::CreateCustomChannel(gateway_->endpoint().ToString(),
                                     grpc::InsecureChannelCredentials(), arguments);
  }
  // Leaves of `count` seconds from `first` on, each `step` after the one before.
  void Load(std::uint64_t first, std::uint64_t count, std::uint64_t step = 1) {
    std::uint64_t i = 0;
    PITSER_ASSERT_OK(calendar_->BulkLoad(
        [&]() -> std::optional<std::pair<std::uint64_t, ledger::Imprint>> {
          if (i == count) return std::nullopt;
          const std::uint64_t t = first + step * i++;
          return std::pair(t, TestImprint(t));
        },
        first + step * (count - 1)));
  }
  void Append(std::uint64_t t) {
    const auto preview = ValueOf(calendar_->Preview(t, TestImprint(t)));
    PITSER_ASSERT_OK(calendar_->Apply(preview));
  }
  static v1::StreamCalendarLeavesRequest Range(std::uint64_t first) {
    v1::StreamCalendarLeavesRequest request;
    request.set_first_time(first);
    return request;
  }
  static v1::StreamCalendarLeavesRequest Range(std::uint64_t first, std::uint64_t last) {
    v1::StreamCalendarLeavesRequest request = Range(first);
    request.set_last_time(last);
    return request;
  }
  static v1::StreamCalendarLeavesRequest Follow(v1::StreamCalendarLeavesRequest request) {
    request.set_follow(true);
    return request;
  }
  LeafReader Read(const v1::StreamCalendarLeavesRequest& request) const {
    return LeafReader(channel_, request);
  }
  void ExpectEnd(const v1::StreamCalendarLeavesRequest& request, grpc::StatusCode code,
                 const std::string& text) const {
    LeafReader reader = Read(request);
    const grpc::Status status = reader.ReadAll();
    EXPECT_EQ(status.error_code(), code) << request.ShortDebugString();
    EXPECT_NE(status.error_message().find(text), std::string::npos) << status.error_message();
    EXPECT_EQ(reader.messages(), 0);
  }

  pitser::testing::TempFolder folder_;
  FakeClock clock_{absl::FromUnixSeconds(kTestTime)};
  NoAggregator aggregator_;
  HeadWatch head_watch_;
  std::optional<HeldCalendar> calendar_;
  std::optional<CalendarExtender> extender_;
  FakePublications publications_;
  GrpcGatewayOptions options_;
  std::unique_ptr<GrpcGateway> gateway_;
  std::shared_ptr<grpc::Channel> channel_;
};

using LeavesTest = ReadStreamsTest;

TEST_F(LeavesTest, ARangeIsToldWholeAndInPieces) {
  constexpr std::uint64_t kCount = 40'000;
  Load(kTestTime, kCount);
  Start();
  LeafReader reader = Read(Range(kTestTime + 1, kTestTime + kCount - 2));
  ASSERT_TRUE(reader.ReadAll().ok());
  EXPECT_EQ(reader.next(), kTestTime + kCount - 1);
  EXPECT_EQ(reader.leaves().size(), kCount - 2);
  for (const auto& [t, leaf] : reader.leaves()) ASSERT_EQ(leaf, TestImprint(t)) << t;
  EXPECT_TRUE(reader.gaps().empty());
  EXPECT_GE(reader.messages(), 2);
}

TEST_F(LeavesTest, AnEmptyStretchIsOneRunHoweverLong) {
  Load(kTestTime, 10'000, 3);
  PITSER_ASSERT_OK(calendar_->AdvanceHead(kTestTime + 1'000'000));
  Start();
  LeafReader reader = Read(Range(0));
  ASSERT_TRUE(reader.ReadAll().ok());
  EXPECT_EQ(reader.next(), kTestTime + 1'000'001);
  EXPECT_EQ(reader.leaves().size(), 10'000u);
  ASSERT_EQ(reader.gaps().size(), 10'001u);
  EXPECT_EQ(reader.gaps().front(), std::pair(std::uint64_t{0}, kTestTime));
  EXPECT_EQ(reader.gaps()[1], std::pair(kTestTime + 1, std::uint64_t{2}));
  EXPECT_EQ(reader.gaps().back(),
            std::pair(kTestTime + 3 * 9'999 + 1, std::uint64_t{1'000'000 - 3 * 9'999}));
  EXPECT_GE(reader.messages(), 2);
}

TEST_F(LeavesTest, OneSecondIsARangeToo) {
  Load(kTestTime, 2, 2);
  Start();
  for (const std::uint64_t t : {kTestTime - 1, kTestTime, kTestTime + 1, kTestTime + 2}) {
    LeafReader reader = Read(Range(t, t));
    ASSERT_TRUE(reader.ReadAll().ok());
    EXPECT_EQ(reader.next(), t + 1);
    EXPECT_EQ(reader.leaves().size(), (t - kTestTime) % 2 == 0 ? 1u : 0u);
  }
}

TEST_F(LeavesTest, WrongRangesAreRefused) {
  Load(kTestTime, 1);
  Start();
  ExpectEnd(Range(6, 5), grpc::StatusCode::INVALID_ARGUMENT, "first_time 6 is after last_time 5");
  ExpectEnd(Range(kTestTime + 9, kTestTime + 8), grpc::StatusCode::INVALID_ARGUMENT, "after");
  ExpectEnd(Range(kTestTime + 1), grpc::StatusCode::OUT_OF_RANGE,
            "the newest is " + std::to_string(kTestTime));
  ExpectEnd(Range(~std::uint64_t{0}), grpc::StatusCode::OUT_OF_RANGE, "the newest is");
  ExpectEnd(Follow(Range(kTestTime + 2)), grpc::StatusCode::OUT_OF_RANGE, "the newest is");
}

TEST_F(LeavesTest, AnEmptyCalendarHasNone) {
  Start();
  ExpectEnd(Range(0), grpc::StatusCode::OUT_OF_RANGE, "no second is closed yet");
  ExpectEnd(Follow(Range(1)), grpc::StatusCode::OUT_OF_RANGE, "no second is closed yet");
}

TEST_F(LeavesTest, BeyondTheHeadComesWhatThereIs) {
  Load(kTestTime, 5);
  Start();
  LeafReader reader = Read(Range(kTestTime, kTestTime + 5));
  const grpc::Status status = reader.ReadAll();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(reader.next(), kTestTime + 5);
  EXPECT_EQ(reader.leaves().size(), 5u);
}

TEST_F(LeavesTest, AFollowerSeesWhatIsClosed) {
  Load(kTestTime, 3);
  Start();
  LeafReader reader = Read(Follow(Range(kTestTime, kTestTime + 20)));
  reader.ReadThrough(kTestTime + 2);
  Append(kTestTime + 3);
  reader.ReadThrough(kTestTime + 3);
  PITSER_ASSERT_OK(calendar_->AdvanceHead(kTestTime + 6));  // As a publication does.
  reader.ReadThrough(kTestTime + 6);
  Append(kTestTime + 10);
  reader.ReadThrough(kTestTime + 10);
  EXPECT_EQ(reader.next(), kTestTime + 11);  // Nothing beyond the head.
  Append(kTestTime + 30);
  ASSERT_TRUE(reader.ReadAll().ok());  // last_time is reached.
  EXPECT_EQ(reader.next(), kTestTime + 21);
  EXPECT_EQ(reader.leaves().size(), 5u);
  EXPECT_EQ(reader.gaps(), (std::vector<std::pair<std::uint64_t, std::uint64_t>>{
                               {kTestTime + 4, 3}, {kTestTime + 7, 3}, {kTestTime + 11, 10}}));
}

TEST_F(LeavesTest, WhoHasEverythingFollowsFromTheNextSecond) {
  Load(kTestTime, 1);
  Start();
  LeafReader reader = Read(Follow(Range(kTestTime + 1)));
  Append(kTestTime + 1);
  reader.ReadThrough(kTestTime + 1);
  reader.Cancel();
  EXPECT_EQ(reader.ReadAll().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(LeavesTest, TheFirstLeafOfAllIsFollowedToo) {
  Start();
  LeafReader reader = Read(Follow(Range(0)));
  Append(kTestTime);
  reader.ReadThrough(kTestTime);
  EXPECT_EQ(reader.gaps().size(), 1u);
  EXPECT_EQ(reader.leaves().size(), 1u);
}

TEST_F(LeavesTest, ManyFollowAtOnceUpToALimitAndWhoCancelsMakesRoom) {
  options_.limits.max_calendar_streams = 20;
  Load(kTestTime, 1);
  Start();
  std::deque<LeafReader> followers;
  for (int i = 0; i < 20; ++i) {
    followers.emplace_back(channel_, Follow(Range(kTestTime)));
    followers.back().ReadThrough(kTestTime);
  }
  LeafReader refused = Read(Range(kTestTime));
  EXPECT_EQ(refused.ReadAll().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.Limit(), "max_calendar_streams");

  Append(kTestTime + 1);
  for (LeafReader& follower : followers) follower.ReadThrough(kTestTime + 1);
  followers.front().Cancel();
  EXPECT_EQ(followers.front().ReadAll().error_code(), grpc::StatusCode::CANCELLED);
  // The server hears of it a little later.
  while (Read(Range(kTestTime)).ReadAll().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
  }
  for (LeafReader& follower : followers) follower.Cancel();
}

TEST_F(LeavesTest, AShutdownEndsFollowersAndRanges) {
  Load(kTestTime, 40'000);
  Start();
  LeafReader follower = Read(Follow(Range(kTestTime + 39'999)));
  follower.ReadThrough(kTestTime + 39'999);
  // It must not stand behind the range in the queue of what reads.
  while (head_watch_.waiting() == 0) std::this_thread::yield();
  calendar_->Hold(true);
  LeafReader range = Read(Range(kTestTime));
  calendar_->AwaitRanges(2);
  std::thread stop([this] { gateway_->Shutdown(absl::Seconds(60)); });
  EXPECT_EQ(follower.ReadAll().error_code(), grpc::StatusCode::UNAVAILABLE);
  calendar_->Hold(false);
  const grpc::Status status = range.ReadAll();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is shutting down");
  EXPECT_LE(range.messages(), 1);
  stop.join();
}

TEST_F(LeavesTest, WhoDoesNotReadIsEndedAndHoldsNothing) {
  options_.limits.max_calendar_streams = 1;
  Load(kTestTime, 100'000);
  Start();
  LeafReader lazy = Read(Range(kTestTime));
  calendar_->AwaitRanges(1);
  // Time passes until its place is free; a deadline of its own would end the test.
  grpc::Status other;
  do {
    clock_.Advance(absl::Seconds(31));
    other = LeafReader(channel_, Range(kTestTime, kTestTime)).ReadAll();
  } while (other.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(other.ok()) << other.error_message();
  EXPECT_LT(calendar_->ranges(), 10);  // It was not read for in advance.
  const grpc::Status status = lazy.ReadAll();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_NE(status.error_message().find("stream_stall_ms"), std::string::npos)
      << status.error_message();
  EXPECT_LT(lazy.leaves().size(), 100'000u);
}

TEST_F(LeavesTest, AWaitingFollowerIsNoSlowReader) {
  Load(kTestTime, 1);
  Start();
  LeafReader follower = Read(Follow(Range(kTestTime)));
  follower.ReadThrough(kTestTime);
  // The server hears a little later that it was read.
  while (head_watch_.waiting() == 0) std::this_thread::yield();
  for (int i = 0; i < 5; ++i) {
    clock_.AwaitBlocked();
    clock_.Advance(absl::Seconds(31));
  }
  Append(kTestTime + 1);
  follower.ReadThrough(kTestTime + 1);
}

TEST_F(LeavesTest, ReadersThatGoAwayAreNoTrouble) {
  Load(kTestTime, 40'000);
  Start();
  for (int i = 0; i < 20; ++i) {
    LeafReader reader = Read(i % 2 == 0 ? Range(kTestTime) : Follow(Range(kTestTime + 39'999)));
    EXPECT_TRUE(reader.Read());
    reader.Cancel();
    EXPECT_EQ(reader.Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  gateway_->Shutdown(absl::Seconds(60));
}

TEST_F(LeavesTest, ALongRangeHoldsUpNoOtherRead) {
  Load(kTestTime, 10);
  Start();
  calendar_->Hold(true);
  LeafReader reader = Read(Range(kTestTime));
  calendar_->AwaitRanges(1);
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::GetCalendarHeadResponse head;
    EXPECT_TRUE(v1::Calendar::NewStub(channel_)->GetCalendarHead(&context, {}, &head).ok());
  }
  calendar_->Hold(false);
  EXPECT_TRUE(reader.ReadAll().ok());
}

TEST_F(LeavesTest, DamageEndsTheStream) {
  Load(kTestTime, 40'000);
  Start();
  EXPECT_FALSE(gateway_->SawDamage());
  calendar_->FailAfter(2);
  LeafReader reader = Read(Range(kTestTime));
  const grpc::Status status = reader.ReadAll();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(status.error_message(), "a leaf is damaged");
  EXPECT_TRUE(gateway_->SawDamage());
  EXPECT_EQ(reader.messages(), 2);
}

class PublicationsTest : public ReadStreamsTest {
 protected:
  // `count` of them, ten seconds apart.
  void Publish(std::uint64_t count) {
    std::vector<ledger::PublicationRecord> records;
    for (std::uint64_t i = 0; i < count; ++i) {
      records.push_back({{kTestTime + 10 * i, TestImprint(i)}, {}, {}});
    }
    publications_.Set(records);
  }
  std::vector<v1::Publication> List(const v1::ListPublicationsRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const auto reader = v1::Publications::NewStub(channel_)->ListPublications(&context, request);
    std::vector<v1::Publication> publications;
    messages_ = 0;
    for (v1::ListPublicationsResponse message; reader->Read(&message); ++messages_) {
      EXPECT_LE(message.ByteSizeLong(), kMaxMessage);
      EXPECT_GT(message.publications_size(), 0);
      publications.insert(publications.end(), message.publications().begin(),
                          message.publications().end());
    }
    status_ = reader->Finish();
    return publications;
  }
  std::vector<std::uint64_t> TimesOf(const v1::ListPublicationsRequest& request) {
    std::vector<std::uint64_t> times;
    for (const v1::Publication& publication : List(request)) {
      times.push_back((publication.time() - kTestTime) / 10);
    }
    EXPECT_TRUE(status_.ok()) << status_.error_message();
    return times;
  }
  static v1::ListPublicationsRequest Between(std::optional<std::uint64_t> first,
                                             std::optional<std::uint64_t> last,
                                             std::uint32_t limit = 0, bool newest_first = false) {
    v1::ListPublicationsRequest request;
    if (first) request.set_first_time(*first);
    if (last) request.set_last_time(*last);
    request.set_limit(limit);
    request.set_newest_first(newest_first);
    return request;
  }

  grpc::Status status_;
  int messages_ = 0;
};

using Times = std::vector<std::uint64_t>;

TEST_F(PublicationsTest, AreToldWithEverything) {
  const ledger::PublicationData data{kTestTime, TestImprint(7)};
  publications_.Set({{data, {"Financial Times, 2026-11-15", "a wall"}, {"https://example.com"}}});
  Start();
  const auto publications = List({});
  ASSERT_TRUE(status_.ok());
  ASSERT_EQ(publications.size(), 1u);
  EXPECT_EQ(publications[0].time(), kTestTime);
  EXPECT_EQ(publications[0].imprint(), ledger::ToString(data.hash.bytes()));
  EXPECT_EQ(ValueOf(ledger::ParsePublicationCode(publications[0].code())), data);
  ASSERT_EQ(publications[0].references_size(), 2);
  EXPECT_EQ(publications[0].references(0), "Financial Times, 2026-11-15");
  EXPECT_EQ(publications[0].references(1), "a wall");
}

TEST_F(PublicationsTest, NoneAtAllIsAnEmptyStream) {
  Start();
  EXPECT_TRUE(List({}).empty());
  EXPECT_TRUE(status_.ok());
  EXPECT_EQ(messages_, 0);
}

TEST_F(PublicationsTest, ComeByTimeInTheRangeAskedFor) {
  Publish(6);
  Start();
  EXPECT_EQ(TimesOf({}), (Times{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(TimesOf(Between(kTestTime + 10, kTestTime + 30)), (Times{1, 2, 3}));
  EXPECT_EQ(TimesOf(Between(kTestTime + 11, kTestTime + 29)), (Times{2}));
  EXPECT_EQ(TimesOf(Between(kTestTime + 11, kTestTime + 19)), Times{});
  EXPECT_EQ(TimesOf(Between(kTestTime + 20, kTestTime + 20)), Times{2});
  EXPECT_EQ(TimesOf(Between(std::nullopt, 0)), Times{});
  EXPECT_EQ(TimesOf(Between(kTestTime + 51, std::nullopt)), Times{});
  EXPECT_EQ(TimesOf(Between(kTestTime + 40, std::nullopt)), (Times{4, 5}));
  EXPECT_EQ(TimesOf(Between(std::nullopt, kTestTime + 10)), (Times{0, 1}));
}

TEST_F(PublicationsTest, LimitCountsFromTheEndAskedFor) {
  Publish(6);
  Start();
  EXPECT_EQ(TimesOf(Between({}, {}, 2)), (Times{0, 1}));
  EXPECT_EQ(TimesOf(Between({}, {}, 1, true)), Times{5});
  EXPECT_EQ(TimesOf(Between({}, {}, 0, true)), (Times{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(TimesOf(Between(kTestTime + 10, kTestTime + 40, 2, true)), (Times{4, 3}));
  EXPECT_EQ(TimesOf(Between(kTestTime + 10, kTestTime + 40, 2)), (Times{1, 2}));
  EXPECT_EQ(TimesOf(Between({}, {}, 100)), (Times{0, 1, 2, 3, 4, 5}));
}

TEST_F(PublicationsTest, ARangeThatEndsBeforeItBeginsIsRefused) {
  Publish(1);
  Start();
  EXPECT_TRUE(List(Between(6, 5)).empty());
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status_.error_message(), "first_time 6 is after last_time 5");
}

TEST_F(PublicationsTest, ManyComeInManyMessages) {
  Publish(10'000);
  Start();
  const Times times = TimesOf(Between({}, {}, 0, true));
  ASSERT_EQ(times.size(), 10'000u);
  for (std::size_t i = 0; i < times.size(); ++i) ASSERT_EQ(times[i], 9'999 - i);
  EXPECT_GE(messages_, 2);
}

TEST_F(PublicationsTest, UnreadStreamsTakePlacesThatAreLimited) {
  options_.limits.max_publication_streams = 1;
  Publish(60'000);
  Start();
  grpc::ClientContext lazy;
  lazy.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto stub = v1::Publications::NewStub(channel_);
  const auto unread = stub->GetPublicationsFile(&lazy, {});
  v1::GetPublicationsFileResponse piece;
  ASSERT_TRUE(unread->Read(&piece));
  List({});
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto refused = stub->GetPublicationsFile(&context, {});
  EXPECT_FALSE(refused->Read(&piece));
  EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(context.GetServerTrailingMetadata().count("pitser-limit"), 1u);

  do {
    clock_.Advance(absl::Seconds(31));
    List(Between(kTestTime, kTestTime));
  } while (status_.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(status_.ok());
  while (unread->Read(&piece)) {
  }
  EXPECT_EQ(unread->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace pitser::server
