#include "ledger/crypto/cms.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/base/time_text.h"
#include "ledger/crypto/openssl_internal.h"

namespace pitser::ledger {
namespace {

using internal::BioPtr;
using internal::CmsPtr;
using internal::ErrorQueue;
using internal::ReadOnlyBio;

using ObjectPtr = internal::OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
using StorePtr = internal::OpensslPtr<X509_STORE, X509_STORE_free>;
using StoreContextPtr = internal::OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free>;
using TimePtr = internal::OpensslPtr<ASN1_TIME, ASN1_TIME_free>;

struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using CertificateStack = std::unique_ptr<STACK_OF(X509), StackDeleter>;

// A chain is the signer, some intermediates and an anchor; real ones have three.
constexpr int kMaxIntermediates = 8;
// OpenSSL's measure of strength: 2 is 112 bits (RSA-2048, SHA-224), 0 is anything.
constexpr int kSecurityLevel = 2;

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("CMS signature: %s", what));
}

absl::Status Refused(std::string_view what) {
  return absl::PermissionDeniedError(absl::StrFormat("CMS signature: %s", what));
}

bool Push(STACK_OF(X509) * stack, const Certificate& certificate) {
  X509* x509 = certificate.handle().x509.get();
  if (X509_up_ref(x509) != 1) return false;
  if (sk_X509_push(stack, x509) > 0) return true;
  X509_free(x509);
  return false;
}

absl::StatusOr<CmsPtr> Decode(Bytes bytes) {
  if (bytes.empty() || bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Malformed(absl::StrFormat("%d bytes", static_cast<std::int64_t>(bytes.size())));
  }
  const unsigned char* next = bytes.data();
  CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &next, static_cast<long>(bytes.size())));
  if (cms == nullptr) return Malformed("not decodable: " + ErrorQueue::Reason());
  const unsigned char* const end = bytes.data() + bytes.size();
  if (next != end) return Malformed(absl::StrFormat("%d bytes are left over after it", end - next));
  if (OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) {
    return Malformed("not a SignedData");
  }
  return cms;
}

bool DigestAllowed(int nid, bool accept_sha1) {
  constexpr std::array kAllowed = {NID_sha256,   NID_sha384,   NID_sha512,
                                   NID_sha3_256, NID_sha3_384, NID_sha3_512};
  return std::ranges::find(kAllowed, nid) != kAllowed.end() || (accept_sha1 && nid == NID_sha1);
}

// The signed attributes that make a signature one over content of this kind.
absl::Status CheckAttributes(CMS_SignerInfo* signer) {
  const ObjectPtr content_type(OBJ_nid2obj(NID_pkcs9_contentType));
  if (CMS_signed_get_attr_by_NID(signer, NID_pkcs9_messageDigest, -1) < 0) {
    return Malformed("the signed attribute messageDigest is missing");
  }
  // -3: exactly one attribute with exactly one value.
  const auto* type = static_cast<const ASN1_OBJECT*>(
      CMS_signed_get0_data_by_OBJ(signer, content_type.get(), -3, V_ASN1_OBJECT));
  if (type == nullptr) return Malformed("the signed attribute contentType is missing");
  if (OBJ_obj2nid(type) != NID_pkcs7_data) return Malformed("the signed content is not id-data");
  return absl::OkStatus();
}

// Whether the signature algorithm is for a digest that is another one than `digest`. OpenSSL takes
// only the kind of key from it, so "MD4 with RSA" would pass for a signature made with SHA-256.
bool NamesAnotherDigest(const X509_ALGOR* signature_algorithm, int digest) {
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, signature_algorithm);
  int its_digest = NID_undef;
  // Not found: an algorithm without a digest of its own, as rsaEncryption.
  return OBJ_find_sigid_algs(OBJ_obj2nid(algorithm), &its_digest, nullptr) == 1 &&
         its_digest != NID_undef && its_digest != digest;
}

// The only signer, if the structure is what a publications file has.
absl::StatusOr<CMS_SignerInfo*> OnlySigner(CMS_ContentInfo* cms, bool accept_sha1) {
  if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
    return Malformed("the content type is not id-data");
  }
  if (CMS_is_detached(cms) != 1) return Malformed("not detached: it holds content of its own");
  STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(cms);
  const int count = signers == nullptr ? 0 : sk_CMS_SignerInfo_num(signers);
  if (count != 1) return Malformed(absl::StrFormat("one signer expected, %d found", count));
  CMS_SignerInfo* signer = sk_CMS_SignerInfo_value(signers, 0);
  PITSER_RETURN_IF_ERROR(CheckAttributes(signer));

  X509_ALGOR* digest = nullptr;
  X509_ALGOR* signature_algorithm = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &digest, &signature_algorithm);
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, digest);
  const int nid = OBJ_obj2nid(algorithm);
  if (!DigestAllowed(nid, accept_sha1)) {
    const char* name = OBJ_nid2sn(nid);
    return Refused(absl::StrFormat("the digest %s is not trusted", name ? name : "(unknown)"));
  }
  if (NamesAnotherDigest(signature_algorithm, nid)) {
    return Malformed("digest and signature algorithm do not belong together");
  }
  return signer;
}

