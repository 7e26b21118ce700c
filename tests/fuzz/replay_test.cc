// Runs every target over its corpus, and over the files of the test pack where it is at hand: what
// fuzzing once found stays found. A target that finds something ends the program; the last name
// that it printed is the file's.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <vector>

#include "ledger/verify/verifier.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/trust.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"

namespace pitser::fuzz {

// For GoogleTest's messages.
static void PrintTo(const NamedTarget& target, std::ostream* out) { *out << target.name; }

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FilesOf(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void Replay(const NamedTarget& target, const fs::path& file) {
  std::printf("replay: %s\n", file.c_str());
  std::fflush(stdout);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::ByteVector bytes, testing::ReadFileBytes(file));
  target.run(bytes);
}

// Which targets the files of the pack are for, by the end of their name.
std::set<std::string_view> TargetsFor(const fs::path& file) {
  const std::string type = file.extension();
  if (type == ".ksig") return {"signature", "shared_tail", "tlv"};
  if (type == ".tlv") return {"tlv", "publications_file"};
  if (type == ".bin") return {"publications_file"};
  if (type == ".pem" || type == ".crt") return {"certificate"};
  return {"utf8"};
}

class Corpus : public ::testing::TestWithParam<NamedTarget> {};

TEST_P(Corpus, Replays) {
  const NamedTarget& target = GetParam();
  target.run({});
  const fs::path folder = fs::path(PITSER_FUZZ_DIR) / "corpus" / target.name;
  ASSERT_TRUE(fs::is_directory(folder)) << "every target has a corpus: make_seeds.cc";
  const std::vector<fs::path> files = FilesOf(folder);
  EXPECT_GT(files.size(), 1u);
  for (const fs::path& file : files) Replay(target, file);
}

TEST_P(Corpus, ReplaysTheTestPack) {
  PITSER_NEED_TESTPACK();
  for (const fs::path& file : FilesOf(*testing::TestPackDir())) {
    if (TargetsFor(file).contains(GetParam().name)) Replay(GetParam(), file);
  }
}

std::string NameOf(const ::testing::TestParamInfo<NamedTarget>& tested) {
  return std::string(tested.param.name);
}
INSTANTIATE_TEST_SUITE_P(Targets, Corpus, ::testing::ValuesIn(Targets()), NameOf);

// The targets' properties would hold of a verifier that refuses everything.
TEST(FuzzTrust, VouchesForTheSeeds) {
  const client::Trust& trust = FuzzTrust();
  PITSER_ASSERT_OK(VerifyPublicationsFile(*trust.publications, trust.anchors, trust.constraints,
                                          testing::kTestTime));
  const std::pair<std::string_view, ledger::Policy> seeds[] = {
      {"seed-single-node", ledger::Policy::kKeyBased},
      {"seed-rfc3161", ledger::Policy::kKeyBased},
      {"seed-published", ledger::Policy::kPublicationsFileBased}};
  for (const auto& [name, policy] : seeds) {
    PITSER_ASSERT_OK_AND_ASSIGN(
        ledger::ByteVector bytes,
        testing::ReadFileBytes(fs::path(PITSER_FUZZ_DIR) / "corpus" / "signature" / name));
    PITSER_ASSERT_OK_AND_ASSIGN(const auto signature, ledger::Signature::Parse(std::move(bytes)));
    PITSER_ASSERT_OK_AND_ASSIGN(const auto result,
                                Verify(policy, {.signature = signature,
                                                .document_hash = SignedDocument(),
                                                .publications_file = &*trust.publications}));
    EXPECT_EQ(result.outcome, ledger::Outcome::kOk) << name << ": " << result.rule;
  }
}

// The corpus is part of the repository, and stays small.
TEST(CorpusFolder, HasATargetForEachFolderAndIsSmall) {
  std::uintmax_t size = 0;
  for (const fs::path& file : FilesOf(fs::path(PITSER_FUZZ_DIR) / "corpus")) {
    size += fs::file_size(file);
  }
  EXPECT_LT(size, std::uintmax_t{5} << 20);
  std::set<std::string> names;
  for (const NamedTarget& target : Targets()) names.emplace(target.name);
  for (const auto& entry : fs::directory_iterator(fs::path(PITSER_FUZZ_DIR) / "corpus")) {
    EXPECT_TRUE(names.contains(entry.path().filename())) << entry.path();
  }
}

}  // namespace
}  // namespace pitser::fuzz
