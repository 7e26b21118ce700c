#include "ledger/base/check.h"
#include "ledger/crypto/certificate.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

PITSER_FUZZ_TARGET(private_key) {
  const auto key = ledger::PrivateKey::FromPem(ledger::AsText(input));
  if (!key.ok()) {
    PITSER_CHECK(key.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  const std::string pem = key->SecretPem();
  const auto again = ledger::PrivateKey::FromPem(pem);
  PITSER_CHECK(again.ok() && again->SecretPem() == pem);
}

}  // namespace pitser::fuzz
