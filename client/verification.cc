#include "client/verification.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/base/time_text.h"

namespace pitser::client {
namespace {

using ledger::Outcome;
using ledger::Policy;
using ledger::VerificationResult;

// The general policy names the one that decided.
TrustBasis BasisOf(const VerificationResult& result) {
  if (result.outcome != Outcome::kOk) return TrustBasis::kNone;
  if (result.policy == PolicyName(Policy::kKeyBased)) return TrustBasis::kKey;
  if (result.policy == PolicyName(Policy::kCalendarBased)) return TrustBasis::kCalendar;
  if (result.policy == PolicyName(Policy::kPublicationsFileBased)) {
    return TrustBasis::kPublicationsFile;
  }
  if (result.policy == PolicyName(Policy::kUserPublicationBased)) {
    return TrustBasis::kUserPublication;
  }
  return TrustBasis::kNone;
}

// What the trust rests on by `basis`, which is a publication's. `extended`: the signature was led
// to it, it does not carry it.
ledger::PublicationRecord PublicationOf(const ledger::VerificationContext& context,
                                        TrustBasis basis, bool extended) {
  if (!extended) return *context.signature.publication_record();
  // The rules extend to this one.
  const ledger::PublicationData data = basis == TrustBasis::kUserPublication
                                           ? *context.user_publication
                                           : *ledger::NearestPublication(context);
  const ledger::PublicationRecord* listed =
      basis == TrustBasis::kUserPublication || context.publications_file == nullptr
          ? nullptr
          : context.publications_file->FindPublication(data);
  if (listed != nullptr) return *listed;
  return {.data = data, .references = {}, .repository_uris = {}};
}

// How the publication of the file is known, where the file at hand does not say it.
std::optional<ledger::PastPublication> FromPast(const VerificationRequest& request,
                                                const ledger::PublicationData& publication) {
  const bool listed = request.publications != nullptr &&
                      request.publications->FindPublication(publication) != nullptr;
  if (listed || request.past == nullptr) return std::nullopt;
  const ledger::PastPublication* past = request.past->Find(publication);
  if (past == nullptr) return std::nullopt;
  return *past;
}

// Whether what failed is what an extender was asked for: these codes are of no other rules.
bool IsExtenders(ledger::ErrorCode code) {
  switch (code) {
    case ledger::ErrorCode::kPub01:
    case ledger::ErrorCode::kPub02:
    case ledger::ErrorCode::kPub03:
    case ledger::ErrorCode::kCal01:
    case ledger::ErrorCode::kCal02:
    case ledger::ErrorCode::kCal03:
    case ledger::ErrorCode::kCal04:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view TrustBasisName(TrustBasis basis) {
  switch (basis) {
    case TrustBasis::kCalendar:
      return "calendar";
    case TrustBasis::kKey:
      return "key";
    case TrustBasis::kPublicationsFile:
      return "publications-file";
    case TrustBasis::kUserPublication:
      return "user-publication";
    case TrustBasis::kNone:
      break;
  }
  return "none";
}

absl::StatusOr<ledger::FileStanding> CheckPublicationsFile(const ledger::PublicationsFile& file,
                                                           const Trust& trust,
                                                           std::uint64_t at_time) {
  if (trust.anchors.empty()) {
    return absl::FailedPreconditionError("no root certificate to check its signature with");
  }
  if (trust.constraints.empty()) {
    return absl::FailedPreconditionError("no constraint says who may sign it");
  }
  return ledger::JudgePublicationsFile(file, trust.anchors, trust.constraints, at_time,
                                       &trust.past);
}

absl::Status CheckContinues(const ledger::PublicationsFile& older,
                            const ledger::PublicationsFile& newer) {
  for (const ledger::PublicationRecord& record : older.content().publications) {
    if (newer.FindPublication(record.data) == nullptr) {
      return absl::DataLossError(absl::StrFormat(
          "the newer publications file lacks the publication of %s that the older one holds (%s)",
          ledger::TimeText(record.data.time), ledger::EncodePublicationCode(record.data)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Verdict> VerifySignature(const VerificationRequest& request) {
  Verdict verdict;
  bool given = false;
  ledger::ExtendFunction extend;
  if (request.extend) {
    extend = [&](std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) {
      auto chain = request.extend(aggregation_time, publication_time);
      given = chain.ok();
      verdict.extender_problem = chain.ok() ? std::string() : std::string(chain.status().message());
      return chain;
    };
  }
  const ledger::VerificationContext context{.signature = request.signature,
                                            .document_hash = request.document_hash,
                                            .input_level = request.input_level,
                                            .user_publication = request.user_publication,
                                            .publications_file = request.publications,
                                            .past = request.past,
                                            .extend = std::move(extend),
                                            .extending_allowed = request.extending_allowed};
  PITSER_ASSIGN_OR_RETURN(verdict.result, ledger::Verify(request.policy, context));
  verdict.basis = BasisOf(verdict.result);
  verdict.extender_contradicts = IsExtenders(verdict.result.code);
  if (verdict.basis == TrustBasis::kPublicationsFile ||
      verdict.basis == TrustBasis::kUserPublication) {
    verdict.extended = given;
    verdict.publication = PublicationOf(context, verdict.basis, given);
  }
  if (verdict.basis == TrustBasis::kPublicationsFile) {
    verdict.from_past = FromPast(request, verdict.publication->data);
  }
  return verdict;
}

}  // namespace pitser::client
