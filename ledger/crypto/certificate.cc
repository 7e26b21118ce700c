#include "ledger/crypto/certificate.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/crypto/hasher.h"
#include "ledger/crypto/openssl_internal.h"

namespace pitser::ledger {
namespace {

using internal::BioPtr;
using internal::ErrorQueue;
using internal::KeyPtr;
using internal::MdContextPtr;
using internal::ReadOnlyBio;
using internal::X509Ptr;

using ObjectPtr = internal::OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
using TimePtr = internal::OpensslPtr<ASN1_TIME, ASN1_TIME_free>;

constexpr int kSecondsOfDay = 24 * 60 * 60;

// Unix seconds; negative before 1970. Nothing when the text is no time.
std::optional<std::int64_t> UnixSeconds(const ASN1_TIME* time) {
  const TimePtr epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (epoch == nullptr || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
    return std::nullopt;
  }
  return std::int64_t{days} * kSecondsOfDay + seconds;
}

std::optional<std::string> Utf8(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return std::nullopt;
  std::string result(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return result;
}

// Asked for the password of an encrypted key: there is nobody to ask, and OpenSSL's own way is to
// prompt on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

const EVP_MD* DigestOfRsaOid(std::string_view oid) {
  if (oid == "1.2.840.113549.1.1.11") return EVP_sha256();
  if (oid == "1.2.840.113549.1.1.12") return EVP_sha384();
  if (oid == "1.2.840.113549.1.1.13") return EVP_sha512();
  return nullptr;
}

}  // namespace

absl::StatusOr<Certificate> Certificate::FromDer(Bytes der) {
  ErrorQueue errors;
  const unsigned char* next = der.data();
  if (der.empty() || der.size() > std::size_t{1} << 20) {
    return absl::InvalidArgumentError(
        absl::StrFormat("not a certificate: %d bytes", static_cast<std::int64_t>(der.size())));
  }
  X509Ptr x509(d2i_X509(nullptr, &next, static_cast<long>(der.size())));
  if (x509 == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an X.509 certificate: ", ErrorQueue::Reason()));
  }
  if (next != der.data() + der.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("%d bytes are left over after a certificate",
                                                      der.data() + der.size() - next));
  }
  const std::optional<std::int64_t> start = UnixSeconds(X509_get0_notBefore(x509.get()));
  const std::optional<std::int64_t> end = UnixSeconds(X509_get0_notAfter(x509.get()));
  if (!start || !end || *end < 0) {
    return absl::InvalidArgumentError("the validity of a certificate cannot be read");
  }
  // Decodes the extensions now, so that the object never changes again and may be shared.
  X509_check_purpose(x509.get(), -1, 0);
  return Certificate(std::make_shared<const Handle>(
      Handle{std::move(x509), ToVector(der), *start < 0 ? 0 : static_cast<std::uint64_t>(*start),
             static_cast<std::uint64_t>(*end)}));
}

absl::StatusOr<std::vector<Certificate>> Certificate::AllFromPem(std::string_view pem) {
  ErrorQueue errors;
  const BioPtr bio = ReadOnlyBio(AsBytes(WithoutByteOrderMark(pem)));
  std::vector<Certificate> certificates;
  while (bio != nullptr) {
    // Its bytes, not what OpenSSL would write again: what is known by its hash stays as it is.
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_bytes_read_bio(&data, &size, nullptr, PEM_STRING_X509, bio.get(), NoPassword,
                           nullptr) != 1) {
      break;
    }
    const ByteVector der(data, data + size);
    OPENSSL_free(data);
    PITSER_ASSIGN_OR_RETURN(Certificate certificate, FromDer(der));
    certificates.push_back(std::move(certificate));
  }
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return absl::InvalidArgumentError(
        absl::StrCat("a PEM certificate cannot be read: ", ErrorQueue::Reason()));
  }
  if (certificates.empty()) return absl::InvalidArgumentError("no PEM certificate in it");
  return certificates;
}

absl::StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  PITSER_ASSIGN_OR_RETURN(std::vector<Certificate> all, AllFromPem(pem));
  if (all.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("one PEM certificate expected, %d found", all.size()));
  }
  return all.front();
}

SystemStoreNames OpensslSystemStore() {
  return {.file = X509_get_default_cert_file(),
          .folder = X509_get_default_cert_dir(),
          .file_variable = X509_get_default_cert_file_env(),
          .folder_variable = X509_get_default_cert_dir_env()};
}

