#include "ledger/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <string>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hasher.h"
#include "ledger/crypto/openssl_internal.h"

namespace pitser::ledger {
namespace {

using internal::OpensslPtr;
using MacContext = OpensslPtr<EVP_MAC_CTX, EVP_MAC_CTX_free>;

// A context of the thread's that knows its hash: given a new key, it looks nothing up by name,
// which costs OpenSSL 3 a global lock and more time than the code itself.
EVP_MAC_CTX* ThreadContext(HashAlgorithm algorithm) {
  static EVP_MAC* const kHmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  thread_local std::array<MacContext, 16> contexts;
  MacContext& context = contexts[static_cast<std::size_t>(algorithm)];
  if (context == nullptr) {
    PITSER_CHECK(kHmac != nullptr);
    context.reset(EVP_MAC_CTX_new(kHmac));
    std::string name(internal::OpensslName(algorithm));
    const std::array params = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
        OSSL_PARAM_construct_end()};
    PITSER_CHECK(context != nullptr && EVP_MAC_CTX_set_params(context.get(), params.data()) == 1);
  }
  return context.get();
}

}  // namespace

absl::StatusOr<Imprint> Hmac(HashAlgorithm algorithm, Bytes key,
                             std::initializer_list<Bytes> parts) {
  if (!HashAvailable(algorithm)) {
    return absl::UnimplementedError(
        absl::StrFormat("this build's OpenSSL cannot compute %s", HashAlgorithmName(algorithm)));
  }
  EVP_MAC_CTX* const context = ThreadContext(algorithm);
  // A null key means the one that the context has.
  static constexpr std::uint8_t kNoKey = 0;
  const std::uint8_t* const first = key.empty() ? &kNoKey : key.data();
  PITSER_CHECK(EVP_MAC_init(context, first, key.size(), nullptr) == 1);
  for (const Bytes part : parts) {
    PITSER_CHECK(EVP_MAC_update(context, part.data(), part.size()) == 1);
  }
  return Imprint::Make(algorithm, [&](std::span<std::uint8_t> out) {
    std::size_t size = 0;
    PITSER_CHECK(EVP_MAC_final(context, out.data(), &size, out.size()) == 1 && size == out.size());
  });
}

bool EqualInConstantTime(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::StatusOr<ByteVector> RandomKey(std::size_t size) {
  ByteVector key(size);
  if (RAND_priv_bytes(key.data(), static_cast<int>(size)) != 1) {
    return absl::InternalError("the system's source of randomness gives nothing");
  }
  return key;
}

}  // namespace pitser::ledger
