#include "client/cli/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/client/cli_harness.h"

namespace pitser::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ConsoleTest : public ::testing::Test {
 protected:
  Console Make(bool no_color = false, bool dumb = false) {
    return Console({.out = &out_,
                    .err = &err_,
                    .in_is_terminal = true,
                    .out_is_terminal = true,
                    .err_is_terminal = true,
                    .no_color = no_color,
                    .dumb = dumb,
                    .columns = [] { return std::size_t{10}; }});
  }
  std::ostringstream out_, err_;
};

TEST_F(ConsoleTest, NothingThatItIsGivenMovesTheCursor) {
  Console console = Make();
  const std::string name = "a\nverified: b\033[2J\u202E";
  console.Note(name);
  console.Hint(name);
  console.Fail(Error(ExitCode::kLocalFile, name, name));
  console.Progress(name);
  console.EndProgress();
  const std::string shown = err_.str();
  EXPECT_THAT(shown, Not(HasSubstr("\nverified")));
  EXPECT_THAT(shown, Not(HasSubstr("\033[2J")));
  EXPECT_THAT(shown, Not(HasSubstr("\u202E")));
  EXPECT_THAT(shown, HasSubstr("a\\x0averified: b\\x1b[2J\\xe2\\x80\\xae"));
  console.Result("two\nlines \033[2J\r\u200B" + console.Good("good"));
  EXPECT_EQ(out_.str(), "two\nlines \\x1b[2J\\x0d\\xe2\\x80\\x8b\033[1;32mgood\033[0m\n");
}

TEST_F(ConsoleTest, ProgressFitsTheTerminalAndIsWiped) {
  Console console = Make();
  console.Progress("0123456789abc");
  EXPECT_EQ(err_.str(), "\r\033[K012345678");
  console.EndProgress();
  EXPECT_EQ(err_.str(), "\r\033[K012345678\r\033[K");
}

TEST_F(ConsoleTest, ColourIsAsAskedFor) {
  const std::string coloured = "\033[1;31mno\033[0m";
  EXPECT_EQ(Make().Bad("no"), coloured);
  EXPECT_EQ(Make(true).Bad("no"), "no");
  EXPECT_EQ(Make(false, true).Bad("no"), "no");
  Console always = Make(true, true);
  always.SetColour(Console::Colour::kAlways);
  EXPECT_EQ(always.Bad("no"), coloured);
  Console never = Make();
  never.SetColour(Console::Colour::kNever);
  EXPECT_EQ(never.Bad("no"), "no");
}

TEST_F(ConsoleTest, ADumbTerminalIsShownNoProgress) {
  Console console = Make(false, true);
  console.Progress("half");
  console.EndProgress();
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST(Color, IsAFlagOfEveryCommand) {
  testing::Cli cli;
  const std::string document = cli.Write("doc", "pitser");
  cli.Write("doc.ksig", testing::MakeSignature(testing::AuthenticatedRecipe()).bytes());
  cli.SetOutIsTerminal();
  EXPECT_THAT(cli.Run({"verify", document, "--color", "always"}).out, HasSubstr("\033[1;33m"));
  EXPECT_THAT(cli.Run({"verify", document}).out, Not(HasSubstr("\033")));
  EXPECT_EQ(cli.Run({"verify", document, "--color", "blue"}).code, 2);
}

}  // namespace
}  // namespace pitser::cli
