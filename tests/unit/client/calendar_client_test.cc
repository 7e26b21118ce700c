#include "client/calendar_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>

#include "ledger/tree/calendar_tree.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::client {
namespace {

using ledger::Imprint;
using testing::IsOk;
using testing::StatusIs;
using testing::TestImprint;
using testing::ValueOf;

using LeavesWriter = grpc::ServerWriter<v1::StreamCalendarLeavesResponse>;
using PublicationsWriter = grpc::ServerWriter<v1::ListPublicationsResponse>;

// A server that answers as a test says.
class FakeServer final : public v1::Calendar::Service,
                         public v1::Publications::Service,
                         public v1::Extender::Service {
 public:
  FakeServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(static_cast<v1::Calendar::Service*>(this));
    builder.RegisterService(static_cast<v1::Publications::Service*>(this));
    builder.RegisterService(static_cast<v1::Extender::Service*>(this));
    server_ = builder.BuildAndStart();
    endpoint_ = {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(port)};
  }
  ~FakeServer() override { server_->Shutdown(); }

  const net::Endpoint& endpoint() const { return endpoint_; }

  std::function<grpc::Status(v1::GetCalendarHeadResponse&)> on_head;
  std::function<grpc::Status(const v1::StreamCalendarLeavesRequest&, LeavesWriter&)> on_leaves;
  std::function<grpc::Status(const v1::ListPublicationsRequest&, PublicationsWriter&)> on_list;
  std::function<grpc::Status(const v1::ExtendRequest&, v1::ExtendResponse&)> on_extend;

 private:
  grpc::Status GetCalendarHead(grpc::ServerContext* /*context*/,
                               const v1::GetCalendarHeadRequest* /*request*/,
                               v1::GetCalendarHeadResponse* response) override {
    return on_head(*response);
  }
  grpc::Status StreamCalendarLeaves(grpc::ServerContext* /*context*/,
                                    const v1::StreamCalendarLeavesRequest* request,
                                    LeavesWriter* writer) override {
    return on_leaves(*request, *writer);
  }
  grpc::Status ListPublications(grpc::ServerContext* /*context*/,
                                const v1::ListPublicationsRequest* request,
                                PublicationsWriter* writer) override {
    return on_list(*request, *writer);
  }
  grpc::Status Extend(grpc::ServerContext* /*context*/, const v1::ExtendRequest* request,
                      v1::ExtendResponse* response) override {
    return on_extend(*request, *response);
  }

  net::Endpoint endpoint_;
  std::unique_ptr<grpc::Server> server_;
};

struct WireRun {
  std::uint64_t first, seconds;
  std::string leaves;
};

v1::StreamCalendarLeavesResponse Message(const std::vector<WireRun>& runs) {
  v1::StreamCalendarLeavesResponse message;
  for (const WireRun& run : runs) {
    v1::CalendarRun& added = *message.add_runs();
    added.set_first_time(run.first);
    added.set_seconds(run.seconds);
    added.set_leaves(run.leaves);
  }
  return message;
}

std::string Joined(std::initializer_list<Imprint> leaves) {
  std::string joined;
  for (const Imprint& leaf : leaves) joined += ledger::ToString(leaf.bytes());
  return joined;
}

class CalendarClientTest : public ::testing::Test {
 protected:
  CalendarClientTest() {
    ClientOptions options;
    options.channel.endpoint = server_.endpoint();
    options.environment.monotonic = [this] { return now_; };
    options.environment.sleep = [this](absl::Duration duration) { now_ += duration; };
    options.environment.random = [] { return 0.5; };
    client_ = ValueOf(CalendarClient::Create(std::move(options)));
  }

  // Has the server send one message, and takes it in as "first+seconds:leaves".
  absl::Status Stream(std::uint64_t first, std::uint64_t last, const std::vector<WireRun>& runs) {
    server_.on_leaves = [runs](const auto& /*request*/, LeavesWriter& writer) {
      writer.Write(Message(runs));
      return grpc::Status::OK;
    };
    return Visit(first, last);
  }
  absl::Status Visit(std::uint64_t first, std::uint64_t last) {
    seen_.clear();
    return client_->StreamCalendarLeaves(first, last, [this](const LeafRun& run) {
      seen_.push_back(std::to_string(run.first_time) + "+" + std::to_string(run.seconds) + ":" +
                      std::to_string(run.leaves.size()));
      return absl::OkStatus();
    });
  }

  FakeServer server_;
  absl::Duration now_;
  std::unique_ptr<CalendarClient> client_;
  std::vector<std::string> seen_;
};

