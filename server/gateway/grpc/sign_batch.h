#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ledger/tree/hash_tree.h"
#include "server/aggregator/aggregator.h"
#include "server/gateway/grpc/answering_call.h"
#include "server/gateway/grpc/budget.h"

namespace pitser::server {

// What a SignBatch is held to; see Limits in proto/pitser/v1/pitser.proto.
struct SignBatchLimits {
  std::uint32_t max_batch = 0;
  absl::Duration stall;
  absl::Duration retry_after;  // Told when too many digests are held: a round.
};

// The logic of a SignBatch call: the digests become a tree, its root is signed in the round, and
// the parts are read off the tree message by message while the caller reads. What the call holds
// is the tree, some 70 bytes a digest, counted in `digests`; it is let go of with the call's end.
// Thread: the public part any.
class SignBatch final : public AnsweringCall {
 public:
  // The pointers outlive the call. `request` is a SignBatchRequest, encoded. Begin() is to follow.
  SignBatch(const SignBatchLimits& limits, Budget* digests, base::WorkerPool* pool,
            base::Clock* clock, Aggregator* aggregator, AnswerCall* call, std::string account,
            absl::Time deadline, std::string request);

  void Begin() { Wake(); }

 private:
  class Pending;

  bool Work() override PITSER_EXCLUDES(mu_);
  std::string NextMessage() override PITSER_EXCLUDES(mu_);
  std::optional<absl::Status> Complete() override;
  void LetGo() override PITSER_EXCLUDES(mu_);

  absl::Status Start() PITSER_EXCLUDES(mu_);
  void OnAnswer(absl::StatusOr<SignAnswer> answer) PITSER_EXCLUDES(mu_);

  const SignBatchLimits limits_;
  Budget* const digests_;
  Aggregator* const aggregator_;
  const std::string account_;
  const absl::Time deadline_;

  std::optional<SignAnswer> answer_ PITSER_GUARDED_BY(mu_);  // That just came.

  // Touched by the steps only.
  std::optional<std::string> request_;  // Until it is taken.
  Budget::Share share_;
  std::optional<ledger::HashTree> tree_;  // None over a single digest.
  std::size_t size_ = 0;                  // Digests.
  std::optional<SignAnswer> signed_;      // Once the root is.
  std::size_t sent_ = 0;                  // Parts that are in a message.
};

}  // namespace pitser::server
