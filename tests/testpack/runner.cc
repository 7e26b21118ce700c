// Judges a pack of signatures with known verdicts: those of the KSI format's public test packs.

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/testpack.h"
#include "tests/testpack/judge.h"

namespace pitser::testing {
namespace {

constexpr std::string_view kHelp =
    "usage: testpack_runner [FOLDER]\n"
    "\n"
    "Judges every row of the four tables of a signature test pack, offline: parses the signature,\n"
    "verifies it by the policy that the row names, and compares result, values and publication\n"
    "strings. FOLDER is the pack's folder, the one that holds valid-signatures/; without it the\n"
    "pack is looked for in $PITSER_TESTPACK and in ../shared/testpack.\n"
    "\n"
    "Each row that fails is told with what was expected and what was found. The last line counts.\n"
    "Exit code: 0 all passed or skipped, 1 some row failed, 2 no pack there.\n";

std::optional<std::filesystem::path> FindPack() {
  const std::filesystem::path beside = "../shared/testpack";
  if (std::filesystem::is_directory(beside)) return beside;
  return TestPackDir();
}

int Run(const std::filesystem::path& folder) {
  const auto judge = PackJudge::Open(folder);
  if (!judge.ok()) {
    std::fprintf(stderr, "testpack_runner: %s: %s\n", folder.c_str(),
                 std::string(judge.status().message()).c_str());
    return 2;
  }
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const TestPackRow& row : judge->rows()) {
    const PackVerdict verdict = judge->Judge(row);
    if (verdict.kind == PackVerdict::Kind::kPassed) ++passed;
    if (verdict.kind == PackVerdict::Kind::kSkipped) ++skipped;
    if (verdict.kind == PackVerdict::Kind::kFailed) {
      ++failed;
      std::printf("FAILED %s %s (%s): expected %s, found %s\n", row.place.c_str(),
                  row.signature.lexically_relative(folder).c_str(), row.action.c_str(),
                  verdict.expected.c_str(), verdict.found.c_str());
    }
  }
  std::printf("run %d passed %d failed %d skipped %d\n", passed + failed, passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--help" || argument == "-h") {
    std::printf("%s", std::string(kHelp).c_str());
    return 0;
  }
  if (argc > 2 || argument.starts_with("-")) {
    std::fprintf(stderr,
                 "testpack_runner: at most a folder expected; see testpack_runner --help\n");
    return 2;
  }
  const std::optional<std::filesystem::path> folder =
      argument.empty() ? FindPack() : std::filesystem::path(argument);
  if (!folder) {
    std::fprintf(stderr, "testpack_runner: no test pack here: name its folder\n");
    return 2;
  }
  return Run(*folder);
}

}  // namespace
}  // namespace pitser::testing

int main(int argc, char** argv) { return pitser::testing::Main(argc, argv); }
