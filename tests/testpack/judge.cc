#include "tests/testpack/judge.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/crypto/certificate.h"
#include "ledger/format/publication.h"
#include "ledger/verify/verifier.h"

namespace pitser::testing {
namespace {

namespace fs = std::filesystem;
using ledger::CalendarHashChain;
using ledger::Policy;
using ledger::PublicationsFile;
using ledger::Signature;
using ledger::VerificationResult;
using Kind = PackVerdict::Kind;

constexpr std::string_view kDefaultPublications =
    "policy-verification-signatures/resources/publications-file.bin";
// Who signs the publications files of the pack. Source: spec 10.6.
constexpr std::string_view kPublisherEmail = "publications@guardtime.com";

PackVerdict Failed(std::string expected, std::string found) {
  return {Kind::kFailed, std::move(expected), std::move(found)};
}
PackVerdict Failed(std::string expected, const absl::Status& found) {
  return Failed(std::move(expected), std::string(found.message()));
}
PackVerdict Skipped(std::string why) { return {Kind::kSkipped, "", std::move(why)}; }

std::optional<Policy> PolicyOfAction(std::string_view action) {
  if (action == "internal") return Policy::kInternal;
  if (action == "key") return Policy::kKeyBased;
  if (action == "publicationsFile") return Policy::kPublicationsFileBased;
  if (action == "userPublication") return Policy::kUserPublicationBased;
  if (action == "calendar") return Policy::kCalendarBased;
  if (action == "default") return Policy::kGeneral;
  return std::nullopt;
}

bool UsesPublicationsFile(Policy policy) {
  return policy == Policy::kKeyBased || policy == Policy::kPublicationsFileBased ||
         policy == Policy::kGeneral;
}

absl::StatusOr<Signature> ReadSignature(const fs::path& path) {
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector bytes, ReadFileBytes(path));
  return Signature::Parse(std::move(bytes));
}

absl::StatusOr<PublicationsFile> ReadPublicationsFile(const fs::path& path) {
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector bytes, ReadFileBytes(path));
  return PublicationsFile::Parse(std::move(bytes));
}

// The row's own file; with an anchor, its CMS signature is checked at the file's own time, because
// the certificates of the pack expire.   Source: spec 10.6.
absl::StatusOr<PublicationsFile> ReadOwnPublications(const TestPackRow& row) {
  PITSER_ASSIGN_OR_RETURN(PublicationsFile file, ReadPublicationsFile(*row.publications_file));
  if (row.certificate.has_value()) {
    PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector pem, ReadFileBytes(*row.certificate));
    PITSER_ASSIGN_OR_RETURN(const auto anchor, ledger::Certificate::FromPem(ledger::AsText(pem)));
    const ledger::SubjectConstraint constraint{std::string(ledger::kEmailOid),
                                               std::string(kPublisherEmail)};
    PITSER_RETURN_IF_ERROR(ledger::VerifyPublicationsFile(file, {&anchor, 1}, {&constraint, 1},
                                                          file.content().creation_time,
                                                          /*accept_sha1=*/true));
  }
  return file;
}

std::string Expected(const TestPackRow& row) {
  return row.error_code.empty() ? "OK" : absl::StrCat(row.error_code, " ", row.error_text);
}

std::string Found(const VerificationResult& result) {
  if (result.outcome == ledger::Outcome::kOk) return "OK";
  return absl::StrCat(ledger::ToAbsl(ledger::ErrorCodeName(result.code)), " ",
                      ledger::ToAbsl(ledger::ErrorCodeText(result.code)));
}

// Columns 7 to 10, recomputed from the signature.   Errors: kInvalidArgument, what differs.
absl::Status CheckValues(const TestPackRow& row, const Signature& signature) {
  const auto differs = [](std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("another ", ledger::ToAbsl(what)));
  };
  if (row.aggregation_root.has_value()) {
    PITSER_ASSIGN_OR_RETURN(const auto root, signature.AggregationRoot());
    if (root.imprint != *row.aggregation_root) return differs("aggregation root");
  }
  if (signature.signing_time() != row.aggregation_time.value_or(signature.signing_time())) {
    return differs("aggregation time");
  }
  const std::optional<CalendarHashChain>& chain = signature.calendar_chain();
  if (!chain.has_value()) return absl::OkStatus();
  if (row.calendar_root.has_value()) {
    PITSER_ASSIGN_OR_RETURN(const ledger::Imprint root,
                            ledger::FoldCalendarLinks(chain->input_hash, chain->links));
    if (root != *row.calendar_root) return differs("calendar root");
  }
  if (chain->publication_time != row.publication_time.value_or(chain->publication_time)) {
    return differs("publication time");
  }
  return absl::OkStatus();
}

