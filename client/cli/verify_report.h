#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/console.h"
#include "client/cli/evidence.h"
#include "client/cli/verify_targets.h"
#include "client/verification.h"
#include "ledger/format/signature.h"

namespace pitser::cli {

// What `pitser verify` found out about one input, to be told to people or programs.
struct VerifyReport {
  std::string document;        // As it was named; empty when none was given.
  std::string signature_path;  // As it was named or derived.
  ledger::Signature signature;
  std::optional<ledger::Imprint> document_hash;
  ledger::Level input_level = 0;
  bool document_is_node = false;  // Of a hash tree: see node_document.h.
  client::Verdict verdict;
  const Evidence* evidence = nullptr;
  std::string extender;  // The one that might be asked, grpc://HOST:PORT; empty for none.
  bool explain = false;  // Every rule is told too.
  std::string missing, other_form;                // As in VerifyTarget.
  std::optional<std::uint64_t> publication_time;  // Of the publication that the user gave.

  // A missing document makes a yes inconclusive, and nothing better.
  ExitCode exit_code() const;
};

// "is not there", and what to do where a file's name looks the same.
std::string MissingText(const VerifyReport& report);

// Plain words, several lines.
std::string ReportText(const VerifyReport& report, const Console& console);

// One line: the result, the input, when it was signed, and what that rests on or what is wrong.
// With `explain`, a line for each rule below it.
std::string ReportLine(const VerifyReport& report, const Console& console);

// One line of JSON, schema pitser.verify/1 (docs/cli.md).
std::string ReportJson(const VerifyReport& report);

// The same for an input that could not be judged.
std::string VerifyErrorLine(const VerifyTarget& target, const absl::Status& status,
                            const Console& console);
std::string VerifyErrorJson(const VerifyTarget& target, const absl::Status& status);

// What many inputs came to.
class VerifySummary {
 public:
  void Add(const VerifyReport& report);
  void AddError(ExitCode code) { ++by_code_[static_cast<std::size_t>(code)]; }
  // A document that has no signature and was to have one: an error as well.
  void AddUnsigned() { ++unsigned_; }

  std::size_t total() const;
  // "7 inputs: 5 verified, 1 FAILED, 1 inconclusive", and what has to be said once for all.
  // `without_signature`: documents that were seen and have none.
  std::string Text(const Evidence& evidence, std::size_t without_signature) const;

 private:
  std::string Counts() const;

  std::array<std::size_t, 256> by_code_{};  // Exit codes are bytes.
  std::size_t consistent_ = 0;              // Of those with code 0: nothing outside was asked.
  std::size_t missing_ = 0, unsigned_ = 0;  // Of those with code 3.
  std::size_t without_document_ = 0;
  std::size_t nodes_ = 0;  // Documents that are nodes of hash trees.
  std::size_t extendable_ = 0;
};

}  // namespace pitser::cli
