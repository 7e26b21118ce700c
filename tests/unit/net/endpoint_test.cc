#include "net/endpoint.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::net {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(ParseEndpoint, TakesNamesAndAddresses) {
  for (const auto& [text, host, port] :
       {std::tuple{"ledger.example:7380", "ledger.example", 7380},
        std::tuple{"127.0.0.1:1", "127.0.0.1", 1}, std::tuple{"[::1]:65535", "::1", 65535},
        std::tuple{"my_host-2:80", "my_host-2", 80}}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const Endpoint endpoint, ParseEndpoint(text));
    EXPECT_EQ(endpoint.host, host);
    EXPECT_EQ(endpoint.port, port);
    EXPECT_EQ(endpoint.ToString(), text);
  }
}

TEST(ParseEndpoint, RefusesWhatIsNoAddressAndSaysWhy) {
  for (const auto& [text, why] :
       {std::pair{"", "no port"}, std::pair{"localhost", "no port"}, std::pair{":7380", "no host"},
        std::pair{"localhost:", "no number"}, std::pair{"localhost:65536", "no number"},
        std::pair{"localhost:-1", "no number"}, std::pair{"localhost:80x", "no number"},
        std::pair{"localhost:0", "port 0"}, std::pair{"::1:7380", "brackets"},
        std::pair{"[]:7380", "IPv6"}, std::pair{"[host]:7380", "IPv6"},
        std::pair{"user@host:7380", "character"}, std::pair{"http://host:7380", "brackets"},
        std::pair{"a b:7380", "character"}}) {
    EXPECT_THAT(ParseEndpoint(text), StatusIs(absl::StatusCode::kInvalidArgument, why)) << text;
  }
}

TEST(ParseEndpoint, TakesPortZeroOnlyForListeners) {
  EXPECT_THAT(ParseEndpoint("127.0.0.1:0", /*allow_port_zero=*/true), IsOk());
}

TEST(Endpoint, KnowsLoopbackByItsForm) {
  for (const char* text : {"localhost:1", "LocalHost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"}) {
    EXPECT_TRUE(ParseEndpoint(text)->IsLoopback()) << text;
  }
  for (const char* text :
       {"localhost.example:1", "128.0.0.1:1", "0.0.0.0:1", "[::]:1", "[::2]:1"}) {
    EXPECT_FALSE(ParseEndpoint(text)->IsLoopback()) << text;
  }
}

}  // namespace
}  // namespace pitser::net