ByteVector Certificate::der() const { return handle_->der; }

std::string Certificate::pem() const {
  ErrorQueue errors;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PITSER_CHECK(bio != nullptr && PEM_write_bio(bio.get(), PEM_STRING_X509, "", handle_->der.data(),
                                               static_cast<long>(handle_->der.size())) > 0);
  return internal::ContentsOf(bio.get());
}

std::uint64_t Certificate::not_before() const { return handle_->not_before; }
std::uint64_t Certificate::not_after() const { return handle_->not_after; }

ByteVector Certificate::Fingerprint() const {
  const absl::StatusOr<Imprint> imprint = Hash(HashAlgorithm::kSha256, {handle_->der});
  PITSER_CHECK(imprint.ok());
  return ToVector(imprint->digest());
}

std::string Certificate::Subject() const {
  ErrorQueue errors;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PITSER_CHECK(bio != nullptr);
  // RFC 2253 escapes control characters, so the line stays one; most telling part first.
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(handle_->x509.get()), 0,
                     (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_MASK & ~XN_FLAG_FN_MASK) |
                         XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN);
  return internal::ContentsOf(bio.get());
}

std::optional<std::string> Certificate::SubjectAttribute(std::string_view oid) const {
  ErrorQueue errors;
  const ObjectPtr object(OBJ_txt2obj(std::string(oid).c_str(), 1));
  if (object == nullptr) return std::nullopt;
  const X509_NAME* subject = X509_get_subject_name(handle_->x509.get());
  const int index = X509_NAME_get_index_by_OBJ(subject, object.get(), -1);
  if (index < 0) return std::nullopt;
  return Utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  ErrorQueue errors;
  const BioPtr bio = ReadOnlyBio(AsBytes(WithoutByteOrderMark(pem)));
  KeyPtr key(bio == nullptr ? nullptr
                            : PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an unencrypted PEM private key: ", ErrorQueue::Reason()));
  }
  return PrivateKey(std::make_shared<const Handle>(Handle{std::move(key)}));
}

absl::StatusOr<PrivateKey> PrivateKey::GenerateRsa(int bits) {
  if (bits < 2048 || bits > 8192) {
    return absl::InvalidArgumentError(
        absl::StrFormat("an RSA key of %d bits was asked for, 2048 to 8192 are made", bits));
  }
  ErrorQueue errors;
  KeyPtr key(EVP_RSA_gen(static_cast<unsigned int>(bits)));
  if (key == nullptr) {
    return absl::InternalError(absl::StrCat("no RSA key was made: ", ErrorQueue::Reason()));
  }
  return PrivateKey(std::make_shared<const Handle>(Handle{std::move(key)}));
}

std::string PrivateKey::SecretPem() const {
  ErrorQueue errors;
  // This BIO wipes its memory when it goes; the caller's string is the caller's to guard.
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  PITSER_CHECK(bio != nullptr &&
               PEM_write_bio_PKCS8PrivateKey(bio.get(), handle_->key.get(), nullptr, nullptr, 0,
                                             nullptr, nullptr) == 1);
  return internal::ContentsOf(bio.get());
}

bool PrivateKey::Matches(const Certificate& certificate) const {
  ErrorQueue errors;
  return X509_check_private_key(certificate.handle().x509.get(), handle_->key.get()) == 1;
}

absl::StatusOr<ByteVector> PrivateKey::SignRsaSha256(Bytes message) const {
  ErrorQueue errors;
  EVP_PKEY* key = handle_->key.get();
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
    return absl::FailedPreconditionError("the signing key is not an RSA key");
  }
  const MdContextPtr context(EVP_MD_CTX_new());
  ByteVector signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return absl::InternalError(absl::StrCat("no RSA signature was made: ", ErrorQueue::Reason()));
  }
  signature.resize(size);
  return signature;
}

bool VerifyRsaSignature(const Certificate& certificate, std::string_view oid, Bytes message,
                        Bytes signature) {
  ErrorQueue errors;
  const EVP_MD* digest = DigestOfRsaOid(oid);
  EVP_PKEY* key = X509_get0_pubkey(certificate.handle().x509.get());
  if (digest == nullptr || key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
    return false;
  }
  const MdContextPtr context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace pitser::ledger
