#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::testing {

// Where the public pack of signatures with expected verdicts lies (spec/ksi-signature.md 10):
// $PITSER_TESTPACK, else ../shared/testpack beside the source tree, else /work/shared/testpack.
// Nothing when none of them is there, unless PITSER_TESTPACK is set: what was asked for must exist.
std::optional<std::filesystem::path> TestPackDir();

// The first line of a test that reads the pack. The pack is not part of the project, so a machine
// without it skips, and says so.
#define PITSER_NEED_TESTPACK()                                                                \
  if (!::pitser::testing::TestPackDir()) {                                                    \
    GTEST_SKIP() << "the signature test pack is not here; set PITSER_TESTPACK to its folder"; \
  }

// The tables, by their place in the pack.
inline constexpr std::string_view kValidSignatures = "valid-signatures/signature-results.csv";
inline constexpr std::string_view kInvalidSignatures =
    "invalid-signatures/invalid-signature-results.csv";
inline constexpr std::string_view kInternalPolicySignatures =
    "internal-policy-signatures/internal-policy-results.csv";
inline constexpr std::string_view kPolicyVerificationSignatures =
    "policy-verification-signatures/policy-verification-results.csv";
inline constexpr std::string_view kAllTestPackTables[] = {
    kValidSignatures, kInvalidSignatures, kInternalPolicySignatures, kPolicyVerificationSignatures};

// One row: a signature, what to do with it and what must come out. Paths are absolute; an empty
// field is nothing. Source: spec 10.2.
struct TestPackRow {
  std::string place;  // "valid-signatures/signature-results.csv:12", for messages.
  std::filesystem::path signature;
  std::string action;      // "parsing", "internal", "key", ...: spec 10.3.
  std::string error_code;  // "INT-04"; empty: OK is expected.
  std::string error_text;  // Literally as the verifier says it; empty for OK.
  ledger::Level input_level = 0;
  std::optional<ledger::Imprint> document_hash;  // To be given to the verifier.
  std::optional<ledger::Imprint> aggregation_root;
  std::optional<ledger::Imprint> calendar_root;
  std::optional<std::uint64_t> aggregation_time;
  std::optional<std::uint64_t> publication_time;
  std::string publication_code;
  bool extending_allowed = false;
  std::optional<std::filesystem::path> extender_response;
  std::optional<std::filesystem::path> publications_file;
  std::optional<std::filesystem::path> certificate;  // PEM, a trust anchor.
};

// All rows of a table of the pack in `dir`, in order.
// Errors: kNotFound when it cannot be read, kInvalidArgument for a row that cannot be understood.
absl::StatusOr<std::vector<TestPackRow>> ReadTestPack(const std::filesystem::path& dir,
                                                      std::string_view table);
// The same of the pack in TestPackDir().
absl::StatusOr<std::vector<TestPackRow>> ReadTestPack(std::string_view table);

// A whole file. Errors: kNotFound.
absl::StatusOr<ledger::ByteVector> ReadFileBytes(const std::filesystem::path& path);

}  // namespace pitser::testing
