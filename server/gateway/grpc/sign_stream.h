#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ledger/tree/hash_tree.h"
#include "server/aggregator/aggregator.h"
#include "server/gateway/grpc/answering_call.h"
#include "server/gateway/grpc/sign_wire.h"

namespace pitser::server {

// What a SignStream is held to; see Limits in proto/pitser/v1/pitser.proto.
struct SignStreamLimits {
  std::uint32_t max_in_flight = 0;
  std::uint64_t max_unsent_bytes = 0;
  std::uint64_t max_message_bytes = 0;
  std::uint64_t max_pending = 0;  // No tree is made that could never wait.
  absl::Duration stall;
  absl::Duration retry_after;  // Told to whoever has too much in flight: a round.
};

// The logic of a SignStream call. The items of a message become trees of up to kGroupItems: one
// request to the aggregator each. An item that waits costs its id and its place in the tree, some
// 80 bytes, and no more when it is answered: its chain is written into a message when the caller is
// there to read it.
// Thread: the public part any.
class SignStream final : public AnsweringCall {
 public:
  // Answers of one round stay one message's; the tail then is small beside the parts.
  static constexpr std::size_t kGroupItems = 1024;

  // The pointers outlive the call. Begin() is to follow.
  SignStream(const SignStreamLimits& limits, base::WorkerPool* pool, base::Clock* clock,
             Aggregator* aggregator, AnswerCall* call, std::string account, absl::Time deadline);
  ~SignStream() override;

  // Reads the first message.
  void Begin() { Wake(); }

  // What Receive() came to: a message; none, when the caller has no more.
  void OnRead(std::optional<std::string> message) PITSER_EXCLUDES(mu_);

  void EndWhenAnswered() override PITSER_EXCLUDES(mu_);

 private:
  // Requests that are answered together.
  struct Group {
    std::vector<std::uint64_t> ids;
    std::optional<ledger::HashTree> tree;  // None over a single item.
    SignAnswer answer;                     // Once it is there.
    std::size_t sent = 0;                  // Ids before it are in a message.

    // Whether its messages are its own, and their tail begins with the chain above its tree.
    bool HasOwnTail() const;
    // What one of its answers counts as unsent, in bytes: somewhat more than it will be.
    std::uint64_t AnswerBytes() const;
  };
  using Groups = std::list<Group>;
  // Ids that are answered with the same error, an ItemError's encoding.
  struct Refusals {
    std::string error;
    std::vector<std::uint64_t> ids;
    std::uint64_t AnswerBytes() const { return error.size() + kWireAnswerOverhead; }
  };
  class Pending;
  class Intake;

  bool Work() override PITSER_EXCLUDES(mu_);
  std::string NextMessage() override PITSER_EXCLUDES(mu_);
  void Written() override PITSER_REQUIRES(mu_);
  std::optional<absl::Status> Complete() override PITSER_EXCLUDES(mu_);
  void LetGo() override PITSER_EXCLUDES(mu_);

  void Take(const std::string& message) PITSER_EXCLUDES(mu_);
  // By the aggregator.
  void OnAnswer(Groups::iterator group, absl::StatusOr<SignAnswer> answer) PITSER_EXCLUDES(mu_);
  void Refuse(Refusals refusals) PITSER_EXCLUDES(mu_);
  // Append answers while there is room, and return what they counted as unsent.
  std::uint64_t AppendRefusals(std::string& message);
  std::uint64_t AppendGroups(std::string& message);
  bool AppendGroup(std::string& message, Group& group, std::size_t room, std::uint64_t& bytes);

  const SignStreamLimits limits_;
  Aggregator* const aggregator_;
  const std::string account_;
  const absl::Time deadline_;

  std::optional<std::string> message_ PITSER_GUARDED_BY(mu_);  // That was read.
  bool reading_ PITSER_GUARDED_BY(mu_) = false;
  bool half_closed_ PITSER_GUARDED_BY(mu_) = false;
  bool draining_ PITSER_GUARDED_BY(mu_) = false;
  bool let_go_ PITSER_GUARDED_BY(mu_) = false;
  std::uint64_t in_flight_ PITSER_GUARDED_BY(mu_) = 0;      // Items in waiting_.
  Groups waiting_ PITSER_GUARDED_BY(mu_);                   // For their round.
  Groups ready_ PITSER_GUARDED_BY(mu_);                     // Answered, no part sent yet.
  std::deque<Refusals> refusals_ PITSER_GUARDED_BY(mu_);    // The same.
  std::uint64_t unsent_bytes_ PITSER_GUARDED_BY(mu_) = 0;   // Of all that is answered.
  std::uint64_t message_bytes_ PITSER_GUARDED_BY(mu_) = 0;  // Of it, in the message being written.

  // Touched by the steps only.
  Groups sending_;
  std::deque<Refusals> refusing_;
};

}  // namespace pitser::server
