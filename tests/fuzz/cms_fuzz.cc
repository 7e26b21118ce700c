#include "ledger/base/check.h"
#include "ledger/crypto/cms.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/trust.h"
#include "tests/support/openssl_leaks.h"

// A CMS signature over fixed content.
namespace pitser::fuzz {

PITSER_FUZZ_TARGET(cms) {
  const client::Trust& trust = FuzzTrust();
  const testing::IgnoreLeaksOfOpenssl ignore_leaks;
  for (const bool accept_sha1 : {false, true}) {
    const auto signer = VerifyCms(trust.publications->signed_bytes(), input, trust.anchors,
                                  testing::kTestTime, accept_sha1);
    if (!signer.ok()) {
      const absl::StatusCode code = signer.status().code();
      PITSER_CHECK(code == absl::StatusCode::kInvalidArgument ||
                   code == absl::StatusCode::kPermissionDenied);
      continue;
    }
    // There is one key that signed it.
    for (const auto& constraint : trust.constraints) {
      PITSER_CHECK(signer->SubjectAttribute(constraint.oid) == constraint.value);
    }
    PITSER_CHECK(
        !VerifyCms(ledger::AsBytes("other"), input, trust.anchors, testing::kTestTime, accept_sha1)
             .ok());
  }
}

}  // namespace pitser::fuzz
