#include <cstdlib>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/verify/rules.h"

namespace pitser::ledger {
namespace {

using Lines = std::vector<std::string>;

// "INT-11 metadata-is-trusted" for each row of each table of rules, by the heading above it.
std::map<std::string, Lines> RulesInReadme() {
  const char* source = std::getenv("PITSER_SOURCE_DIR");
  std::ifstream readme(std::string(source == nullptr ? "." : source) + "/ledger/verify/README.md");
  std::map<std::string, Lines> tables;
  std::string heading;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) heading = line.substr(3);
    // | CODE | `rule` | what it checks |
    if (!line.starts_with("| ") || line.size() < 12 || line[5] != '-') continue;
    const std::size_t begin = line.find('`');
    const std::size_t end = line.find('`', begin + 1);
    if (end == std::string::npos) continue;
    tables[heading].push_back(line.substr(2, 6) + " " + line.substr(begin + 1, end - begin - 1));
  }
  return tables;
}

Lines RulesInCode(std::span<const internal::Rule> rules) {
  Lines lines;
  for (const internal::Rule& rule : rules) {
    lines.push_back(std::string(ErrorCodeName(rule.code)) + " " + std::string(rule.name));
  }
  return lines;
}

TEST(VerifyReadme, ListsTheRulesAsTheyRun) {
  const std::map<std::string, Lines> expected = {
      {"Internal rules", RulesInCode(internal::InternalRules())},
      {"Key-based", RulesInCode(internal::KeyRules())},
      {"Publications-file-based", RulesInCode(internal::PublicationsFileRules())},
      {"User-publication-based", RulesInCode(internal::UserPublicationRules())},
      {"Calendar-based", RulesInCode(internal::CalendarRules())},
  };
  EXPECT_EQ(RulesInReadme(), expected);
}

TEST(Rules, NamesAreKebabCaseAndStandForOneCode) {
  std::map<std::string, ErrorCode> codes;
  for (const auto rules :
       {internal::InternalRules(), internal::KeyRules(), internal::PublicationsFileRules(),
        internal::UserPublicationRules(), internal::CalendarRules()}) {
    for (const internal::Rule& rule : rules) {
      const std::string name(rule.name);
      EXPECT_THAT(name, ::testing::MatchesRegex("[a-z0-9]+(-[a-z0-9]+)+"));
      EXPECT_EQ(codes.emplace(name, rule.code).first->second, rule.code) << name;
      EXPECT_NE(rule.code, ErrorCode::kKey01) << "retired";
    }
  }
}

}  // namespace
}  // namespace pitser::ledger
