#include "client/cli/text.h"

#include <gtest/gtest.h>

namespace pitser::cli {
namespace {

TEST(Printable, KeepsTextAndShowsControlCharacters) {
  EXPECT_EQ(Printable("Jõgeva 15 %"), "Jõgeva 15 %");
  EXPECT_EQ(Printable("a\033[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "1m"),
            "\\xc2\\x9b1m");
  EXPECT_EQ(Printable("\xFF\xFE"), "\\xff\\xfe");
  EXPECT_EQ(Printable(std::string_view("\0\x7F", 2)), "\\x00\\x7f");
}

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
