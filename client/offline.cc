#include "client/offline.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::client {
namespace {

using ledger::Outcome;
using ledger::Policy;
using ledger::VerificationResult;

struct Decision {
  Policy policy;
  VerificationResult result;
};

absl::StatusOr<Decision> Decide(const OfflineRequest& request, Policy policy) {
  const ledger::VerificationContext context{.signature = request.signature,
                                            .document_hash = request.document_hash,
                                            .input_level = request.input_level,
                                            .user_publication = request.user_publication,
                                            .publications_file = request.publications,
                                            .extend = {}};
  PITSER_ASSIGN_OR_RETURN(VerificationResult result, ledger::Verify(policy, context));
  return Decision{.policy = policy, .result = std::move(result)};
}

absl::StatusOr<Decision> DecideStrongest(const OfflineRequest& request) {
  if (request.user_publication) return Decide(request, Policy::kUserPublicationBased);
  if (request.publications == nullptr) {
    // Neither can say yes: the one that the signature is made for says what is missing.
    const bool extended = request.signature.publication_record().has_value();
    return Decide(request, extended ? Policy::kPublicationsFileBased : Policy::kKeyBased);
  }
  PITSER_ASSIGN_OR_RETURN(Decision by_file, Decide(request, Policy::kPublicationsFileBased));
  if (by_file.result.outcome != Outcome::kInconclusive) return by_file;
  PITSER_ASSIGN_OR_RETURN(Decision by_key, Decide(request, Policy::kKeyBased));
  if (by_key.result.outcome == Outcome::kInconclusive) {
    by_key.result.cause += "; " + by_file.result.cause;
  }
  return by_key;
}

TrustBasis BasisOf(const Decision& decision) {
  if (decision.result.outcome != Outcome::kOk) return TrustBasis::kNone;
  switch (decision.policy) {
    case Policy::kKeyBased:
      return TrustBasis::kKey;
    case Policy::kPublicationsFileBased:
      return TrustBasis::kPublicationsFile;
    case Policy::kUserPublicationBased:
      return TrustBasis::kUserPublication;
    default:
      return TrustBasis::kNone;
  }
}

}  // namespace

std::string_view TrustBasisName(TrustBasis basis) {
  switch (basis) {
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

absl::Status CheckPublicationsFile(const ledger::PublicationsFile& file, const Trust& trust,
                                   std::uint64_t at_time) {
  if (trust.anchors.empty()) {
    return absl::FailedPreconditionError("no root certificate to check its signature with");
  }
  if (trust.constraints.empty()) {
    return absl::FailedPreconditionError("no constraint says who may sign it");
  }
  return ledger::VerifyPublicationsFile(file, trust.anchors, trust.constraints, at_time);
}

absl::Status CheckContinues(const ledger::PublicationsFile& older,
                            const ledger::PublicationsFile& newer) {
  for (const ledger::PublicationRecord& record : older.content().publications) {
    if (newer.FindPublication(record.data) == nullptr) {
      return absl::DataLossError(absl::StrFormat(
          "the newer publications file lacks the publication of %d that the older one holds (%s)",
          record.data.time, ledger::EncodePublicationCode(record.data)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<OfflineVerdict> VerifyOffline(const OfflineRequest& request) {
  PITSER_ASSIGN_OR_RETURN(Decision decision, request.policy ? Decide(request, *request.policy)
                                                            : DecideStrongest(request));
  OfflineVerdict verdict;
  verdict.basis = BasisOf(decision);
  if (verdict.basis == TrustBasis::kPublicationsFile ||
      verdict.basis == TrustBasis::kUserPublication) {
    verdict.publication = &*request.signature.publication_record();
  } else if (request.publications != nullptr) {
    verdict.publication =
        request.publications->NearestPublication(request.signature.signing_time());
  }
  verdict.result = std::move(decision.result);
  return verdict;
}

}  // namespace pitser::client
