#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::server {

// A signature in the two pieces it is made of: what is this request's own, and what the whole round
// shares. ledger::AssembleSignature() of {own, tail} is the signature.
struct SignAnswer {
  std::uint64_t aggregation_time;                  // Unix seconds: the second it came in.
  ledger::ByteVector own;                          // Its 0x801 element.
  std::shared_ptr<const ledger::ByteVector> tail;  // 0x802 and 0x805.
};

// A request that waits for its round. Whoever makes one derives from it.
class PendingRequest {
 public:
  PendingRequest(ledger::Imprint hash, ledger::Level level, std::string account,
                 absl::Time deadline)
      : hash_(hash), level_(level), account_(std::move(account)), deadline_(deadline) {}
  virtual ~PendingRequest() = default;

  const ledger::Imprint& hash() const { return hash_; }
  ledger::Level level() const { return level_; }  // Height of the tree that `hash` is the root of.
  const std::string& account() const { return account_; }  // The client id of the metadata.
  absl::Time deadline() const { return deadline_; }        // By the server's wall clock.

  // True once nobody waits for the answer any more: the request then need not be signed.
  // Called from the round thread.
  virtual bool Cancelled() const { return false; }

  // Called exactly once for every request that Enqueue() took, from the round thread, under no
  // lock; must not block. The request is destroyed right after.
  virtual void Answer(absl::StatusOr<SignAnswer> answer) = 0;

 private:
  const ledger::Imprint hash_;
  const ledger::Level level_;
  const std::string account_;
  const absl::Time deadline_;
};

// Gathers the requests of a second into a hash tree, has the second closed by the core, and gives
// each request its own chain.
class Aggregator {
 public:
  virtual ~Aggregator() = default;

  // Never blocks. On OK the request is taken and answered exactly once; otherwise it is left to the
  // caller.
  // Errors: kInvalidArgument for an algorithm that is not trusted any more or a level above the
  // limit; kResourceExhausted, naming the limit, when the open round is full; kDeadlineExceeded
  // when the deadline lies before the round can be answered; kUnavailable after CloseIntake() or
  // while signing is stopped, saying why.
  virtual absl::Status Enqueue(std::unique_ptr<PendingRequest>& request) = 0;

  // Shutdown, in two steps: no new requests; then Stop() closes a last round at its boundary,
  // answers everything that is pending and ends the thread.
  virtual void CloseIntake() = 0;
  virtual void Stop() = 0;
};

}  // namespace pitser::server
