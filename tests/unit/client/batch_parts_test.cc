// What `pitser sign --batch` is made of: lists, progress, and what a stopped run goes on from.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "client/block_signer.h"
#include "client/cli/batch_output.h"
#include "client/cli/entry_name.h"
#include "client/cli/flat_names.h"
#include "client/cli/hash_line.h"
#include "client/cli/inputs.h"
#include "client/cli/line_reader.h"
#include "client/cli/rate_progress.h"
#include "client/cli/resume_file.h"
#include "client/client.h"
#include "client/file.h"
#include "ledger/base/hex.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/value_of.h"

namespace pitser::cli {
namespace {

using ledger::AsBytes;
using ledger::ByteVector;
using ledger::HashAlgorithm;
using ledger::Imprint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SomeImprint;
using testing::TempFolder;
using testing::ValueOf;

HashLine Parsed(std::string_view line, bool escapes = true) {
  return ValueOf(ParseHashLine(line, HashAlgorithm::kSha256, escapes));
}

TEST(ParseHashLine, TakesWhatSha256sumWrites) {
  const Imprint hash = SomeImprint("x");
  const std::string hex = ledger::ToHex(hash.digest());
  for (const std::string& line : {hex + "  a name.pdf", hex + " *a name.pdf", hex + " a name.pdf",
                                  "01" + hex + "  a name.pdf", "sha-256:" + hex + " a name.pdf"}) {
    const HashLine parsed = Parsed(line);
    EXPECT_EQ(parsed.hash, hash) << line;
    EXPECT_EQ(parsed.name, "a name.pdf") << line;
  }
  EXPECT_EQ(Parsed(hex + "   x").name, " x");
  EXPECT_EQ(Parsed("\\" + hex + "  a\\nb\\\\c\\rd").name, "a\nb\\c\rd");
  EXPECT_EQ(Parsed(hex + "  a\\nb").name, "a\\nb");  // No backslash in front.
}

TEST(ParseHashLine, CallsAHashWithoutANameByItsDigest) {
  const Imprint hash = SomeImprint("x", HashAlgorithm::kSha512);
  for (const std::string& line :
       {ledger::ToHex(hash.bytes()), "SHA-512:" + ledger::ToHex(hash.digest())}) {
    EXPECT_EQ(Parsed(line).hash, hash);
    EXPECT_EQ(Parsed(line).name, ledger::ToHex(hash.digest()));
  }
}

TEST(ParseHashLine, RefusesEverythingElse) {
  const std::string hex = ledger::ToHex(SomeImprint("x").digest());
  const struct {
    std::string line, says;
  } kCases[] = {{"nonsense  a", "in hex"},
                {hex.substr(4) + "  a", "64 hex digits"},
                {"99" + hex + "  a", "not registered"},
                {"02" + hex, ""},
                {"sha-999:" + hex, "sha-999"},
                {"sha-1:" + std::string(40, '0') + "  a", "not trusted"},
                {hex + " ", "no name"},
                {hex + "  ", "no name"},
                {hex + "  a" + std::string(1, '\0'), "zero byte"},
                {"\\" + hex + "  a\\x", "backslash"},
                {"\\" + hex + "  a\\", "backslash"},
                {" " + hex, "in hex"}};
  for (const auto& test : kCases) {
    const auto parsed = ParseHashLine(test.line, HashAlgorithm::kSha256, true);
    ASSERT_FALSE(parsed.ok()) << test.line;
    EXPECT_EQ(ExitCodeOf(parsed.status()), ExitCode::kMalformed) << test.line;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(test.says));
  }
  // With zero bytes at the ends of lines a backslash is none but itself.
  EXPECT_FALSE(ParseHashLine("\\" + hex + "  a", HashAlgorithm::kSha256, false).ok());
}

class LineReaderTest : public ::testing::Test {
 protected:
  std::unique_ptr<LineReader> Open(const std::string& content, char separator = '\n',
                                   std::size_t max_line = 10) {
    EXPECT_TRUE(client::WriteFile(path(), AsBytes(content), {.replace = true}).ok());
    return ValueOf(LineReader::Open(path(), separator, max_line));
  }
  std::string path() const { return folder_ / "list"; }

