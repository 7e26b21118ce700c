#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "ledger/verify/publications_past.h"
#include "ledger/verify/result.h"

namespace pitser::ledger {

// Gives the calendar hash chain from `aggregation_time` to `publication_time` (nothing: the newest
// there is). It does not compare times, input or root: the policies do. Source: spec 9.11.
using ExtendFunction = std::function<absl::StatusOr<CalendarHashChain>(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time)>;

// What a verification may use. Everything referred to outlives the call.
// Source: spec/ksi-signature.md 9.1.
struct VerificationContext {
  const Signature& signature;
  std::optional<Imprint> document_hash = {};
  Level input_level = 0;
  std::optional<PublicationData> user_publication = {};
  // Already verified by VerifyPublicationsFile(), or trusted as it is. Null: none at hand.
  const PublicationsFile* publications_file = nullptr;
  // Publications that were believed while their signers were valid. They count as the file's, and
  // before what the file says of the same time now. Null: none.
  const PublicationsPast* past = nullptr;
  ExtendFunction extend = {};  // Empty: no extender.
  // Whether the policies by publication may ask it. The calendar-based policy asks in any case.
  bool extending_allowed = false;
  const AlgorithmPolicy& algorithms = AlgorithmPolicy::Default();
};

enum class Policy {
  kInternal,               // Spec 9.5: consistent in itself; proves nothing to the world.
  kKeyBased,               // 9.6: a key of the publications file vouches for the calendar root.
  kPublicationsFileBased,  // 9.7
  kUserPublicationBased,   // 9.8
  kCalendarBased,          // 9.9: the calendar of an extender is the signature's own.
  kGeneral,                // 9.10: the strongest of 9.6 to 9.8 that the evidence allows.
};

// The publication that the policy by publications files extends to, if there is one: the nearest at
// or after the signing time of what was believed before and what the file lists.
std::optional<PublicationData> NearestPublication(const VerificationContext& context);

// "internal", "key-based", "publications-file-based", "user-publication-based", "calendar-based",
// "general".
std::string_view PolicyName(Policy policy);

// Runs the policy's rules in order; the first that does not pass decides. The general policy lets
// the user's publication decide alone if one is given; else the publications file's publications,
// and where these are inconclusive the ledger's key. The result names the policy that decided.
// Errors: kInvalidArgument when verifying shows the signature malformed (a level beyond 255);
// kUnimplemented when this build lacks a hash algorithm. Both are outside the three outcomes.
// Thread: pure function.
// Cost:   2 us, and for the first signature of a round 20 more where a key vouches for it: a thread
// remembers the records that verified and the certificates (key_memory.h), half a MB at most.
absl::StatusOr<VerificationResult> Verify(Policy policy, const VerificationContext& context);

}  // namespace pitser::ledger
