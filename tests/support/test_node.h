#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "ledger/format/signature.h"
#include "server/aggregator/aggregator.h"
#include "server/core/core.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_storage.h"

namespace pitser::testing {

// A request's answer, and which request it was.
struct ReceivedAnswer {
  std::uint64_t id;
  absl::StatusOr<server::SignAnswer> answer;
};

// Makes requests and keeps their answers.
// Thread: any.
class AnswerBox {
 public:
  struct RequestOptions {
    ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256;
    ledger::Level level = 0;
    std::string account = "anna";
    absl::Time deadline = absl::InfiniteFuture();
    server::AnswerForm form = server::AnswerForm::kSignature;
    std::uint32_t weight = 1;
    bool cancelled = false;
  };

  // A request for HashOf(id), which must not outlive this.
  std::unique_ptr<server::PendingRequest> Request(std::uint64_t id, const RequestOptions& options);
  std::unique_ptr<server::PendingRequest> Request(std::uint64_t id) { return Request(id, {}); }
  static ledger::Imprint HashOf(std::uint64_t id,
                                ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256) {
    return TestImprint(id, algorithm);
  }

  // The answers so far, in the order they came; they are taken out.
  std::vector<ReceivedAnswer> Take();
  // Called with every answer before it is kept, on the thread that brings it.   Before any comes.
  void OnAnswer(std::function<void(std::uint64_t id)> hook) { on_answer_ = std::move(hook); }
  // How many requests are gone, answered or not.
  int destroyed() const;

 private:
  class BoxedRequest;

  std::function<void(std::uint64_t)> on_answer_;
  mutable base::Mutex mu_;
  std::vector<ReceivedAnswer> answers_ PITSER_GUARDED_BY(mu_);
  int destroyed_ PITSER_GUARDED_BY(mu_) = 0;
};

// Core and aggregator over a calendar in memory and a clock that stands still, trusted by
// TestTrust. The clock begins at kTestTime.
class TestNode {
 public:
  explicit TestNode(const server::AggregatorOptions& options = {});
  ~TestNode();

  FakeClock& clock() { return clock_; }
  FakeStorage& storage() { return storage_; }
  server::Core& core() { return *core_; }
  server::Aggregator& aggregator() { return *aggregator_; }
  AnswerBox& box() { return box_; }

  absl::Status Enqueue(std::uint64_t id, const AnswerBox::RequestOptions& options);
  absl::Status Enqueue(std::uint64_t id) { return Enqueue(id, {}); }

  // Time passes, and what is due is done: rounds are closed and answered.
  void Pass(absl::Duration by);
  // The same by setting the wall clock, which the round thread notices after two seconds at most.
  void SetWall(absl::Time to);
  // Blocks until the round thread waits for a boundary and all rounds that it closed are answered.
  void Settle();

 private:
  FakeClock clock_;
  FakeStorage storage_;
  AnswerBox box_;
  std::unique_ptr<server::Core> core_;
  std::unique_ptr<server::Aggregator> aggregator_;
};

// Blocks until all rounds that the aggregator has closed are answered.
void AwaitAnswers(const server::Aggregator& aggregator);

// An answer, of these parts.
inline server::SignAnswer MakeAnswer(std::uint64_t aggregation_time, ledger::ByteVector own,
                                     ledger::ByteVector tail) {
  server::Seal seal;
  seal.aggregation_time = aggregation_time;
  seal.tail = std::move(tail);
  return {std::move(own), std::make_shared<const server::Seal>(std::move(seal))};
}

// The signature that an answer makes; checked by the internal and the key-based policy against the
// hash and the level that were asked for.
// Errors: kFailedPrecondition with the code of the rule that failed.
absl::StatusOr<ledger::Signature> CheckedSignature(const server::SignAnswer& answer,
                                                   const ledger::Imprint& hash,
                                                   ledger::Level level = 0);

}  // namespace pitser::testing
