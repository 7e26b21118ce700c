#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/trust.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "ledger/verify/verifier.h"

// Verification with what is at hand: no network, no clock. The rules are ledger/verify's; here is
// only which of them are asked, and what a yes then rests on.
namespace pitser::client {

// What the trust in a verified signature rests on, from least to most.
enum class TrustBasis {
  kNone,              // Nothing outside the signature, or it is not verified.
  kKey,               // A key of the ledger, vouched for by the publications file.
  kPublicationsFile,  // A publication of the publications file.
  kUserPublication,   // A publication that the user brought along.
};

// "none", "key", "publications-file", "user-publication".
std::string_view TrustBasisName(TrustBasis basis);

// Whether a publications file may be used: its signature is checked against the anchors and
// constraints of `trust` at `at_time` (Unix seconds).
// Errors: kFailedPrecondition when there is no anchor or no constraint; kPermissionDenied when the
// file is not to be trusted, saying why.
absl::Status CheckPublicationsFile(const ledger::PublicationsFile& file, const Trust& trust,
                                   std::uint64_t at_time);

// OK when `newer` holds every publication of `older`: publications are never taken back.
// Errors: kDataLoss, naming the publication that is gone or changed.
absl::Status CheckContinues(const ledger::PublicationsFile& older,
                            const ledger::PublicationsFile& newer);

// Everything referred to outlives the call.
struct OfflineRequest {
  const ledger::Signature& signature;
  std::optional<ledger::Imprint> document_hash;
  ledger::Level input_level = 0;
  std::optional<ledger::Policy> policy;  // Nothing: the strongest that the evidence allows.
  std::optional<ledger::PublicationData> user_publication;
  const ledger::PublicationsFile* publications = nullptr;  // CheckPublicationsFile() said OK.
};

struct OfflineVerdict {
  ledger::VerificationResult result;
  TrustBasis basis = TrustBasis::kNone;
  // The publication that the trust rests on; without one, the one of the publications file that the
  // signature could be extended to, if any. Owned by the request's publications file or signature.
  const ledger::PublicationRecord* publication = nullptr;
};

// Verifies. Without a policy: a user publication decides alone; else the publications file's
// publications and, where they cannot tell, the ledger's key.   Source: spec 9.10.
// Errors: as ledger::Verify().
absl::StatusOr<OfflineVerdict> VerifyOffline(const OfflineRequest& request);

}  // namespace pitser::client