  static std::vector<std::string> All(LineReader& reader) {
    std::vector<std::string> lines;
    for (auto line = ValueOf(reader.Next()); line; line = ValueOf(reader.Next())) {
      lines.emplace_back(*line);
    }
    return lines;
  }

  TempFolder folder_;
};

TEST_F(LineReaderTest, GivesLineAfterLine) {
  EXPECT_THAT(All(*Open("a\n\nbc\n")), ElementsAre("a", "", "bc"));
  EXPECT_THAT(All(*Open("a\nb")), ElementsAre("a", "b"));
  EXPECT_THAT(All(*Open("")), ElementsAre());
  EXPECT_THAT(All(*Open("\n")), ElementsAre(""));
  EXPECT_THAT(All(*Open(std::string("a\nb\0c", 5), '\0')), ElementsAre("a\nb", "c"));
  EXPECT_THAT(All(*Open("0123456789\n")), ElementsAre("0123456789"));
}

TEST_F(LineReaderTest, TakesListsOfOtherSystems) {
  const auto windows = Open("\xef\xbb\xbfone\r\n\r\ntwo words\r\nlast\r");
  EXPECT_THAT(All(*windows), ElementsAre("one", "", "two words", "last"));
  // As long as a line may be, without what is around it.
  const auto longest = Open("\xef\xbb\xbf" + std::string(10, 'x') + "\r\n", '\n', 10);
  EXPECT_THAT(All(*longest), ElementsAre(std::string(10, 'x')));
  // Zero bytes say that everything else is part of the name.
  const auto zeros = Open(std::string("\xef\xbb\xbfone\r\0two\r\0", 13), '\0');
  EXPECT_THAT(All(*zeros), ElementsAre("\xef\xbb\xbfone\r", "two\r"));
  for (const std::string_view mark : {"\xff\xfe", "\xfe\xff"}) {
    const auto utf16 = Open(std::string(mark) + std::string("a\0\n\0", 4));
    const auto line = utf16->Next();
    ASSERT_EQ(ExitCodeOf(line.status()), ExitCode::kMalformed);
    EXPECT_THAT(std::string(line.status().message()), HasSubstr("list:1: the list is in UTF-16"));
  }
}

TEST_F(LineReaderTest, ReadsFilesThatAreLargerThanItsBuffer) {
  std::string content;
  std::vector<std::string> lines;
  for (int i = 0; i < 100'000; ++i) {
    lines.push_back(std::to_string(i));
    content += lines.back() + "\n";
  }
  const auto reader = Open(content);
  EXPECT_EQ(reader->Fraction(), 0);
  EXPECT_EQ(All(*reader), lines);
  EXPECT_EQ(reader->Fraction(), 1);
  EXPECT_EQ(reader->number(), 100'000u);
  EXPECT_EQ(reader->Place(), path() + ":100000");
}

TEST_F(LineReaderTest, RefusesALineThatIsTooLongByItsNumber) {
  for (const std::string end : {"\n", "", "xxxxxxxxxxxxxxxxxxxxxx"}) {
    const auto reader = Open("a\n01234567890" + end);
    PITSER_ASSERT_OK(reader->Next());
    const auto line = reader->Next();
    EXPECT_EQ(ExitCodeOf(line.status()), ExitCode::kMalformed);
    EXPECT_THAT(std::string(line.status().message()), HasSubstr("list:2: a line of more than 10"));
  }
  EXPECT_EQ(ExitCodeOf(LineReader::Open(folder_ / "none", '\n', 10).status()),
            ExitCode::kLocalFile);
  const auto folder = ValueOf(LineReader::Open(folder_.path(), '\n', 10));
  EXPECT_EQ(ExitCodeOf(folder->Next().status()), ExitCode::kLocalFile);
}

TEST(ProgressText, SaysBytesInTheirUnit) {
  const auto bytes = [](std::uint64_t done, std::optional<std::uint64_t> total, absl::Duration t) {
    return ProgressText("hashing x", done, total, t, ProgressUnit::kBytes);
  };
  constexpr std::uint64_t kMi = 1 << 20;
  EXPECT_EQ(bytes(1228 * kMi, 4813 * kMi, absl::Seconds(2)),
            "hashing x: 1.2 of 4.7 GiB, 614 MiB/s, 6 s left");
  EXPECT_EQ(bytes(50 * kMi, std::nullopt, absl::Seconds(1)), "hashing x: 50 MiB, 50 MiB/s");
  EXPECT_EQ(bytes(32 * kMi, 100 * kMi, absl::Milliseconds(1)), "hashing x: 32 of 100 MiB");
  // A file that grows: nobody says how much is left.
  EXPECT_EQ(bytes(101 * kMi, 100 * kMi, absl::Seconds(1)), "hashing x: 101 MiB, 101 MiB/s");
}

TEST(ProgressText, SaysWhatIsKnown) {
  EXPECT_EQ(ProgressText("hashing", 0, std::nullopt, absl::Seconds(5)), "hashing: 0");
  EXPECT_EQ(ProgressText("hashing", 10, 50, absl::Milliseconds(1)), "hashing: 10 of 50");
  EXPECT_EQ(ProgressText("hashing", 10, 50, absl::Seconds(2)),
            "hashing: 10 of 50, 5.0/s, 8 s left");
  EXPECT_EQ(ProgressText("writing", 40'000, std::nullopt, absl::Seconds(2)),
            "writing: 40000, 20000/s");
  EXPECT_EQ(ProgressText("writing", 50, 50, absl::Seconds(1)), "writing: 50 of 50, 50/s");
  EXPECT_THAT(ProgressText("hashing", 1, 1000, absl::Seconds(1)), HasSubstr("17 min left"));
  EXPECT_THAT(ProgressText("hashing", 1, 100'000, absl::Seconds(1)), HasSubstr("28 h left"));
}

TEST(HashToSign, SignsWhatChangesOnlyWhenForced) {
  const TempFolder folder;
  const std::string path = folder / "log";
  for (const bool force : {false, true}) {
    PITSER_ASSERT_OK(client::WriteFile(path, AsBytes("x"), {.replace = true}));
    std::filesystem::resize_file(path, 9 << 20);
    const auto grow = [&](std::uint64_t /*done*/, std::uint64_t /*size*/) {
      std::filesystem::resize_file(path, 9 << 20 | 1);
    };
    const auto hash = HashToSign(path, HashAlgorithm::kSha256, force, grow);
    EXPECT_EQ(ExitCodeOf(hash.status()), force ? ExitCode::kOk : ExitCode::kLocalFile);
    EXPECT_THAT(HintOf(hash.status()), HasSubstr(force ? "" : "--force"));
  }
}

TEST(EntryNameOf, IsRelative) {
  EXPECT_EQ(EntryNameOf("a/b"), "a/b");
  EXPECT_EQ(EntryNameOf("/a//b"), "a/b");
  EXPECT_EQ(EntryNameOf(".//./a/./b"), "a/b");
  EXPECT_EQ(EntryNameOf(".a"), ".a");
}

TEST(CheckEntryName, RefusesWhatOtherSystemsReadOtherwise) {
  for (const char* name :
       {"a/b.ksig", "ab:c.ksig", "2026-12-01T10:00:00.pdf.ksig", "a\\b.ksig", "...a",
        "common/console.ksig", "COM.ksig", "COM10.ksig", "x/NULL.ksig"}) {
    EXPECT_EQ(ExitCodeOf(CheckEntryName(name)), ExitCode::kOk) << name;
  }
  for (const char* name : {"",
                           "..",
                           "../x",
                           "a/../../x",
                           "..\\..\\x",
                           "a\\..\\..\\x",
                           ".. /x",
                           "../ .x",
                           "\\x",
                           "\\\\host\\x",
                           "C:x",
                           "c:\\x",
                           "NUL.ksig",
                           "a/nul.txt.ksig",
                           "a\\Con.ksig",
                           "aux.ksig",
                           "COM1.ksig",
                           "lpt9 .ksig",
                           "COM\xc2\xb2.ksig",
                           "CONIN$"}) {
    EXPECT_EQ(ExitCodeOf(CheckEntryName(name)), ExitCode::kMalformed) << name;
  }
}

TEST(FlatNames, GivesBackWhatWasAdded) {
  FlatNames names;
  for (const char* name : {"a", "", "bcd"}) names.Add(name);
  ASSERT_EQ(names.size(), 3u);
  EXPECT_EQ(names[0], "a");
  EXPECT_EQ(names[1], "");
  EXPECT_EQ(names[2], "bcd");
}

class ResumeFileTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "a.tar.resume"; }
  std::unique_ptr<ResumeFile> Open() { return ValueOf(ResumeFile::Open(path())); }

  static std::vector<client::BlockLeaf> Leaves(std::size_t count) {
    std::vector<client::BlockLeaf> leaves;
    for (std::size_t i = 0; i < count; ++i) {
      const auto algorithm = i % 2 == 0 ? HashAlgorithm::kSha256 : HashAlgorithm::kSha512;
      leaves.push_back({.hash = SomeImprint(std::to_string(i), algorithm)});
    }
    return leaves;
  }

  static client::SignedBlock Block(const std::vector<client::BlockLeaf>& leaves,
                                   const std::optional<ledger::Masking>& masking) {
    auto builder = ValueOf(ledger::LocalBlockBuilder::Create({.masking = masking}));
    for (const auto& leaf : leaves) EXPECT_TRUE(builder.Add({.hash = leaf.hash}).ok());
    const auto root = ValueOf(builder.Build()).root();
    testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
    recipe.document_hash = root.imprint;
    recipe.chains.front().links.front().level_correction = root.level;
    return ValueOf(client::RestoreBlock(leaves, HashAlgorithm::kSha256, masking,
                                        testing::MakeSignature(recipe)));
  }
  static ledger::Masking SomeMasking() {
    return {.iv = ByteVector(32, 9), .previous = SomeImprint("previous")};
  }

  // Two trees, the second without masks.
  void WriteTwo() {
    const auto file = Open();
    ASSERT_EQ(ValueOf(file->Next()).has_value(), false);
    const ByteVector first_taken = {1, 0, 1, 1};
    const ByteVector second_taken = {1, 1};
    PITSER_ASSERT_OK(file->Append(Block(Leaves(3), SomeMasking()), SomeImprint("d1"), first_taken));
    PITSER_ASSERT_OK(file->Append(Block(Leaves(2), std::nullopt), SomeImprint("d2"), second_taken));
  }

  TempFolder folder_;
};

TEST_F(ResumeFileTest, GivesBackItsTrees) {
  WriteTwo();
  struct stat info {};
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);  // The secret of the masks is in it.
  const auto file = Open();
  const auto first = ValueOf(file->Next());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->documents, SomeImprint("d1"));
  EXPECT_EQ(first->taken, (ByteVector{1, 0, 1, 1}));
  ASSERT_EQ(first->hashes.size(), 3u);
  EXPECT_EQ(first->hashes[1], Leaves(2)[1].hash);
  ASSERT_TRUE(first->masking.has_value());
  EXPECT_EQ(first->masking->iv, SomeMasking().iv);
  EXPECT_EQ(first->masking->previous, SomeMasking().previous);
  const auto second = ValueOf(file->Next());
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->masking.has_value());
  EXPECT_EQ(second->algorithm, HashAlgorithm::kSha256);
  EXPECT_TRUE(ledger::Equal(second->root, Block(Leaves(2), std::nullopt).root().bytes()));
  EXPECT_FALSE(ValueOf(file->Next()).has_value());
}

