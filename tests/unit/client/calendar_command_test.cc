#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "net/endpoint.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "tests/unit/client/cli_harness.h"

// Commands that read a calendar, against a server that would have them read without end.
namespace pitser::cli {
namespace {

using ::testing::HasSubstr;
using testing::SomeImprint;

class EndlessCalendar final : public v1::Calendar::Service, public v1::Publications::Service {
 public:
  EndlessCalendar() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(static_cast<v1::Calendar::Service*>(this));
    builder.RegisterService(static_cast<v1::Publications::Service*>(this));
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~EndlessCalendar() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  int streams() const { return streams_; }

 private:
  grpc::Status GetCalendarHead(grpc::ServerContext* /*context*/,
                               const v1::GetCalendarHeadRequest* /*request*/,
                               v1::GetCalendarHeadResponse* response) override {
    response->set_time(std::uint64_t{1} << 39);
    response->set_root(ledger::ToString(SomeImprint("root").bytes()));
    return grpc::Status::OK;
  }
  grpc::Status StreamCalendarLeaves(
      grpc::ServerContext* /*context*/, const v1::StreamCalendarLeavesRequest* /*request*/,
      grpc::ServerWriter<v1::StreamCalendarLeavesResponse>* /*writer*/) override {
    ++streams_;
    return grpc::Status(grpc::StatusCode::INTERNAL, "nobody should ask");
  }

  grpc::Status GetPublicationsFile(
      grpc::ServerContext* /*context*/, const v1::GetPublicationsFileRequest* /*request*/,
      grpc::ServerWriter<v1::GetPublicationsFileResponse>* writer) override {
    v1::GetPublicationsFileResponse piece;
    const auto file =
        testing::MakePublicationsFile({testing::TestTrust::Get().calendar_record()}, {});
    piece.set_data(ledger::ToString(file.bytes()));
    writer->Write(piece);
    return grpc::Status::OK;
  }

  std::string address_;
  std::atomic<int> streams_{0};
  std::unique_ptr<grpc::Server> server_;
};

TEST(CalendarCommands, ReadNothingUpToASecondOfAFarTime) {
  EndlessCalendar calendar;
  testing::Cli cli;
  const std::string trust = cli.WriteTrust("trust");
  const std::vector<std::vector<std::string>> commands = {
      {"calendar", "leaves", "-o", cli.Path("leaves"), "--server", calendar.address()},
      {"audit", "--server", calendar.address(), "--trust", trust, "--no-state"}};
  for (const auto& command : commands) {
    const testing::CliResult result = cli.Run(command);
    EXPECT_EQ(result.code, 3) << command[0] << result.err;
    EXPECT_THAT(result.err + result.out, HasSubstr("the ledger or of this machine is wrong"))
        << command[0];
  }
  EXPECT_EQ(calendar.streams(), 0);
  EXPECT_FALSE(client::FileExists(cli.Path("leaves")));
}

}  // namespace
}  // namespace pitser::cli
