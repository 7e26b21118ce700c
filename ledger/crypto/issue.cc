// Making certificates, and what they are for; reading all else is in certificate.cc.

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/openssl_internal.h"

namespace pitser::ledger {
namespace {

using internal::ErrorQueue;
using internal::X509Ptr;

using BignumPtr = internal::OpensslPtr<BIGNUM, BN_free>;
using ExtensionPtr = internal::OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using ObjectPtr = internal::OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
using UsagesPtr = internal::OpensslPtr<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using NamePtr = internal::OpensslPtr<X509_NAME, X509_NAME_free>;

constexpr std::uint64_t kEndOfYear9999 = 253402300799;
constexpr int kSerialBits = 128;

// Below the arc that Microsoft gives out for identifiers made of a random GUID (ours:
// 4af2c6f5-6584-41c1-9d24-e28595f895e2): nobody registers it, and no number in it is too long for
// the readers of others (Go refuses numbers of more than 31 bits, as those below 2.25 are).
constexpr char kPublicationsOid[] =
    "1.2.840.113556.1.8000.2554.19186.50933.25988.16833.40228.14845333.16291298.1";
constexpr char kCalendarOid[] =
    "1.2.840.113556.1.8000.2554.19186.50933.25988.16833.40228.14845333.16291298.2";

absl::Status Failed(std::string_view what) {
  return absl::InternalError(
      absl::StrFormat("no certificate was made: %s: %s", what, ErrorQueue::Reason()));
}

absl::Status AddName(X509_NAME* name, int nid, std::string_view what, const std::string& value) {
  if (value.empty()) return absl::OkStatus();
  if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) == 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat("'%s' cannot be the %s of a certificate: %s",
                                                    value, what, ErrorQueue::Reason()));
}

absl::StatusOr<NamePtr> SubjectOf(const CertificateRequest& request) {
  NamePtr name(X509_NAME_new());
  if (name == nullptr) return Failed("name");
  PITSER_RETURN_IF_ERROR(
      AddName(name.get(), NID_organizationName, "organization", request.organization));
  PITSER_RETURN_IF_ERROR(AddName(name.get(), NID_commonName, "common name", request.common_name));
  PITSER_RETURN_IF_ERROR(
      AddName(name.get(), NID_pkcs9_emailAddress, "e-mail address", request.email));
  return name;
}

absl::Status CheckRequest(const CertificateRequest& request, const PrivateKey& key,
                          const Certificate* issuer, const PrivateKey& issuer_key) {
  if (request.common_name.empty()) {
    return absl::InvalidArgumentError("a certificate needs a common name");
  }
  if (request.not_before > request.not_after || request.not_after > kEndOfYear9999) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a certificate cannot be valid from %d to %d (Unix seconds)",
                        request.not_before, request.not_after));
  }
  if (EVP_PKEY_get_base_id(issuer_key.handle().key.get()) != EVP_PKEY_RSA) {
    return absl::InvalidArgumentError("certificates are signed with RSA: the issuer's key is not");
  }
  if (issuer == nullptr) {
    if (EVP_PKEY_eq(key.handle().key.get(), issuer_key.handle().key.get()) != 1) {
      return absl::InvalidArgumentError("a self-signed certificate is signed with its own key");
    }
    return absl::OkStatus();
  }
  if (!issuer_key.Matches(*issuer)) {
    return absl::InvalidArgumentError("the issuer's key does not belong to its certificate");
  }
  if (X509_check_ca(issuer->handle().x509.get()) != 1) {
    return absl::InvalidArgumentError("the issuer's certificate is not one of an authority");
  }
  return absl::OkStatus();
}

absl::Status AddExtension(X509* x509, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(x509, extension.get(), -1) != 1) return Failed(value);
  return absl::OkStatus();
}

