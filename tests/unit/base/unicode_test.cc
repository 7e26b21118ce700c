#include "base/unicode.h"

#include "gtest/gtest.h"

namespace pitser::base {
namespace {

TEST(Printable, KeepsTextAndShowsWhatATerminalObeysOrDoesNotShow) {
  EXPECT_EQ(Printable("Jõgeva 15 % — 東京 \U0001F600"), "Jõgeva 15 % — 東京 \U0001F600");
  EXPECT_EQ(Printable("a\033[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(Printable("\u009B1m"), "\\xc2\\x9b1m");
  EXPECT_EQ(Printable("\xFF\xFE"), "\\xff\\xfe");
  EXPECT_EQ(Printable("ok\xFFõ"), "ok\\xffõ");
  EXPECT_EQ(Printable(std::string_view("\0\x7F", 2)), "\\x00\\x7f");
  // Turned around, without width, a mark of byte order, a separator of lines, a tag.
  for (const char* unseen : {"\u202E", "\u2066", "\u200F", "\u200B", "\u200D", "\u2060", "\uFEFF",
                             "\u00AD", "\u061C", "\u2028", "\u2029", "\U000E0041"}) {
    EXPECT_EQ(Printable(unseen).substr(0, 2), "\\x") << Printable(unseen);
  }
}

TEST(Printable, OfLinesKeepsNewLinesAlone) {
  EXPECT_EQ(PrintableLines("a\nb\r\033\n"), "a\nb\\x0d\\x1b\n");
}

TEST(Printable, JsonAndTomlReadBackAsTheSame) {
  EXPECT_EQ(PrintableJson("{\"a\": \"\u202Eõ\u009B\U000E0041\"}\n"),
            "{\"a\": \"\\u202eõ\\u009b\\udb40\\udc41\"}\n");
  EXPECT_EQ(PrintableToml("\033õ\u202E\U000E0041"), "\\u001Bõ\\u202E\\U000E0041");
}

TEST(Clipped, CountsColumnsAndNotBytes) {
  EXPECT_EQ(Clipped("abc", 3), "abc");
  EXPECT_EQ(Clipped("abc", 2), "ab");
  EXPECT_EQ(Clipped("õõõ", 2), "õõ");
  EXPECT_EQ(Clipped("東京", 3), "東");
  EXPECT_EQ(Clipped("e\u0301x", 1), "e\u0301");
  EXPECT_EQ(Clipped("a", 0), "");
}

TEST(Composed, MakesNamesThatLookTheSameOne) {
  EXPECT_EQ(Composed("Ko\u0308ln"), "K\u00F6ln");
  EXPECT_EQ(Composed("K\u00F6ln"), "K\u00F6ln");
  EXPECT_NE(Composed("Koln"), Composed("K\u00F6ln"));
  EXPECT_EQ(Composed("\xFF"), "\xFF");
  EXPECT_EQ(Composed(""), "");
}

}  // namespace
}  // namespace pitser::base
