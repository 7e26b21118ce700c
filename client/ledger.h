#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"

namespace pitser::client {

// A hash to be signed; `level` is the height of the tree that it is the root of.
struct SignInput {
  ledger::Imprint hash;
  ledger::Level level = 0;
};

// Gets the place of a hash among those that SignBatch() was given, and its signature.
using BatchVisitor = std::function<void(std::size_t index, ledger::Signature signature)>;

// Where a signature is extended to. At most one of the two is set; none means the calendar's head.
struct ExtendTarget {
  std::optional<ledger::PublicationRecord> publication;  // Becomes part of the signature.
  std::optional<std::uint64_t> time;                     // Unix seconds; no publication record.
};

// What every ledger does, whatever is spoken with it: gRPC (client.h) or the KSI service protocol
// (ksi_ledger.h). Everything it hands out was checked as far as it can be without trust: a
// signature is internally consistent and is of the hash that was asked for.
//
// Errors, of every call: the server's, by code; kUnavailable and kDeadlineExceeded when it is not
// reached; kInvalidArgument when its answer is malformed; IsWrongAnswer() when the answer is
// well-formed and proven wrong. What is worth repeating (net/retry.h) was repeated.
// Prints nothing.   Thread: any number at once.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Waits until the round is over: about a second.
  virtual absl::StatusOr<ledger::Signature> Sign(const ledger::Imprint& hash,
                                                 ledger::Level level) = 0;
  absl::StatusOr<ledger::Signature> Sign(const ledger::Imprint& hash) { return Sign(hash, 0); }

  // Signs many hashes. One result for each input, in its order.
  virtual std::vector<absl::StatusOr<ledger::Signature>> SignMany(
      std::span<const SignInput> inputs) = 0;

  // Signs many hashes of one algorithm, all of level 0, as trees that the server makes.
  // Errors: kUnimplemented when it does not: SignMany() does then.
  virtual absl::Status SignBatch(std::span<const ledger::Imprint> hashes,
                                 const BatchVisitor& visit) = 0;

  // The height of the highest tree that a hash may be the root of; 0: none.
  virtual absl::StatusOr<std::uint32_t> GetMaxLevel() = 0;

  // The signature with its calendar hash chain leading to the target.
  // Errors: kOutOfRange while the calendar has not come that far.
  virtual absl::StatusOr<ledger::Signature> Extend(const ledger::Signature& signature,
                                                   const ExtendTarget& target) = 0;

  // Parsed, its CMS signature not yet checked: CheckPublicationsFile() does, with trust.
  virtual absl::StatusOr<ledger::PublicationsFile> GetPublicationsFile() = 0;
};

// Whether an error says that the server's answer was well-formed and proven wrong.
bool IsWrongAnswer(const absl::Status& status);

}  // namespace pitser::client