TEST_F(CalendarClientTest, TellsTheHeadAndRefusesOneWithoutARoot) {
  server_.on_head = [](auto& response) {
    response.set_time(7);
    response.set_root(ledger::ToString(TestImprint(7).bytes()));
    return grpc::Status::OK;
  };
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::PublicationData head, client_->GetCalendarHead());
  EXPECT_EQ(head.time, 7u);
  EXPECT_EQ(head.hash, TestImprint(7));
  server_.on_head = [](auto& /*response*/) { return grpc::Status::OK; };
  EXPECT_THAT(client_->GetCalendarHead(),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(CalendarClientTest, VisitsRunsInTheirOrder) {
  PITSER_EXPECT_OK(Stream(5, 1'000'000'009,
                          {{5, 2, Joined({TestImprint(5), TestImprint(6)})},
                           {7, 1'000'000'002, ""},
                           {1'000'000'009, 1, Joined({TestImprint(9)})}}));
  EXPECT_THAT(seen_, ::testing::ElementsAre("5+2:2", "7+1000000002:0", "1000000009+1:1"));
}

TEST_F(CalendarClientTest, TakesLeavesOfDifferentAlgorithms) {
  const Imprint other = TestImprint(6, ledger::HashAlgorithm::kSha512);
  PITSER_EXPECT_OK(Stream(5, 6, {{5, 2, Joined({TestImprint(5), other})}}));
}

TEST_F(CalendarClientTest, RefusesRunsThatBreakTheContract) {
  const std::string one = Joined({TestImprint(1)});
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  const std::vector<std::pair<const char*, std::vector<WireRun>>> cases = {
      {"begins later", {{6, 4, ""}}},
      {"begins earlier", {{4, 6, ""}}},
      {"a hole", {{5, 1, one}, {7, 3, ""}}},
      {"an overlap", {{5, 2, ""}, {6, 4, ""}}},
      {"no second", {{5, 0, ""}}},
      {"more seconds than asked for", {{5, 6, ""}}},
      {"the largest number", {{5, kMax, ""}}},
      {"over the end", {{5, 5, ""}, {10, 1, one}}},
      {"too few leaves", {{5, 5, one}}},
      {"too many leaves", {{5, 1, one + one}}},
      {"half an imprint", {{5, 1, one.substr(1)}}},
      {"no algorithm", {{5, 1, "\x03" + std::string(32, 'x')}}},
      {"ends early", {{5, 4, ""}}},
      {"nothing", {}},
  };
  for (const auto& [what, runs] : cases) {
    EXPECT_THAT(Stream(5, 9, runs), StatusIs(absl::StatusCode::kInvalidArgument, "malformed"))
        << what;
  }
  EXPECT_THAT(Visit(9, 5), StatusIs(absl::StatusCode::kInvalidArgument, ""));
}

TEST_F(CalendarClientTest, EndsWithTheVisitorsWord) {
  server_.on_leaves = [](const auto& /*request*/, LeavesWriter& writer) {
    std::uint64_t t = 0;
    while (writer.Write(Message({{t, 1, ""}}))) ++t;  // Until the client is gone.
    return grpc::Status::OK;
  };
  const absl::Status status =
      client_->StreamCalendarLeaves(0, 1'000'000'000, [](const LeafRun& run) -> absl::Status {
        return run.first_time < 3 ? absl::OkStatus() : absl::AbortedError("enough");
      });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted, "enough"));
}

TEST_F(CalendarClientTest, GoesOnWhereAStreamBroke) {
  std::vector<std::uint64_t> asked;
  server_.on_leaves = [&](const v1::StreamCalendarLeavesRequest& request, LeavesWriter& writer) {
    asked.push_back(request.first_time());
    writer.Write(Message({{request.first_time(), 2, ""}}));
    if (request.first_time() >= 18) return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
  };
  PITSER_EXPECT_OK(Visit(0, 19));
  EXPECT_THAT(asked, ::testing::ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 16, 18));
}

TEST_F(CalendarClientTest, GivesUpOnAStreamThatBringsNothing) {
  int calls = 0;
  server_.on_leaves = [&](const auto& /*request*/, LeavesWriter& /*writer*/) {
    ++calls;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
  };
  EXPECT_THAT(Visit(0, 9), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(calls, 6);
}

TEST_F(CalendarClientTest, VisitsWhatThereIsBeforeItSaysThatTheRestIsNotThereYet) {
  server_.on_leaves = [](const auto& /*request*/, LeavesWriter& writer) {
    writer.Write(Message({{0, 5, ""}}));
    return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "the head is 4");
  };
  EXPECT_THAT(Visit(0, 9), StatusIs(absl::StatusCode::kOutOfRange, "the head is 4"));
  EXPECT_THAT(seen_, ::testing::ElementsAre("0+5:0"));
}

v1::Publication PublicationOf(std::uint64_t time) {
  const ledger::PublicationData data{.time = time, .hash = TestImprint(time)};
  v1::Publication publication;
  publication.set_time(time);
  publication.set_imprint(ledger::ToString(data.hash.bytes()));
  publication.set_code(ledger::EncodePublicationCode(data));
  publication.add_references("Gazette");
  return publication;
}

TEST_F(CalendarClientTest, ListsPublications) {
  v1::ListPublicationsRequest asked;
  server_.on_list = [&](const auto& request, PublicationsWriter& writer) {
    asked = request;
    v1::ListPublicationsResponse message;
    *message.add_publications() = PublicationOf(30);
    *message.add_publications() = PublicationOf(20);
    writer.Write(message);
    return grpc::Status::OK;
  };
  PITSER_ASSERT_OK_AND_ASSIGN(
      const auto records,
      client_->ListPublications(
          {.first_time = 10, .last_time = 30, .limit = 2, .newest_first = true}));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].data.time, 30u);
  EXPECT_EQ(records[0].data.hash, TestImprint(30));
  EXPECT_EQ(records[0].references, std::vector<std::string>{"Gazette"});
  EXPECT_EQ(asked.first_time(), 10u);
  EXPECT_EQ(asked.last_time(), 30u);
  EXPECT_EQ(asked.limit(), 2u);
  // The same in the wrong order, more than asked for, out of range.
  EXPECT_THAT(client_->ListPublications({}), StatusIs(absl::StatusCode::kInvalidArgument, "order"));
  EXPECT_THAT(client_->ListPublications({.first_time = {}, .last_time = {}, .limit = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, "more publications"));
  EXPECT_THAT(client_->ListPublications({.first_time = 31, .last_time = {}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "range"));
}

// Few publications with texts as long as a message may be.
TEST_F(CalendarClientTest, StopsReadingAListThatIsTooLong) {
  int written = 0;
  server_.on_list = [&](const auto& /*request*/, PublicationsWriter& writer) {
    v1::ListPublicationsResponse message;
    *message.add_publications() = PublicationOf(1);
    message.mutable_publications(0)->add_references(std::string(15 << 20, 'x'));
    for (written = 0; written < 100 && writer.Write(message); ++written) {
      // Each is a publication of its own.
      v1::Publication next = PublicationOf(static_cast<std::uint64_t>(written) + 2);
      next.add_references(message.publications(0).references(1));
      *message.mutable_publications(0) = std::move(next);
    }
    return grpc::Status::OK;
  };
  EXPECT_THAT(client_->ListPublications({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "a list may have"));
  EXPECT_LT(written, 30);
}

TEST_F(CalendarClientTest, RefusesMalformedPublications) {
  v1::Publication publication;
  server_.on_list = [&](const auto& /*request*/, PublicationsWriter& writer) {
    v1::ListPublicationsResponse message;
    *message.add_publications() = publication;
    writer.Write(message);
    return grpc::Status::OK;
  };
  publication = PublicationOf(30);
  publication.set_code(PublicationOf(31).code());
  EXPECT_THAT(client_->ListPublications({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "another publication"));
  publication.set_code("AAAA");
  EXPECT_THAT(client_->ListPublications({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
  publication = PublicationOf(30);
  publication.set_imprint("x");
  EXPECT_THAT(client_->ListPublications({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(CalendarClientTest, TakesOnlyTheChainThatItAskedFor) {
  testing::MemoryCalendar calendar;
  for (std::uint64_t t = 0; t < 20; ++t) PITSER_ASSERT_OK(calendar.Append(t, TestImprint(t)));
  std::uint64_t from = 7;
  server_.on_extend = [&](const v1::ExtendRequest& request, v1::ExtendResponse& response) {
    const auto chain =
        ValueOf(ledger::BuildCalendarChain(calendar, from, request.publication_time()));
    ledger::ByteVector bytes;
    ledger::WriteCalendarHashChain(bytes, chain);
    response.set_calendar_hash_chain(ledger::ToString(bytes));
    return grpc::Status::OK;
  };
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, client_->GetCalendarHashChain(7, 19));
  EXPECT_EQ(chain.input_hash, TestImprint(7));
  from = 8;
  const auto wrong = client_->GetCalendarHashChain(7, 19);
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kDataLoss, "other times"));
  EXPECT_TRUE(IsWrongAnswer(wrong.status()));
}

}  // namespace
}  // namespace pitser::client
