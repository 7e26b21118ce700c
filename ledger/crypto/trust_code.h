#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"

namespace pitser::ledger {

// What people compare to know whom they believe: one short code over a root certificate *and* who
// may publish under it. The root alone says too little, as anybody whom it certified could publish.
// Shape: 160 bits of a SHA-256 in base32, eight groups of four: "ABCD-EFGH-...". It is never a
//        publication code nor a fingerprint in hex, by its length.
// The order of constraints does not matter.
std::string TrustCode(const Certificate& root, std::span<const SubjectConstraint> constraints);

// Whether `text` is that code; letter case, blanks and whatever stands between the groups don't
// matter, and 0, 1, 8 are read as the letters that they look like.
bool TrustCodeIs(std::string_view code, std::string_view text);

// Whether `text` has the length of such a code.
bool LooksLikeTrustCode(std::string_view text);

}  // namespace pitser::ledger
