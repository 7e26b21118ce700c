#include "client/cli/text.h"

#include <gtest/gtest.h>

namespace pitser::cli {
namespace {

TEST(ShellQuoted, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(ShellQuoted("dir/contract-1.pdf"), "dir/contract-1.pdf");
  EXPECT_EQ(ShellQuoted("my contract.pdf"), "'my contract.pdf'");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuoted(""), "''");
}

TEST(IdentityPath, JoinsTheLayersHighestFirst) {
  std::vector<ledger::Identity> identities(2);
  identities[0].metadata.client_id = "gateway";
  identities[1].metadata.client_id = "al\tice";
  EXPECT_EQ(IdentityPath(identities), "gateway :: al\\x09ice");
}

}  // namespace
}  // namespace pitser::cli
