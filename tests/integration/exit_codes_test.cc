// The same cause has the same exit code in every command of `pitser`: the table of docs/cli.md,
// held row by row and column by column against a node.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "ledger/base/hex.h"
#include "tests/integration/node_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"
#include "tests/unit/client/cli_harness.h"

namespace pitser {
namespace {

namespace fs = std::filesystem;
using ledger::AsBytes;
using testing::Cli;
using testing::ValueOf;

constexpr std::uint64_t kYear = std::uint64_t{365} * 86400;

// Command, as in the head of the table, to the codes that it gave.
using Codes = std::map<std::string, int>;
// Cause to what each command has, "-" for nothing.
using Table = std::map<std::string, std::map<std::string, std::string>>;

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells = absl::StrSplit(line, '|');
  for (std::string& cell : cells) {
    absl::StripAsciiWhitespace(&cell);
    std::erase(cell, '`');
  }
  return cells;
}

// The table whose first column is headed "cause".
Table ReadTable() {
  std::ifstream file(std::string(std::getenv("PITSER_SOURCE_DIR")) + "/docs/cli.md");
  Table table;
  std::vector<std::string> head;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> cells = Cells(line);
    if (cells.size() > 2 && cells[1] == "cause") {
      head = cells;
    } else if (!head.empty() && cells.size() != head.size()) {
      break;
    } else if (!head.empty() && !cells[1].starts_with("---")) {
      for (std::size_t i = 2; i + 1 < cells.size(); ++i) table[cells[1]][head[i]] = cells[i];
    }
  }
  return table;
}

class ExitCodes : public testing::NodeTest {
 protected:
  void SetUp() override {
    settings_.publish_every = absl::Hours(24);
    PITSER_ASSERT_OK(StartWithKeys());
    Tick();
    const auto signed_one = caller_->Sign(testing::SomeImprint("a document"));
    StopTicking();
    ASSERT_TRUE(signed_one.status.ok()) << signed_one.status.error_message();
    signature_ = cli_.Write("x.ksig", AsBytes(signed_one.response.signature()));
    cli_.SetTime(Now());
    good_ = Folder("good");
    leaves_ = cli_.Path("leaves");
    ASSERT_EQ(cli_.Run({"calendar", "leaves", "--server", endpoint_, "-o", leaves_}).code, 0);
  }

  // A copy of what the node hands out.
  std::string Folder(const std::string& name) {
    fs::copy(settings_.data + "/trust", cli_.Path(name), fs::copy_options::recursive);
    return cli_.Path(name);
  }
  // What each command says with a trust folder; `more` goes behind each that judges a publications
  // file.
  Codes RunAll(const std::string& folder, const std::string& server,
               const std::vector<std::string>& more = {}) {
    const auto run = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), more.begin(), more.end());
      return cli_.Run(arguments).code;
    };
    const std::vector<std::string> at = {"--server", server, "--timeout", "1"};
    const auto with = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), at.begin(), at.end());
      if (!folder.empty()) arguments.insert(arguments.end(), {"--trust", folder});
      return arguments;
    };
    const auto without_server = [&](std::vector<std::string> arguments) {
      if (!folder.empty()) arguments.insert(arguments.end(), {"--trust", folder});
      return arguments;
    };
    Codes codes;
    codes["verify"] = run(without_server({"verify", signature_}));
    codes["audit"] = run(with({"audit", "--no-state"}));
    codes["publications fetch"] = run(with({"publications", "fetch", "-o", cli_.Path("fetched")}));
    codes["publications verify"] = run(without_server({"publications", "verify"}));
    codes["extend"] = run(with({"extend", signature_}));
    codes["trust show"] = cli_.Run(without_server({"trust", "show"})).code;
    codes["trust fetch"] = Fetch(folder.empty() ? cli_.Path("new") : folder, server);
    return codes;
  }
  int Fetch(const std::string& folder, const std::string& server,
            const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "trust", "fetch", "-o", folder, "--accept-first-use", "--server", server, "--timeout", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cli_.Run(arguments).code;
  }

  // Each command that the row has a code for gave that code.
  void Expect(const std::string& cause, const Codes& codes) {
    ASSERT_TRUE(table_.contains(cause)) << "docs/cli.md has no row '" << cause << "'";
    for (const auto& [command, code] : table_[cause]) {
      if (code == "-") continue;
      ASSERT_TRUE(codes.contains(command)) << command;
      EXPECT_EQ(std::to_string(codes.at(command)), code) << command << ": " << cause;
    }
  }

  Table table_ = ReadTable();
  Cli cli_;
  std::string signature_, good_, leaves_;
};

