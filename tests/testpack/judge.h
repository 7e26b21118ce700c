#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/format/publications_file.h"
#include "tests/support/testpack.h"
#include "tests/testpack/offline_extender.h"

namespace pitser::testing {

// What came of one row.
struct PackVerdict {
  enum class Kind { kPassed, kFailed, kSkipped };
  Kind kind = Kind::kPassed;
  std::string expected;  // When failed.
  std::string found;     // When failed; when skipped, why.
};

// Judges the rows of a pack, offline. What is expected of the verifier is what the row says;
// nothing here looks at the name of a file.   Source: spec/ksi-signature.md 10.3 to 10.7. Thread:
// one at a time.
class PackJudge {
 public:
  // Errors: kNotFound, kInvalidArgument when a table of the pack in `dir` cannot be read.
  static absl::StatusOr<PackJudge> Open(const std::filesystem::path& dir);

  // All rows of all tables, in order.
  const std::vector<TestPackRow>& rows() const { return rows_; }

  PackVerdict Judge(const TestPackRow& row) const;

 private:
  explicit PackJudge(std::filesystem::path dir) : dir_(std::move(dir)) {}

  // The file that stands for "live": trusted as it is. Nothing when the pack has none.
  absl::Status LoadDefaultPublications();
  void TeachExtender();
  PackVerdict JudgeParsing(const TestPackRow& row) const;
  PackVerdict JudgeVerification(const TestPackRow& row) const;

  std::filesystem::path dir_;
  std::vector<TestPackRow> rows_;
  std::optional<ledger::PublicationsFile> default_publications_;
  OfflineExtender extender_;
};

}  // namespace pitser::testing
