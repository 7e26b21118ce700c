#include "client/cli/audit_evidence.h"

#include "absl/strings/str_format.h"
#include "client/cli/inputs.h"
#include "client/fork_proof.h"
#include "ledger/base/status.h"
#include "ledger/verify/verifier.h"

namespace pitser::cli {
namespace {

using client::Claim;
using client::ClaimKind;
using client::Vouching;
using ledger::Signature;

void AddClaim(AuditEvidence& evidence, Claim claim, bool vouched) {
  evidence.claims.push_back(std::move(claim));
  evidence.vouched.push_back(vouched);
}

// The publications file to hold the ledger to: the newest that is to be trusted.
absl::Status ChoosePublications(const Evidence& trust, const Reader* reader,
                                BroughtEvidence& brought) {
  AuditEvidence& evidence = brought.evidence;
  evidence.publications = trust.Publications();
  const bool anchors = trust.trust && !trust.trust->anchors.empty();
  if (reader != nullptr && anchors) {
    auto fetched = FetchPublicationsFile(reader->service, trust);
    if (fetched.ok()) {
      brought.fetched = *std::move(fetched);
      evidence.publications = &*brought.fetched;
      return absl::OkStatus();
    }
    const ExitCode code = ExitCodeOf(fetched.status());
    const bool wrong = code == ExitCode::kFailed;
    if (!wrong && code != ExitCode::kInconclusive) return fetched.status();
    (wrong ? evidence.failures : evidence.doubts)
        .push_back(std::string(fetched.status().message()));
  }
  if (!trust.publications_problem.empty()) evidence.doubts.push_back(trust.publications_problem);
  return absl::OkStatus();
}

absl::Status AddCode(const std::string& code, AuditEvidence& evidence) {
  const auto publication = ledger::ParsePublicationCode(code);
  if (!publication.ok()) {
    return Error(ExitCode::kUsage, absl::StrFormat("--publication %s: %s", code,
                                                   ledger::ToStd(publication.status().message())));
  }
  AddClaim(evidence,
           {.kind = ClaimKind::kPublication,
            .time = publication->time,
            .value = publication->hash,
            .source = "the code that you gave"},
           true);
  return absl::OkStatus();
}

// Whether the signature is consistent in itself, so that its chain leads to its record's root.
absl::StatusOr<bool> IsConsistent(const Signature& signature, const std::string& path,
                                  AuditEvidence& evidence) {
  const auto result = ledger::Verify(ledger::Policy::kInternal, {.signature = signature});
  if (!result.ok()) {
    const bool cannot = absl::IsUnimplemented(result.status());
    return WithExitCode(InContext(result.status(), path),
                        cannot ? ExitCode::kInconclusive : ExitCode::kMalformed);
  }
  if (result->outcome == ledger::Outcome::kOk) return true;
  evidence.forgeries.push_back(absl::StrFormat("%s is no signature of any ledger: %s %s", path,
                                               ledger::ErrorCodeName(result->code),
                                               ledger::ErrorCodeText(result->code)));
  return false;
}

// Whether the ledger stands behind the signature's root, and what to say if that cannot be told.
bool IsVouchedFor(const Signature& signature, const std::string& path, AuditEvidence& evidence) {
  if (signature.publication_record()) {
    const bool listed =
        evidence.publications != nullptr &&
        evidence.publications->FindPublication(signature.publication_record()->data) != nullptr;
    if (!listed) {
      evidence.doubts.push_back(
          path + ": no publications file at hand has the publication that it rests on");
    }
    return listed;
  }
  const ledger::CalendarAuthenticationRecord& record = *signature.authentication_record();
  ledger::ByteVector bytes;
  ledger::WriteCalendarAuthenticationRecord(bytes, record.signed_bytes, record.signature_type,
                                            record.signature_value, record.certificate_id);
  switch (client::CheckRecord(bytes, evidence.publications)) {
    case Vouching::kByKey:
      return true;
    case Vouching::kWrong:
      evidence.forgeries.push_back(
          path +
          ": the key that its calendar authentication record names did not sign it (KEY-02)");
      return false;
    case Vouching::kUnknownKey:
      evidence.doubts.push_back(path +
                                ": the publications file does not list the key of its "
                                "calendar authentication record");
      return false;
    case Vouching::kNoRecord:
      break;
  }
  evidence.doubts.push_back(path +
                            ": no publications file at hand to judge its calendar "
                            "authentication record with");
  return false;
}

absl::Status AddSignature(const std::string& path, AuditEvidence& evidence) {
  PITSER_ASSIGN_OR_RETURN(const Signature signature, ReadSignature(path));
  if (!signature.calendar_chain() ||
      !(signature.publication_record() || signature.authentication_record())) {
    evidence.doubts.push_back(path + " says nothing of the calendar's root");
    return absl::OkStatus();
  }
  PITSER_ASSIGN_OR_RETURN(const bool consistent, IsConsistent(signature, path, evidence));
  if (!consistent) return absl::OkStatus();
  // What nobody stands behind proves nothing, neither for nor against the ledger.
  if (!IsVouchedFor(signature, path, evidence)) return absl::OkStatus();
  const bool published = signature.publication_record().has_value();
  const ledger::PublicationData& data =
      published ? signature.publication_record()->data : signature.authentication_record()->data;
  AddClaim(evidence,
           {.kind = published ? ClaimKind::kPublication : ClaimKind::kRecord,
            .time = data.time,
            .value = data.hash,
            .source = path},
           true);
  AddClaim(evidence,
           {.kind = ClaimKind::kLeaf,
            .time = signature.calendar_chain()->AggregationTime(),
            .value = signature.calendar_chain()->input_hash,
            .source = path},
           true);
  return absl::OkStatus();
}

}  // namespace

absl::Status BringEvidence(const AuditOptions& options, const Evidence& trust, const Reader* reader,
                           BroughtEvidence& brought) {
  PITSER_RETURN_IF_ERROR(ChoosePublications(trust, reader, brought));
  AuditEvidence& evidence = brought.evidence;
  if (evidence.publications != nullptr) {
    for (const auto& record : evidence.publications->content().publications) {
      AddClaim(evidence,
               {.kind = ClaimKind::kPublication,
                .time = record.data.time,
                .value = record.data.hash,
                .source = "the publications file"},
               true);
    }
  }
  for (const std::string& code : options.publications) {
    PITSER_RETURN_IF_ERROR(AddCode(code, evidence));
  }
  for (const std::string& path : options.signatures) {
    PITSER_RETURN_IF_ERROR(AddSignature(path, evidence));
  }
  return absl::OkStatus();
}

}  // namespace pitser::cli
