#include "client/cli/exit_code.h"
#include "client/cli/hash_line.h"
#include "ledger/base/check.h"
#include "ledger/base/hex.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

using cli::ParseHashLine;

// As `sha256sum` would write it, without what its escapes are for.
std::string Write(const cli::HashLine& line) {
  std::string text = line.hash.ToText() + "  ";
  for (const char c : line.name) {
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\\') {
      text += "\\\\";
    } else {
      text += c;
    }
  }
  return "\\" + text;
}

}  // namespace

PITSER_FUZZ_TARGET(hash_line) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  for (const auto algorithm : {ledger::HashAlgorithm::kSha256, ledger::HashAlgorithm::kSha512}) {
    for (const bool escapes : {false, true}) {
      const auto line = ParseHashLine(text, algorithm, escapes);
      if (!line.ok()) {
        PITSER_CHECK(cli::ExitCodeOf(line.status()) == cli::ExitCode::kMalformed);
        continue;
      }
      PITSER_CHECK(!line->name.empty());
      const auto again = ParseHashLine(Write(*line), algorithm, true);
      PITSER_CHECK(again.ok() && again->hash == line->hash && again->name == line->name);
    }
  }
}

}  // namespace pitser::fuzz
