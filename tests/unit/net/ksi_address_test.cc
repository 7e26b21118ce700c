#include "gtest/gtest.h"
#include "net/ksi/address.h"
#include "net/ksi/credentials.h"
#include "tests/support/status_matchers.h"

namespace pitser::net {
namespace {

using absl::StatusCode;
using ::pitser::testing::StatusIs;
using Scheme = KsiAddress::Scheme;

TEST(ParseKsiAddress, TakesTheSchemesOfTheProtocol) {
  const auto http = ParseKsiAddress("ksi+http://ledger.example:8080/gt-signingservice");
  PITSER_ASSERT_OK(http);
  EXPECT_EQ(http->scheme, Scheme::kHttp);
  EXPECT_EQ(http->endpoint, (Endpoint{"ledger.example", 8080}));
  EXPECT_EQ(http->path, "/gt-signingservice");
  EXPECT_EQ(http->ToString(), "ksi+http://ledger.example:8080/gt-signingservice");
  EXPECT_EQ(ParseKsiAddress("ksi://a")->endpoint, (Endpoint{"a", 80}));
  EXPECT_EQ(ParseKsiAddress("ksi+https://a/")->endpoint.port, 443);
  EXPECT_EQ(ParseKsiAddress("ksi+tcp://[::1]:3332")->endpoint, (Endpoint{"::1", 3332}));
  EXPECT_EQ(ParseKsiAddress("ksi+tcp://[::1]:3332")->ToString(), "ksi+tcp://[::1]:3332");
}

TEST(ParseKsiAddress, RefusesTheRestWithoutRepeatingIt) {
  for (const char* text : {"", "ledger.example:80", "http://a:80", "ksi+udp://a:80", "ksi+tcp://a",
                           "ksi+tcp://a:80/path", "ksi+http://", "ksi+http://a:b",
                           "ksi+http://a:80/x y", "ksi+http://alice:wonderland@a:80"}) {
    const auto address = ParseKsiAddress(text);
    EXPECT_THAT(address, StatusIs(StatusCode::kInvalidArgument)) << text;
    EXPECT_EQ(address.status().message().find("wonderland"), std::string::npos);
  }
}

TEST(LooksLikeKsiAddress, KnowsTheSchemesAlone) {
  EXPECT_TRUE(LooksLikeKsiAddress("ksi+tcp://a:1"));
  EXPECT_TRUE(LooksLikeKsiAddress("ksi://a"));
  EXPECT_FALSE(LooksLikeKsiAddress("ksi.example:7380"));
  EXPECT_FALSE(LooksLikeKsiAddress("127.0.0.1:7380"));
}

TEST(ParseKsiCredentials, TakesLinesInAnyOrder) {
  const auto credentials =
      ParseKsiCredentials("# issuer's\n\nkey a secret with blanks \r\nlogin alice\nhmac sha-512");
  PITSER_ASSERT_OK(credentials);
  EXPECT_EQ(credentials->login, "alice");
  EXPECT_EQ(ledger::AsText(credentials->key), "a secret with blanks ");
  EXPECT_EQ(credentials->hmac, ledger::HashAlgorithm::kSha512);
}

TEST(ParseKsiCredentials, RefusesTheRestWithoutRepeatingIt) {
  for (const char* text : {"", "login alice", "key wonderland", "login alice\nkey ",
                           "login alice\nkey wonderland\nkey other", "wonderland",
                           "login alice\nkey wonderland\nhmac md5", "login alice\nkeywonderland"}) {
    const auto credentials = ParseKsiCredentials(text);
    EXPECT_THAT(credentials, StatusIs(StatusCode::kInvalidArgument)) << text;
    EXPECT_EQ(credentials.status().message().find("wonderland"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace pitser::net