// What CMS_verify() reads the content from. Not a memory BIO itself: of such a one it makes
// another, which it forgets where the CMS names a digest that it cannot compute (OpenSSL 3.0).
BioPtr ContentBio(Bytes content) {
  BioPtr filter(BIO_new(BIO_f_null()));
  BioPtr data = ReadOnlyBio(content);
  if (filter == nullptr || data == nullptr) return nullptr;
  BIO_push(filter.get(), data.release());
  return filter;
}

// Verifies message digest and signature (not the chain); gives the signer's certificate.
absl::StatusOr<Certificate> CheckSignature(CMS_ContentInfo* cms, CMS_SignerInfo* signer,
                                           Bytes content, std::span<const Certificate> anchors) {
  const CertificateStack more(sk_X509_new_null());
  if (more == nullptr) return absl::InternalError("out of memory");
  for (const Certificate& anchor : anchors) {
    if (!Push(more.get(), anchor)) return absl::InternalError("out of memory");
  }
  const BioPtr data = ContentBio(content);
  if (data == nullptr) return Malformed("the content is too long");
  const int found = CMS_set1_signers_certs(cms, more.get(), 0);
  if (found != 1) {
    return Refused("the signer's certificate is neither in it nor among the trust anchors");
  }
  // The chain is checked in CheckChain().
  if (CMS_verify(cms, nullptr, nullptr, data.get(), nullptr,
                 CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1) {
    return Refused("it does not match the content: " + ErrorQueue::Reason());
  }
  X509* x509 = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, &x509, nullptr, nullptr);
  if (x509 == nullptr) return absl::InternalError("no signer after a good signature");
  return Certificate::FromDer(internal::ToDer<X509>(x509, i2d_X509));
}

// Whether `certificate` counts at `at_time`; without a time all count.
bool Counts(const Certificate& certificate, std::optional<std::uint64_t> at_time) {
  return !at_time || certificate.ValidAt(*at_time);
}

absl::Status CheckUsage(const Certificate& signer) {
  // All bits are set where the extension is absent.
  const std::uint32_t usage = X509_get_key_usage(signer.handle().x509.get());
  if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) {
    return Refused("the signer's certificate is not made for signing");
  }
  if (!signer.MayServe(CertificatePurpose::kPublications)) {
    return Refused(absl::StrFormat(
        "the certificate of its signer '%s' is for another purpose of a ledger than signing "
        "publications files",
        signer.Subject()));
  }
  return absl::OkStatus();
}

// The certificates of the CMS that count at the time, for use as intermediates.
absl::StatusOr<CertificateStack> Intermediates(CMS_ContentInfo* cms,
                                               std::optional<std::uint64_t> at_time) {
  CertificateStack valid(sk_X509_new_null());
  const CertificateStack all(CMS_get1_certs(cms));
  for (int i = 0; all != nullptr && i < sk_X509_num(all.get()); ++i) {
    const absl::StatusOr<Certificate> certificate =
        Certificate::FromDer(internal::ToDer<X509>(sk_X509_value(all.get(), i), i2d_X509));
    if (!certificate.ok()) return Malformed(ToStd(certificate.status().message()));
    if (Counts(*certificate, at_time) && !Push(valid.get(), *certificate)) {
      return absl::InternalError("out of memory");
    }
  }
  return valid;
}

