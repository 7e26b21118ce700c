#include "ledger/crypto/openssl_internal.h"

#include <limits>

namespace pitser::ledger::internal {

std::string ErrorQueue::Reason() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

BioPtr ReadOnlyBio(Bytes bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
  // A null pointer would be an error to OpenSSL, also with nothing behind it.
  return BioPtr(BIO_new_mem_buf(bytes.empty() ? static_cast<const void*>("") : bytes.data(),
                                static_cast<int>(bytes.size())));
}

std::string ContentsOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace pitser::ledger::internal
