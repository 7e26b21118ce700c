#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/crypto/imprint.h"

namespace pitser::server {

// Who may use the KSI service protocol, and how much.   Source: spec/ksi-protocol.md 7, 8.
struct Account {
  // The login id, which signatures name as the client id. 1 to kMaxLoginSize bytes of printable
  // ASCII without blanks.
  std::string login;
  // The secret of its HMACs, as it is: 1 to kMaxKeySize bytes.
  ledger::ByteVector key;
  // The hashes that its HMACs may be of. At least one.
  std::vector<ledger::HashAlgorithm> hmac = DefaultHmac();
  ledger::Level max_level = 20;         // Height of the tree that a hash may be the root of.
  std::uint32_t max_requests = 16'000;  // For each round.
  bool enabled = true;
  bool may_sign = true, may_extend = true;

  bool Allows(ledger::HashAlgorithm algorithm) const;

  // Every algorithm that is for HMACs but SHA-1.
  static std::vector<ledger::HashAlgorithm> DefaultHmac();

  friend bool operator==(const Account&, const Account&) = default;
};

inline constexpr std::size_t kMaxLoginSize = 252;
inline constexpr std::size_t kMaxKeySize = 65535;

// What clients believe of limits that they are told (spec 5.1).
inline constexpr ledger::Level kMaxAccountLevel = 20;
inline constexpr std::uint32_t kMaxAccountRequests = 16'000;

// 1 to kMaxLoginSize bytes of printable ASCII without blanks.
bool IsLogin(std::string_view text);

// Whether it may be an account.   Errors: kInvalidArgument, saying what is wrong.
absl::Status CheckAccount(const Account& account);

}  // namespace pitser::server
