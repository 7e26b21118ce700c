#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/verify/verifier.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"
#include "tests/support/value_of.h"

// The public pack of signatures against the policies, judged row by row as spec/ksi-signature.md
// 10.3 to 10.7 says. Rows that only ask for parsing are judged by testpack_test.cc of the format.
namespace pitser::ledger {
namespace {

using ::pitser::testing::kInternalPolicySignatures;
using ::pitser::testing::kPolicyVerificationSignatures;
using ::pitser::testing::kValidSignatures;
using ::pitser::testing::ReadFileBytes;
using ::pitser::testing::ReadTestPack;
using ::pitser::testing::TestPackDir;
using ::pitser::testing::TestPackRow;
using ::pitser::testing::ValueOf;

std::optional<Policy> PolicyOfAction(std::string_view action) {
  if (action == "internal") return Policy::kInternal;
  if (action == "key") return Policy::kKeyBased;
  if (action == "publicationsFile") return Policy::kPublicationsFileBased;
  if (action == "userPublication") return Policy::kUserPublicationBased;
  return std::nullopt;
}

Signature ReadSignature(const TestPackRow& row) {
  return ValueOf(Signature::Parse(ValueOf(ReadFileBytes(row.signature))));
}

// The file that the row names, its CMS signature checked against the row's anchor at the file's
// own time; or the pack's default file, trusted as it is.   Source: spec 10.6.
PublicationsFile ReadPublicationsFile(const TestPackRow& row) {
  const std::filesystem::path path = row.publications_file.value_or(
      *TestPackDir() / "policy-verification-signatures" / "resources" / "publications-file.bin");
  PublicationsFile file = ValueOf(PublicationsFile::Parse(ValueOf(ReadFileBytes(path))));
  if (row.certificate.has_value()) {
    const ByteVector pem = ValueOf(ReadFileBytes(*row.certificate));
    const Certificate anchor = ValueOf(Certificate::FromPem(AsText(pem)));
    const SubjectConstraint constraint{std::string(kEmailOid), "publications@guardtime.com"};
    EXPECT_THAT(VerifyPublicationsFile(file, {&anchor, 1}, {&constraint, 1},
                                       file.content().creation_time, /*accept_sha1=*/true),
                testing::IsOk());
  }
  return file;
}

// Serves the calendar hash chain of an extending response file, whatever is asked.
// Source: spec 10.5.
absl::StatusOr<CalendarHashChain> ServeResponse(const std::filesystem::path& path) {
  const ByteVector bytes = ValueOf(ReadFileBytes(path));
  TlvReader file(bytes);
  TlvReader pdu(ValueOf(file.Next()));
  while (!pdu.done()) {
    const Element element = ValueOf(pdu.Next());
    if (element.type != 0x02) continue;
    std::optional<CalendarHashChain> chain;
    for (TlvReader payload(element); !payload.done();) {
      const Element field = ValueOf(payload.Next());
      if (field.type == 0x04 && ValueOf(ReadInt(field, "status")) != 0) {
        return absl::UnavailableError("the extender answered with an error status");
      }
      if (field.type == kCalendarHashChainTag) chain = ValueOf(ParseCalendarHashChain(field));
    }
    if (chain.has_value()) return *std::move(chain);
  }
  return absl::UnavailableError("the response holds no calendar hash chain");
}

// Rows that a public service would have to answer; no response is in the pack.
bool NeedsLiveExtender(const TestPackRow& row) {
  return row.extending_allowed && !row.extender_response.has_value();
}

absl::StatusOr<VerificationResult> VerifyRow(const TestPackRow& row, Policy policy,
                                             const Signature& signature) {
  std::optional<PublicationsFile> file;
  if (policy == Policy::kKeyBased || policy == Policy::kPublicationsFileBased) {
    file = ReadPublicationsFile(row);
  }
  VerificationContext context{.signature = signature,
                              .document_hash = row.document_hash,
                              .input_level = row.input_level,
                              .publications_file = file.has_value() ? &*file : nullptr,
                              .extending_allowed = row.extending_allowed};
  if (policy == Policy::kUserPublicationBased) {
    context.user_publication = ValueOf(ParsePublicationCode(row.publication_code));
  }
  if (row.extender_response.has_value()) {
    context.extend = [&](std::uint64_t, std::optional<std::uint64_t>) {
      return ServeResponse(*row.extender_response);
    };
  }
  return Verify(policy, context);
}

// Columns 3 and 4.
void JudgeVerdict(const TestPackRow& row, const VerificationResult& result) {
  EXPECT_EQ(ErrorCodeName(result.code), row.error_code) << result.rule << " " << result.cause;
  if (row.error_code.empty()) {
    EXPECT_EQ(result.outcome, Outcome::kOk);
    return;
  }
  EXPECT_EQ(ErrorCodeText(result.code), row.error_text);
  EXPECT_EQ(result.outcome, row.error_code == "GEN-02" ? Outcome::kInconclusive : Outcome::kFailed);
}

// Columns 7 to 11: what the signature says, recomputed.
void JudgeValues(const TestPackRow& row, const Signature& signature) {
  if (row.aggregation_root.has_value()) {
    EXPECT_EQ(ValueOf(signature.AggregationRoot()).imprint, *row.aggregation_root);
  }
  if (row.aggregation_time.has_value()) {
    EXPECT_EQ(signature.signing_time(), *row.aggregation_time);
  }
  const std::optional<CalendarHashChain>& chain = signature.calendar_chain();
  if (row.calendar_root.has_value() && chain.has_value()) {
    EXPECT_EQ(ValueOf(FoldCalendarLinks(chain->input_hash, chain->links)), *row.calendar_root);
  }
  if (row.publication_time.has_value() && chain.has_value()) {
    EXPECT_EQ(chain->publication_time, *row.publication_time);
  }
  if (!row.publication_code.empty()) {
    const PublicationData data = ValueOf(ParsePublicationCode(row.publication_code));
    EXPECT_EQ(EncodePublicationCode(data), row.publication_code);
    if (row.action == "userPublication") return;  // There it is what the user has.
    EXPECT_EQ(data.time, row.publication_time.value_or(data.time));
    EXPECT_EQ(data.hash, row.calendar_root.value_or(data.hash));
  }
}

// Runs a table's rows and returns how many were judged for each action; the rest is counted as
// "skipped ...".
std::map<std::string, int> RunTable(std::string_view table) {
  std::map<std::string, int> counts;
  for (const TestPackRow& row : ValueOf(ReadTestPack(table))) {
    SCOPED_TRACE(row.place + " " + row.signature.filename().string());
    const std::optional<Policy> policy = PolicyOfAction(row.action);
    if (!policy.has_value()) {
      ++counts["skipped " + row.action];
      continue;
    }
    if (NeedsLiveExtender(row)) {
      ++counts["skipped for want of a live extender"];
      continue;
    }
    ++counts[row.action];
    const Signature signature = ReadSignature(row);
    const absl::StatusOr<VerificationResult> result = VerifyRow(row, *policy, signature);
    EXPECT_THAT(result, testing::IsOk());
    if (!result.ok()) continue;
    JudgeVerdict(row, *result);
    JudgeValues(row, signature);
  }
  std::cout << table << ":";
  for (const auto& [what, count] : counts) std::cout << " " << what << " " << count << ";";
  std::cout << "\n";
  return counts;
}

using Counts = std::map<std::string, int>;

TEST(TestPack, ValidSignatures) {
  PITSER_NEED_TESTPACK();
  EXPECT_EQ(RunTable(kValidSignatures), (Counts{{"internal", 48},
                                                {"key", 12},
                                                {"userPublication", 6},
                                                {"publicationsFile", 1},
                                                {"skipped calendar", 7}}));
}

TEST(TestPack, InternalPolicySignatures) {
  PITSER_NEED_TESTPACK();
  EXPECT_EQ(RunTable(kInternalPolicySignatures),
            (Counts{{"internal", 112}, {"skipped parsing", 2}}));
}

TEST(TestPack, PolicyVerificationSignatures) {
  PITSER_NEED_TESTPACK();
  EXPECT_EQ(RunTable(kPolicyVerificationSignatures),
            (Counts{{"internal", 4},
                    {"key", 11},
                    {"publicationsFile", 7},
                    {"userPublication", 7},
                    {"skipped calendar", 5},
                    {"skipped for want of a live extender", 2}}));
}

// Its rows are all about parsing, or about what nobody implements.
TEST(TestPack, InvalidSignatures) {
  PITSER_NEED_TESTPACK();
  EXPECT_EQ(RunTable(testing::kInvalidSignatures),
            (Counts{{"skipped parsing", 175}, {"skipped not-implemented", 14}}));
}

// The two padding rows: a parser may refuse them, and else verification must (spec 10.4).
TEST(TestPack, PaddingRowsAreRefusedByParserOrRule) {
  PITSER_NEED_TESTPACK();
  int rows = 0;
  for (const TestPackRow& row : ValueOf(ReadTestPack(kInternalPolicySignatures))) {
    if (row.action != "parsing") continue;
    SCOPED_TRACE(row.place);
    ++rows;
    EXPECT_EQ(row.error_code, "INT-11");
    const auto signature = Signature::Parse(ValueOf(ReadFileBytes(row.signature)));
    if (!signature.ok()) continue;
    PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                                Verify(Policy::kInternal, {.signature = *signature}));
    EXPECT_EQ(result.code, ErrorCode::kInt11);
  }
  EXPECT_EQ(rows, 2);
}

// Whatever else a row of the valid ones is for, the signature is consistent in itself.
TEST(TestPack, AllValidSignaturesPassTheInternalPolicy) {
  PITSER_NEED_TESTPACK();
  int rows = 0;
  for (const TestPackRow& row : ValueOf(ReadTestPack(kValidSignatures))) {
    SCOPED_TRACE(row.place);
    ++rows;
    const Signature signature = ReadSignature(row);
    PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                                Verify(Policy::kInternal, {.signature = signature,
                                                           .document_hash = row.document_hash,
                                                           .input_level = row.input_level}));
    EXPECT_EQ(result.outcome, Outcome::kOk) << ErrorCodeName(result.code) << " " << result.rule;
  }
  EXPECT_EQ(rows, 74);
}

}  // namespace
}  // namespace pitser::ledger