// Only what is valid at the time may be part of the chain, and OpenSSL is told not to look at times
// itself: its own comparison counts the last second of a validity as over, ours doesn't.
absl::Status CheckChain(CMS_ContentInfo* cms, const Certificate& signer,
                        std::span<const Certificate> anchors, std::optional<std::uint64_t> at_time,
                        bool accept_sha1) {
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (store == nullptr || context == nullptr) return absl::InternalError("out of memory");
  for (const Certificate& anchor : anchors) {
    if (Counts(anchor, at_time) &&
        X509_STORE_add_cert(store.get(), anchor.handle().x509.get()) != 1) {
      return absl::InternalError("out of memory");
    }
  }
  PITSER_ASSIGN_OR_RETURN(const CertificateStack intermediates, Intermediates(cms, at_time));
  if (X509_STORE_CTX_init(context.get(), store.get(), signer.handle().x509.get(),
                          intermediates.get()) != 1) {
    return absl::InternalError("out of memory");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
  X509_VERIFY_PARAM_set_depth(param, kMaxIntermediates);
  X509_VERIFY_PARAM_set_auth_level(param, accept_sha1 ? 0 : kSecurityLevel);
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  const int error = X509_STORE_CTX_get_error(context.get());
  return Refused(
      absl::StrFormat("the signer '%s' does not chain to one of the %d trust anchors at hand: %s",
                      signer.Subject(), anchors.size(), X509_verify_cert_error_string(error)));
}

absl::Status OutOfDate(std::string_view what, const Certificate& certificate,
                       std::uint64_t at_time) {
  return absl::OutOfRangeError(absl::StrFormat(
      "%s '%s' is valid from %s to %s, not at %s", what, certificate.Subject(),
      TimeText(certificate.not_before()), TimeText(certificate.not_after()), TimeText(at_time)));
}

// The chain as at `at_time`. What never would be trusted is told before what is not trusted at that
// time: only the latter can be a clock's fault, or time's.
absl::Status CheckChainAt(CMS_ContentInfo* cms, const Certificate& signer,
                          std::span<const Certificate> anchors, std::uint64_t at_time,
                          bool accept_sha1) {
  const bool signer_valid = signer.ValidAt(at_time);
  if (signer_valid && CheckChain(cms, signer, anchors, at_time, accept_sha1).ok()) {
    return absl::OkStatus();
  }
  PITSER_RETURN_IF_ERROR(CheckChain(cms, signer, anchors, std::nullopt, accept_sha1));
  if (!signer_valid) return OutOfDate("the certificate of its signer", signer, at_time);
  for (const Certificate& anchor : anchors) {
    if (!anchor.ValidAt(at_time)) return OutOfDate("the root certificate", anchor, at_time);
  }
  return absl::OutOfRangeError(
      absl::StrFormat("a certificate between the signer '%s' and its root is not valid at %s",
                      signer.Subject(), TimeText(at_time)));
}

// OpenSSL is generous when it reads ("2.5.4." is 2.5.4 to it): what it writes back must be the
// same.
bool IsDottedDecimal(const std::string& oid) {
  ErrorQueue errors;
  const ObjectPtr object(OBJ_txt2obj(oid.c_str(), 1));
  std::array<char, 128> canonical{};
  return object != nullptr &&
         OBJ_obj2txt(canonical.data(), static_cast<int>(canonical.size()), object.get(), 1) > 0 &&
         oid == canonical.data();
}

// OpenSSL would take the signing time from the clock.
bool SetSigningTime(CMS_SignerInfo* signer, std::uint64_t seconds) {
  const TimePtr time(ASN1_TIME_set(nullptr, static_cast<time_t>(seconds)));
  return time != nullptr && CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime, time->type,
                                                        time.get(), -1) == 1;
}

}  // namespace

absl::StatusOr<SubjectConstraint> ParseSubjectConstraint(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"email", kEmailOid}, {"CN", "2.5.4.3"},  {"C", "2.5.4.6"},
      {"O", "2.5.4.10"},    {"OU", "2.5.4.11"},
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("'%s' is no constraint: OID=VALUE is expected, for instance "
                        "email=publications@example.com",
                        text));
  }
  SubjectConstraint constraint{std::string(text.substr(0, equals)),
                               std::string(text.substr(equals + 1))};
  for (const auto& [name, oid] : kNames) {
    if (constraint.oid == name) constraint.oid = oid;
  }
  if (!IsDottedDecimal(constraint.oid)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is neither a dotted-decimal OID nor one of email, CN, C, O, OU", constraint.oid));
  }
  return constraint;
}

absl::StatusOr<ByteVector> SignCms(Bytes content, const Certificate& signer, const PrivateKey& key,
                                   std::uint64_t signing_time) {
  ErrorQueue errors;
  if (!key.Matches(signer)) {
    return absl::InvalidArgumentError("the signer's key does not belong to its certificate");
  }
  constexpr std::uint64_t kEndOfYear9999 = 253402300799;
  const BioPtr data = ContentBio(content);
  if (data == nullptr || signing_time > kEndOfYear9999) {
    return absl::InvalidArgumentError("the content is too long or the signing time too late");
  }
  constexpr unsigned int kFlags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL;
  const CmsPtr cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, kFlags));
  CMS_SignerInfo* info = cms == nullptr ? nullptr
                                        : CMS_add1_signer(cms.get(), signer.handle().x509.get(),
                                                          key.handle().key.get(), EVP_sha256(),
                                                          kFlags | CMS_NOSMIMECAP);
  if (info == nullptr || !SetSigningTime(info, signing_time) ||
      CMS_final(cms.get(), data.get(), nullptr, kFlags) != 1) {
    return absl::InvalidArgumentError("no CMS signature was made: " + ErrorQueue::Reason());
  }
  return internal::ToDer<CMS_ContentInfo>(cms.get(), i2d_CMS_ContentInfo);
}

absl::StatusOr<Certificate> VerifyCms(Bytes content, Bytes cms_bytes,
                                      std::span<const Certificate> trust_anchors,
                                      std::optional<std::uint64_t> at_time, bool accept_sha1) {
  ErrorQueue errors;
  PITSER_ASSIGN_OR_RETURN(const CmsPtr cms, Decode(cms_bytes));
  PITSER_ASSIGN_OR_RETURN(CMS_SignerInfo * signer_info, OnlySigner(cms.get(), accept_sha1));
  PITSER_ASSIGN_OR_RETURN(Certificate signer,
                          CheckSignature(cms.get(), signer_info, content, trust_anchors));
  PITSER_RETURN_IF_ERROR(CheckUsage(signer));
  PITSER_RETURN_IF_ERROR(
      at_time ? CheckChainAt(cms.get(), signer, trust_anchors, *at_time, accept_sha1)
              : CheckChain(cms.get(), signer, trust_anchors, std::nullopt, accept_sha1));
  return signer;
}

}  // namespace pitser::ledger