std::string ExtendedKeyUsage(CertificatePurpose purpose) {
  switch (purpose) {
    case CertificatePurpose::kPublications:
      return absl::StrCat("emailProtection,", kPublicationsOid);
    case CertificatePurpose::kCalendar:
      return kCalendarOid;
    case CertificatePurpose::kAny:
      break;
  }
  return "";
}

absl::Status AddExtensions(X509* x509, X509* issuer, const CertificateRequest& request) {
  const bool is_authority = request.is_authority;
  PITSER_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_basic_constraints,
                                      is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE"));
  PITSER_RETURN_IF_ERROR(AddExtension(
      x509, issuer, NID_key_usage,
      is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,nonRepudiation"));
  if (const std::string usage = ExtendedKeyUsage(request.purpose); !usage.empty()) {
    PITSER_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_ext_key_usage, usage.c_str()));
  }
  PITSER_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_subject_key_identifier, "hash"));
  return AddExtension(x509, issuer, NID_authority_key_identifier, "keyid:always");
}

bool SetSerial(X509* x509) {
  const BignumPtr serial(BN_new());
  return serial != nullptr &&
         BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) != nullptr;
}

bool SetValidity(X509* x509, const CertificateRequest& request) {
  // These choose UTCTime up to 2049 and GeneralizedTime after it, as RFC 5280 has it.
  return ASN1_TIME_set(X509_getm_notBefore(x509), static_cast<time_t>(request.not_before)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(x509), static_cast<time_t>(request.not_after)) != nullptr;
}

// Whether one of them is `oid`.
bool Names(const EXTENDED_KEY_USAGE& usages, const char* oid) {
  const ObjectPtr object(OBJ_txt2obj(oid, 1));
  for (int i = 0; object != nullptr && i < sk_ASN1_OBJECT_num(&usages); ++i) {
    if (OBJ_cmp(sk_ASN1_OBJECT_value(&usages, i), object.get()) == 0) return true;
  }
  return false;
}

}  // namespace

bool Certificate::MayServe(CertificatePurpose purpose) const {
  ErrorQueue errors;
  const UsagesPtr usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(handle_->x509.get(), NID_ext_key_usage, nullptr, nullptr)));
  if (usages == nullptr || purpose == CertificatePurpose::kAny) return true;
  const bool publications = Names(*usages, kPublicationsOid);
  const bool calendar = Names(*usages, kCalendarOid);
  if (!publications && !calendar) return true;
  return purpose == CertificatePurpose::kPublications ? publications : calendar;
}

absl::StatusOr<Certificate> IssueCertificate(const CertificateRequest& request,
                                             const PrivateKey& key, const Certificate* issuer,
                                             const PrivateKey& issuer_key) {
  ErrorQueue errors;
  PITSER_RETURN_IF_ERROR(CheckRequest(request, key, issuer, issuer_key));
  PITSER_ASSIGN_OR_RETURN(const NamePtr subject, SubjectOf(request));
  const X509Ptr x509(X509_new());
  if (x509 == nullptr) return Failed("memory");
  X509* const issuer_x509 = issuer != nullptr ? issuer->handle().x509.get() : x509.get();
  if (X509_set_version(x509.get(), X509_VERSION_3) != 1 || !SetSerial(x509.get()) ||
      !SetValidity(x509.get(), request) || X509_set_subject_name(x509.get(), subject.get()) != 1 ||
      X509_set_issuer_name(x509.get(), X509_get_subject_name(issuer_x509)) != 1 ||
      X509_set_pubkey(x509.get(), key.handle().key.get()) != 1) {
    return Failed("fields");
  }
  PITSER_RETURN_IF_ERROR(AddExtensions(x509.get(), issuer_x509, request));
  if (X509_sign(x509.get(), issuer_key.handle().key.get(), EVP_sha256()) <= 0) {
    return Failed("signature");
  }
  return Certificate::FromDer(internal::ToDer<X509>(x509.get(), i2d_X509));
}

}  // namespace pitser::ledger