TEST_F(ExitCodes, AreThoseOfTheTable) {
  // Nothing is wrong.
  for (const auto& [command, code] : RunAll(good_, endpoint_)) {
    // There is no publication yet: nothing to extend to, and nobody's word to hold the ledger to.
    EXPECT_EQ(code, command == "extend" || command == "audit" ? 3 : 0) << command;
  }

  const std::string dates =
      "nothing but dates speaks against the publications file: a wrong clock, or an ended signer";
  for (const std::uint64_t time : {Now() - 20 * kYear, Now() + 6 * kYear, Now() + 30 * kYear}) {
    cli_.SetTime(time);
    Expect(dates, RunAll(Folder("dates" + std::to_string(time)), endpoint_));
  }
  cli_.SetTime(Now());

  // Another constraint than the publisher fulfils.
  const std::string other = Folder("other");
  cli_.Write("other/constraint", "email=mallory@example.com\n");
  Codes codes = RunAll(other, endpoint_);
  const std::string fingerprint =
      ledger::ToHex(ValueOf(ledger::Certificate::FromPem(ledger::ToString(
                                ValueOf(client::ReadFile(other + "/root.pem", 1 << 16)))))
                        .Fingerprint());
  codes["trust fetch"] = Fetch(cli_.Path("new"), endpoint_,
                               {"--fingerprint", fingerprint, "--publisher-email", "a@b.example"});
  Expect(
      "the publications file that a server gave, or that is to be verified, is not of the "
      "publisher",
      codes);
  codes["audit"] = cli_.Run({"audit", "--leaves", leaves_, "--trust", other}).code;
  codes["extend"] = cli_.Run({"extend", signature_, "--server", endpoint_, "--trust", other,
                              "--publications-file", other + "/publications.bin"})
                        .code;
  Expect("the publications file at hand, as evidence for something else, is not of the publisher",
         codes);
}

TEST_F(ExitCodes, AreThoseOfTheTableForFoldersAndServers) {
  // A file of the publisher's with a publication that the node does not have.
  const std::string pem =
      ValueOf(base::ReadFile(settings_.data + "/keys/publications.key.pem", 1 << 16));
  ledger::PublicationsFileContent content;
  content.creation_time = Now();
  content.publications = {{{Now(), testing::SomeImprint("more")}, {}, {}}};
  const auto more =
      ValueOf(BuildPublicationsFile(content, ValueOf(ledger::Certificate::FromPem(pem)),
                                    ValueOf(ledger::PrivateKey::FromPem(pem)), Now()));
  const std::string newer = Folder("newer");
  cli_.Write("newer/publications.bin", more.bytes());
  Expect("a newer publications file lacks a publication of the one at hand",
         RunAll(newer, endpoint_));

  Expect("there is nothing to judge by: no root, no constraint, no file", RunAll("", endpoint_));
  Expect("the trust folder that was named is not there", RunAll(cli_.Path("none"), endpoint_));

  const std::string broken = Folder("broken");
  cli_.Write("broken/root.pem", "no certificate");
  Expect("a file of the trust folder is malformed", RunAll(broken, endpoint_));

  ASSERT_EQ(Fetch(cli_.Path("replaced"), endpoint_), 0);
  cli_.Write("replaced/root.pem", testing::TestTrust::Get().root.pem());
  Expect("root or constraint in the trust folder is not the one that was accepted",
         RunAll(cli_.Path("replaced"), endpoint_));

  Stop();
  Expect("the server is not reached", RunAll(good_, endpoint_));

  Codes codes = RunAll(good_, endpoint_, {"--at", "today"});
  codes["trust fetch"] = Fetch(cli_.Path("new"), endpoint_, {"--fingerprint", "12"});
  codes["trust show"] = cli_.Run({"trust", "show", "--nonsense"}).code;
  Expect("an option is wrong", codes);
}

// A row that nothing here makes would say what nobody has seen.
TEST(ExitCodeTable, HasTheRowsThatAreTested) { EXPECT_EQ(ReadTable().size(), 10u); }

}  // namespace
}  // namespace pitser
