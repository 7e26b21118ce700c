#include "server/app/status_text.h"

#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pitser::server {
namespace {

using ::testing::HasSubstr;

control::v1::GetStatusResponse SomeStatus() {
  control::v1::GetStatusResponse status;
  status.set_version("1.2.3");
  status.set_time(2'000'000'100);
  status.set_uptime_seconds(3'725);
  status.set_data_folder("/srv/\xff\"x");
  status.set_faces("grpc=127.0.0.1:7380");
  status.mutable_signing()->set_draining(true);
  status.mutable_signing()->set_reason("the operator is draining the server");
  auto& rounds = *status.mutable_rounds();
  rounds.set_rounds(7);
  rounds.set_failed_rounds(1);
  rounds.set_signed_requests(70);
  rounds.set_refused_requests(2);
  rounds.set_failed_requests(3);
  rounds.set_cancelled_requests(4);
  rounds.set_pending_requests(5);
  rounds.mutable_last_round()->set_time(2'000'000'099);
  rounds.mutable_last_round()->set_requests(10);
  rounds.mutable_last_round()->set_duration_us(1'500);
  status.mutable_calendar()->set_head(2'000'000'099);
  status.mutable_calendar()->set_followers(2);
  status.mutable_publications()->set_count(3);
  status.mutable_publications()->mutable_newest()->set_time(2'000'000'000);
  status.mutable_publications()->mutable_newest()->set_code("AAAAAA-CODE");
  status.mutable_publications()->set_next_due(2'000'073'600);
  status.mutable_publications()->set_file_full(2'500'000'000);
  auto& certificate = *status.add_certificates();
  certificate.set_name("calendar");
  certificate.set_not_after(2'000'000'000);
  certificate.set_days_left(-1);
  certificate.set_advice("renew it");
  auto& limit = *status.add_limits();
  limit.set_name("max_pending");
  limit.set_value("11");
  status.mutable_memory()->set_resident_bytes(50 << 20);
  status.mutable_memory()->set_peak_resident_bytes(60 << 20);
  return status;
}

TEST(StatusText, SaysItToPeople) {
  const std::string text = StatusAsText(SomeStatus());
  for (const char* line :
       {"pitserd       1.2.3, up 1h2m5s\n", "listens       grpc=127.0.0.1:7380\n",
        "signing       no: the operator is draining the server\n",
        "rounds        7 since the start, 1 failed; the last of 2033-05-18T03:34:59Z: 10 requests "
        "in 0.002 seconds\n",
        "requests      70 signed, 2 refused, 3 failed, 4 cancelled, 5 pending\n",
        "calendar      head 2033-05-18T03:34:59Z (2000000099), 2 followers\n",
        "publications  3, the newest of 2033-05-18T03:33:20Z, the next due at "
        "2033-05-19T00:00:00Z, room in their file until 2049-03-22T04:26:40Z\n",
        "certificates  calendar -1 day left (renew it)\n", "memory        50 MiB, at most 60 MiB\n",
        "limit         max_pending = 11\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(StatusText, SaysWhatIsWrong) {
  control::v1::GetStatusResponse status = SomeStatus();
  status.mutable_calendar()->set_damaged(true);
  status.mutable_publications()->set_reason("the disk is full");
  const std::string text = StatusAsText(status);
  EXPECT_THAT(text, HasSubstr("DAMAGED"));
  EXPECT_THAT(text, HasSubstr("Z; the disk is full\n"));
}

TEST(StatusText, CountsOneAsOne) {
  control::v1::GetStatusResponse status = SomeStatus();
  status.mutable_rounds()->mutable_last_round()->set_requests(1);
  status.mutable_calendar()->set_followers(1);
  status.mutable_certificates(0)->set_days_left(1);
  status.mutable_ksi()->set_accounts(1);
  status.mutable_ksi()->set_connections(1);
  status.set_dropped_log_lines(1);
  const std::string text = StatusAsText(status);
  for (const char* part : {": 1 request in", ", 1 follower\n", "calendar 1 day left",
                           "1 account, 1 connection;", "log           1 line dropped:"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(StatusText, TellsThatAnybodyMaySign) {
  control::v1::GetStatusResponse status = SomeStatus();
  status.mutable_ksi()->set_allow_anonymous(true);
  EXPECT_THAT(StatusAsText(status), HasSubstr("allow_anonymous: whoever reaches the port"));
  EXPECT_EQ(nlohmann::json::parse(StatusAsJson(status))["ksi"]["allow_anonymous"], true);
}

TEST(StatusText, SaysItToPrograms) {
  const auto json = nlohmann::json::parse(StatusAsJson(SomeStatus()));
  EXPECT_EQ(json["schema"], "pitserd.status/1");
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["uptime_seconds"], 3725);
  EXPECT_EQ(json["signing"]["serving"], false);
  EXPECT_EQ(json["signing"]["draining"], true);
  EXPECT_EQ(json["rounds"]["count"], 7);
  EXPECT_EQ(json["rounds"]["last"]["duration_us"], 1500);
  EXPECT_EQ(json["requests"]["pending"], 5);
  EXPECT_EQ(json["calendar"]["head"], 2'000'000'099);
  EXPECT_EQ(json["publications"]["newest"]["code"], "AAAAAA-CODE");
  EXPECT_EQ(json["publications"]["file_full"], 2'500'000'000);
  EXPECT_EQ(json["certificates"][0]["days_left"], -1);
  EXPECT_EQ(json["certificates"][0]["advice"], "renew it");
  EXPECT_EQ(json["limits"]["max_pending"], "11");
  EXPECT_EQ(json["memory"]["resident_bytes"], 50 << 20);
}

TEST(StatusText, WhatIsNotThereYetIsNull) {
  const auto json = nlohmann::json::parse(StatusAsJson({}));
  EXPECT_TRUE(json["calendar"]["head"].is_null());
  EXPECT_TRUE(json["rounds"]["last"].is_null());
  EXPECT_TRUE(json["publications"]["newest"].is_null());
  EXPECT_TRUE(json["certificates"].empty());
  EXPECT_THAT(StatusAsText({}), HasSubstr("no second is closed yet"));
}

}  // namespace
}  // namespace pitser::server
