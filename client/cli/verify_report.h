#pragma once

#include <optional>
#include <string>

#include "client/cli/console.h"
#include "client/cli/evidence.h"
#include "client/offline.h"
#include "ledger/format/signature.h"

namespace pitser::cli {

// What `pitser verify` found out about one input, to be told to people or programs.
struct VerifyReport {
  std::string document;        // As it was named; empty when none was given.
  std::string signature_path;  // As it was named or derived.
  const ledger::Signature* signature = nullptr;
  std::optional<ledger::Imprint> document_hash;
  ledger::Level input_level = 0;
  client::OfflineVerdict verdict;
  const Evidence* evidence = nullptr;

  ExitCode exit_code() const;
};

// Plain words, several lines.
std::string ReportText(const VerifyReport& report, const Console& console);

// One line of JSON, schema pitser.verify/1 (docs/cli.md).
std::string ReportJson(const VerifyReport& report);

// The same for an input that could not be judged.
std::string VerifyErrorJson(const std::string& document, const std::string& signature_path,
                            const absl::Status& status);

}  // namespace pitser::cli
