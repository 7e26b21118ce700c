#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/app.h"
#include "client/file.h"
#include "client/trust.h"
#include "ledger/base/bytes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/signature_maker.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"

namespace pitser::testing {

struct CliResult {
  int code;
  std::string out;
  std::string err;
};

// Runs `pitser` in this process: a folder, an environment and a clock of its own, no terminal.
class Cli {
 public:
  Cli() { environment_["HOME"] = folder_.path(); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  std::string Write(const std::string& name, ledger::Bytes content) const {
    const std::string path = Path(name);
    EXPECT_TRUE(client::WriteFile(path, content, {.replace = true}).ok());
    return path;
  }
  std::string Write(const std::string& name, std::string_view content) const {
    return Write(name, ledger::AsBytes(content));
  }

  // Writes what a server keeps in DIR/trust, with these publications.
  std::string WriteTrust(const std::string& name,
                         std::vector<ledger::PublicationRecord> publications = {}) const {
    const TestTrust& trust = TestTrust::Get();
    std::filesystem::create_directory(Path(name));
    Write(name + "/root.pem", trust.root.pem());
    Write(name + "/constraint", trust.constraint().oid + "=" + trust.constraint().value + "\n");
    const auto file = MakePublicationsFile({trust.calendar_record()}, std::move(publications));
    Write(name + "/publications.bin", file.bytes());
    return Path(name);
  }

  void SetEnvironment(const std::string& name, const std::string& value) {
    environment_[name] = value;
  }
  // What the program's clock says, Unix seconds.
  void SetTime(std::uint64_t time) {
    clock_.SetWall(absl::FromUnixSeconds(static_cast<std::int64_t>(time)));
  }
  void SetOutIsTerminal() { out_is_terminal_ = true; }

  CliResult Run(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    cli::Console console({.out = &out,
                          .err = &err,
                          .in_is_terminal = false,
                          .out_is_terminal = out_is_terminal_,
                          .err_is_terminal = false,
                          .no_color = true});
    const cli::ExitCode code =
        cli::RunApp(arguments, cli::Environment(environment_), clock_, console);
    return {.code = static_cast<int>(code), .out = out.str(), .err = err.str()};
  }

 private:
  TempFolder folder_;
  cli::Environment::Map environment_;
  FakeClock clock_{absl::FromUnixSeconds(kTestTime + 3600)};
  bool out_is_terminal_ = false;
};

}  // namespace pitser::testing
