#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/publications_file.h"

// The proof that two nodes tell different leaves for one second. The format is in docs/protocol.md.
namespace pitser::client {

// What one node tells.
struct ForkSide {
  std::string server;               // As it was named, for people.
  ledger::CalendarHashChain chain;  // From the second's leaf to a later root.
  // The calendar authentication record (0x805) over that root, complete: the ledger's own key
  // vouches for it. Empty when the node gave none: then the root is its word only.
  ledger::ByteVector record;
};

struct ForkProof {
  std::uint64_t time = 0;     // The second.
  std::uint64_t made_at = 0;  // Unix seconds, by the auditor's clock.
  std::array<ForkSide, 2> sides;
};

inline constexpr std::size_t kMaxForkProofSize = 1 << 20;

std::string WriteForkProof(const ForkProof& proof);
// Errors: kInvalidArgument when it is malformed, damaged or of a newer version.
absl::StatusOr<ForkProof> ParseForkProof(std::string_view text);

// OK when both chains are of the proof's second, begin with different leaves, and each record is
// over the root that its chain leads to.
// Errors: kFailedPrecondition, saying what it does not prove; kUnimplemented when this build lacks
// a hash algorithm.
absl::Status CheckFork(const ForkProof& proof);

// What a publications file says of a record, in the order of what can be known.
enum class Vouching {
  kNoRecord,    // There is none, or nobody at hand can judge it.
  kUnknownKey,  // The file does not list the certificate that it names.
  kWrong,       // The signature is not that key's, or its certificate was not valid then.
  kByKey,       // The key of the file's certificate signed it.
};

// Whether the key of a certificate of `publications` signed the record: a complete 0x805 element.
// `publications` may be null: nothing is known then. Its own signature has been checked.
Vouching CheckRecord(ledger::Bytes record, const ledger::PublicationsFile* publications);

}  // namespace pitser::client
