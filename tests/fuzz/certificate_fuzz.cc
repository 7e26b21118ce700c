#include "client/trust.h"
#include "ledger/base/check.h"
#include "ledger/crypto/certificate.h"
#include "ledger/format/signature.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

using ledger::Certificate;

void CheckCertificate(const Certificate& certificate) {
  const ledger::ByteVector der = certificate.der();
  const auto from_der = Certificate::FromDer(der);
  PITSER_CHECK(from_der.ok() && from_der->der() == der);
  const auto from_pem = Certificate::FromPem(certificate.pem());
  PITSER_CHECK(from_pem.ok() && from_pem->der() == der);
  PITSER_CHECK(certificate.Fingerprint().size() == 32);
  PITSER_CHECK(client::FingerprintIs(certificate, client::FingerprintText(certificate)));
  PITSER_CHECK(certificate.Subject().find('\n') == std::string::npos);
  (void)certificate.SubjectAttribute(ledger::kEmailOid);
  PITSER_CHECK(certificate.ValidAt(certificate.not_before()) ==
               (certificate.not_before() <= certificate.not_after()));
  PITSER_CHECK(!VerifyRsaSignature(certificate, ledger::kRsaSha256Oid, der, der));
}

}  // namespace

PITSER_FUZZ_TARGET(certificate) {
  if (const auto certificate = Certificate::FromDer(input); certificate.ok()) {
    PITSER_CHECK(ledger::Equal(certificate->der(), input));
    CheckCertificate(*certificate);
  }
  const std::string_view text = ledger::AsText(input);
  const auto all = Certificate::AllFromPem(text);
  if (all.ok()) {
    PITSER_CHECK(!all->empty());
    for (const Certificate& certificate : *all) CheckCertificate(certificate);
  }
  const auto one = Certificate::FromPem(text);
  if (one.ok()) PITSER_CHECK(all.ok() && all->size() == 1);
  if (all.ok() && all->size() == 1) PITSER_CHECK(one.ok());
}

}  // namespace pitser::fuzz
