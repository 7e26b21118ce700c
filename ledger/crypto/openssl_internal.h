#pragma once

// For the sources of ledger/crypto only: the one header of the project that shows OpenSSL.

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>

#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/hash_algorithm.h"

namespace pitser::ledger::internal {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <typename T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<Free>>;

using BioPtr = OpensslPtr<BIO, BIO_free_all>;
using CmsPtr = OpensslPtr<CMS_ContentInfo, CMS_ContentInfo_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using MdContextPtr = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using X509Ptr = OpensslPtr<X509, X509_free>;

// What OpenSSL calls the algorithm.
const char* OpensslName(HashAlgorithm algorithm);

// OpenSSL keeps a queue of errors for each thread, and an entry that somebody left there is taken
// for the next caller's: so it is empty when a function of ours begins and when it ends.
class ErrorQueue {
 public:
  ErrorQueue() { ERR_clear_error(); }
  ~ErrorQueue() { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;

  // What OpenSSL said last, in its own words.
  static std::string Reason();
};

// A BIO that reads `bytes` in place; null when there are more than an int can count.
BioPtr ReadOnlyBio(Bytes bytes);
std::string ContentsOf(BIO* bio);

// The DER of an object, by one of OpenSSL's i2d_ functions; empty if it cannot be encoded.
template <typename T>
ByteVector ToDer(const T* object, int (*encode)(const T*, unsigned char**)) {
  const int size = encode(object, nullptr);
  if (size <= 0) return {};
  ByteVector der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  encode(object, &out);
  return der;
}

}  // namespace pitser::ledger::internal

namespace pitser::ledger {

struct Certificate::Handle {
  internal::X509Ptr x509;
  ByteVector der;  // As it was given: a signature and an id are over these bytes.
  std::uint64_t not_before;
  std::uint64_t not_after;
};

struct PrivateKey::Handle {
  internal::KeyPtr key;
};

}  // namespace pitser::ledger