// Column 11: decodes, encodes to the same, and says what columns 8 and 10 say, unless it is what
// the user has.
absl::Status CheckPublicationCode(const TestPackRow& row) {
  if (row.publication_code.empty()) return absl::OkStatus();
  PITSER_ASSIGN_OR_RETURN(const ledger::PublicationData data,
                          ledger::ParsePublicationCode(row.publication_code));
  if (ledger::EncodePublicationCode(data) != row.publication_code) {
    return absl::InvalidArgumentError("the publication string is encoded otherwise");
  }
  if (row.action == "userPublication") return absl::OkStatus();
  if (data.time != row.publication_time.value_or(data.time) ||
      data.hash != row.calendar_root.value_or(data.hash)) {
    return absl::InvalidArgumentError("the publication string is of another publication");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PackJudge> PackJudge::Open(const fs::path& dir) {
  PackJudge judge(dir);
  for (const std::string_view table : kAllTestPackTables) {
    PITSER_ASSIGN_OR_RETURN(std::vector<TestPackRow> rows, ReadTestPack(dir, table));
    std::move(rows.begin(), rows.end(), std::back_inserter(judge.rows_));
  }
  PITSER_RETURN_IF_ERROR(judge.LoadDefaultPublications());
  judge.TeachExtender();
  return judge;
}

absl::Status PackJudge::LoadDefaultPublications() {
  const fs::path path = dir_ / kDefaultPublications;
  if (!fs::exists(path)) return absl::OkStatus();
  PITSER_ASSIGN_OR_RETURN(default_publications_, ReadPublicationsFile(path));
  return absl::OkStatus();
}

void PackJudge::TeachExtender() {
  for (const TestPackRow& row : rows_) {
    if (!PolicyOfAction(row.action).has_value()) continue;
    const absl::StatusOr<Signature> signature = ReadSignature(row.signature);
    if (!signature.ok()) continue;  // Judge() will say so.
    extender_.LearnShape(*signature);
    if (!row.error_code.empty()) continue;
    ledger::VerificationContext context{.signature = *signature};
    if (default_publications_) context.publications_file = &*default_publications_;
    if (row.action == "userPublication") {
      const auto publication = ledger::ParsePublicationCode(row.publication_code);
      if (publication.ok()) context.user_publication = *publication;
    }
    extender_.Learn(context);
  }
}

PackVerdict PackJudge::Judge(const TestPackRow& row) const {
  if (row.action == "not-implemented") {
    (void)ReadSignature(row.signature);  // No crash is all that is asked.
    return Skipped("nobody implements it");
  }
  return row.action == "parsing" ? JudgeParsing(row) : JudgeVerification(row);
}

PackVerdict PackJudge::JudgeParsing(const TestPackRow& row) const {
  const absl::StatusOr<Signature> signature = ReadSignature(row.signature);
  if (absl::IsNotFound(signature.status())) return Failed("a file", signature.status());
  if (!signature.ok()) return {};
  // Several paddings may be refused by the parser or by the rule (spec 10.4).
  if (row.error_code == ledger::ErrorCodeName(ledger::ErrorCode::kInt11)) {
    const auto result = ledger::Verify(Policy::kInternal, {.signature = *signature});
    if (result.ok() && result->code == ledger::ErrorCode::kInt11) return {};
  }
  return Failed("malformed", "it parses");
}

PackVerdict PackJudge::JudgeVerification(const TestPackRow& row) const {
  const std::optional<Policy> policy = PolicyOfAction(row.action);
  if (!policy) return Failed("a known action", row.action);
  const absl::StatusOr<Signature> signature = ReadSignature(row.signature);
  if (!signature.ok()) return Failed(Expected(row), signature.status());

  ledger::VerificationContext context{.signature = *signature,
                                      .document_hash = row.document_hash,
                                      .input_level = row.input_level,
                                      .extending_allowed = row.extending_allowed};
  std::optional<PublicationsFile> own_publications;
  if (UsesPublicationsFile(*policy)) {
    if (row.publications_file.has_value()) {
      auto file = ReadOwnPublications(row);
      if (!file.ok()) return Failed("a publications file to be trusted", file.status());
      own_publications = *std::move(file);
      context.publications_file = &*own_publications;
    } else if (default_publications_) {
      context.publications_file = &*default_publications_;
    } else {
      return Skipped("needs the live publications file");
    }
  }
  if (*policy == Policy::kUserPublicationBased) {
    const auto publication = ledger::ParsePublicationCode(row.publication_code);
    if (!publication.ok()) return Failed("a publication string", publication.status());
    context.user_publication = *publication;
  }
  // A row about another core's calendar wants one that differs (spec 10.7).
  const bool foreign = row.error_code == ledger::ErrorCodeName(ledger::ErrorCode::kCal01) ||
                       row.error_code == ledger::ErrorCodeName(ledger::ErrorCode::kCal02);
  bool needs_live_extender = false;
  context.extend =
      [&](std::uint64_t time,
          std::optional<std::uint64_t> publication_time) -> absl::StatusOr<CalendarHashChain> {
    if (row.extender_response.has_value()) return ReadExtenderResponse(*row.extender_response);
    auto chain = foreign ? extender_.Foreign(*signature) : extender_.Real(time, publication_time);
    needs_live_extender = !chain.ok();
    return chain;
  };
  const absl::StatusOr<VerificationResult> result = ledger::Verify(*policy, context);
  if (needs_live_extender) return Skipped("needs a chain of the live extender");
  if (!result.ok()) return Failed(Expected(row), result.status());
  if (Found(*result) != Expected(row)) return Failed(Expected(row), Found(*result));
  for (const absl::Status& values : {CheckValues(row, *signature), CheckPublicationCode(row)}) {
    if (!values.ok()) return Failed("the values of columns 7 to 11", values);
  }
  return {};
}

}  // namespace pitser::testing