TEST_F(ResumeFileTest, PassesOverATreeThatIsCutOffOrDamagedAndWritesOverIt) {
  WriteTwo();
  const ByteVector whole = ValueOf(client::ReadFile(path(), 1 << 20));
  std::size_t first_end = 0;
  {
    const auto file = Open();
    ASSERT_TRUE(ValueOf(file->Next()).has_value());
  }
  first_end =
      16 + 8 + static_cast<std::size_t>(ledger::ReadBe64(ledger::Bytes(whole).subspan(16))) + 32;
  for (std::size_t at = first_end; at < whole.size(); at += 7) {
    for (const bool cut : {true, false}) {
      ByteVector damaged = whole;
      if (cut) {
        damaged.resize(at);
      } else {
        damaged[at] ^= 1;
      }
      PITSER_ASSERT_OK(client::WriteFile(path(), damaged, {.replace = true}));
      const auto file = Open();
      ASSERT_TRUE(ValueOf(file->Next()).has_value());
      EXPECT_FALSE(ValueOf(file->Next()).has_value()) << at;
    }
  }
  {
    const auto file = Open();
    ASSERT_TRUE(ValueOf(file->Next()).has_value());
    ASSERT_FALSE(ValueOf(file->Next()).has_value());
    const ByteVector taken = {1};
    PITSER_ASSERT_OK(file->Append(Block(Leaves(1), SomeMasking()), SomeImprint("d3"), taken));
  }
  const auto file = Open();
  ASSERT_TRUE(ValueOf(file->Next()).has_value());
  EXPECT_EQ(ValueOf(file->Next())->documents, SomeImprint("d3"));
  EXPECT_FALSE(ValueOf(file->Next()).has_value());
}

