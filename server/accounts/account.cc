#include "server/accounts/account.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ledger/crypto/hasher.h"

namespace pitser::server {

using ledger::HashAlgorithm;

bool Account::Allows(HashAlgorithm algorithm) const {
  return std::ranges::find(hmac, algorithm) != hmac.end();
}

std::vector<HashAlgorithm> Account::DefaultHmac() {
  std::vector<HashAlgorithm> algorithms;
  for (const HashAlgorithm algorithm : ledger::AllHashAlgorithms()) {
    if (algorithm != HashAlgorithm::kSha1 && ledger::HashAvailable(algorithm)) {
      algorithms.push_back(algorithm);
    }
  }
  return algorithms;
}

bool IsLogin(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLoginSize && std::ranges::all_of(text, [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

absl::Status CheckAccount(const Account& account) {
  if (!IsLogin(account.login)) {
    return absl::InvalidArgumentError(absl::StrCat("a login id has 1 to ", kMaxLoginSize,
                                                   " printable ASCII characters and no blank"));
  }
  if (account.key.empty() || account.key.size() > kMaxKeySize) {
    return absl::InvalidArgumentError(absl::StrCat("a key has 1 to ", kMaxKeySize, " bytes"));
  }
  if (account.hmac.empty()) {
    return absl::InvalidArgumentError("an account needs at least one algorithm for its HMACs");
  }
  for (const HashAlgorithm algorithm : account.hmac) {
    if (algorithm == HashAlgorithm::kSha1 || !ledger::HashAvailable(algorithm)) {
      return absl::InvalidArgumentError(
          absl::StrCat(ledger::ToAbsl(ledger::HashAlgorithmName(algorithm)),
                       " cannot be used for HMACs: take SHA-256, SHA-384 or SHA-512"));
    }
  }
  if (account.max_level < 1 || account.max_level > kMaxAccountLevel) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_level: expected 1 to ", kMaxAccountLevel, ", which clients believe"));
  }
  if (account.max_requests < 1 || account.max_requests > kMaxAccountRequests) {
    return absl::InvalidArgumentError(absl::StrCat("max_requests: expected 1 to ",
                                                   kMaxAccountRequests, ", which clients believe"));
  }
  return absl::OkStatus();
}

}  // namespace pitser::server
