#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/trust.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "ledger/verify/verifier.h"

// Verification with what is at hand, and with an extender where one may be asked: no network of its
// own, no clock. The rules are ledger/verify's; here is what a yes then rests on.
namespace pitser::client {

// What the trust in a verified signature rests on.
enum class TrustBasis {
  kNone,              // Nothing outside the signature, or it is not verified.
  kCalendar,          // The calendar that an extender serves today.
  kKey,               // A key of the ledger, vouched for by the publications file.
  kPublicationsFile,  // A publication of the publications file.
  kUserPublication,   // A publication that the user brought along.
};

// "none", "calendar", "key", "publications-file", "user-publication".
std::string_view TrustBasisName(TrustBasis basis);

// Whether a publications file may be used: its signature is checked against the anchors and
// constraints of `trust` at `at_time` (Unix seconds), or at the time at which the folder's record
// knows it. Gives when, and why then.
// Errors: kFailedPrecondition when there is no anchor or no constraint; kPermissionDenied when the
// file is not to be trusted, saying why; kOutOfRange when only the dates of certificates speak
// against it.
absl::StatusOr<ledger::FileStanding> CheckPublicationsFile(const ledger::PublicationsFile& file,
                                                           const Trust& trust,
                                                           std::uint64_t at_time);

// OK when `newer` holds every publication of `older`: publications are never taken back.
// Errors: kDataLoss, naming the publication that is gone or changed.
absl::Status CheckContinues(const ledger::PublicationsFile& older,
                            const ledger::PublicationsFile& newer);

// Everything referred to outlives the call.
struct VerificationRequest {
  const ledger::Signature& signature;
  std::optional<ledger::Imprint> document_hash = {};
  ledger::Level input_level = 0;
  // General: a user publication decides alone; else the publications file's publications and, where
  // they cannot tell, the ledger's key.
  ledger::Policy policy = ledger::Policy::kGeneral;
  std::optional<ledger::PublicationData> user_publication = {};
  const ledger::PublicationsFile* publications = nullptr;  // CheckPublicationsFile() said OK.
  const ledger::PublicationsPast* past = nullptr;          // Trust::past.
  // Called only when a rule asks; empty: none. Whether the policies by publication may ask it is
  // said below, the calendar-based one always may.
  ledger::ExtendFunction extend = {};
  bool extending_allowed = false;
};

struct Verdict {
  ledger::VerificationResult result;
  TrustBasis basis = TrustBasis::kNone;
  // The publication that the trust rests on, if any.
  std::optional<ledger::PublicationRecord> publication;
  // Whether an extender led to that publication just now: the signature itself does not.
  bool extended = false;
  // Set when that publication is believed for what was verified before, and no file at hand that is
  // believed lists it.
  std::optional<ledger::PastPublication> from_past;
  // Why an extender that was asked gave no chain; empty when it gave one or was not asked.
  std::string extender_problem;
  // Whether it is the extender's chain that does not fit the signature: either of them is wrong.
  // The policies say failed then, as the format wants it.
  bool extender_contradicts = false;
};

// Errors: as ledger::Verify().   Thread: pure but for `extend`.
absl::StatusOr<Verdict> VerifySignature(const VerificationRequest& request);

}  // namespace pitser::client