TEST_F(ResumeFileTest, IsGoneWhenItHoldsNothingOrIsNotNeeded) {
  Open();
  EXPECT_FALSE(client::FileExists(path()));
  WriteTwo();
  EXPECT_TRUE(client::FileExists(path()));
  Open()->Remove();
  EXPECT_FALSE(client::FileExists(path()));
}

// What lies under its name may have been laid there for us: nothing of it changes.
TEST_F(ResumeFileTest, TouchesNothingThatIsNotItsOwn) {
  const std::string other = folder_ / "other";
  PITSER_ASSERT_OK(client::WriteFile(other, AsBytes(""), {}));
  const auto mode_of = [](const std::string& name) {
    struct stat info {};
    EXPECT_EQ(stat(name.c_str(), &info), 0);
    return info.st_mode & 07777u;
  };
  const auto expect_refused = [&](const char* what) {
    const auto file = ResumeFile::Open(path());
    EXPECT_EQ(ExitCodeOf(file.status()), ExitCode::kLocalFile) << what;
    EXPECT_TRUE(client::FileExists(path())) << what;
    std::filesystem::remove(path());
  };
  ASSERT_EQ(chmod(other.c_str(), 0644), 0);
  std::filesystem::create_symlink("other", path());
  expect_refused("link");
  std::filesystem::create_symlink("nothing", path());
  expect_refused("dangling link");
  EXPECT_FALSE(client::FileExists(folder_ / "nothing"));
  std::filesystem::create_hard_link(other, path());
  expect_refused("second name");
  EXPECT_EQ(mode_of(other), 0644u);
  EXPECT_TRUE(ValueOf(client::ReadFile(other, 100)).empty());
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  expect_refused("pipe");
  PITSER_ASSERT_OK(client::WriteFile(path(), AsBytes(""), {}));
  ASSERT_EQ(chmod(path().c_str(), 0644), 0);
  const auto readable = ResumeFile::Open(path());
  EXPECT_THAT(std::string(readable.status().message()), HasSubstr("not yours alone"));
  EXPECT_EQ(mode_of(path()), 0644u);
}

TEST_F(ResumeFileTest, BelongsToOneRunAtATimeAndIsNoOtherFile) {
  const auto file = Open();
  const auto second = ResumeFile::Open(path());
  EXPECT_EQ(ExitCodeOf(second.status()), ExitCode::kLocalFile);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another pitser"));
  PITSER_ASSERT_OK(client::WriteFile(folder_ / "other", AsBytes("something else"), {}));
  const auto other = ResumeFile::Open(folder_ / "other");
  EXPECT_EQ(ExitCodeOf(other.status()), ExitCode::kLocalFile);
  EXPECT_TRUE(client::FileExists(folder_ / "other"));
  EXPECT_EQ(ExitCodeOf(ResumeFile::Open(folder_ / "none/x").status()), ExitCode::kLocalFile);
}

}  // namespace
}  // namespace pitser::cli
