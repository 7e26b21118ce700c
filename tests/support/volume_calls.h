#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "pitser/v1/pitser.pb.h"
#include "server/gateway/grpc/sign_batch.h"
#include "server/gateway/grpc/sign_stream.h"
#include "server/gateway/grpc/sign_wire.h"
#include "tests/support/test_call.h"
#include "tests/support/test_node.h"
#include "tests/support/test_trust.h"

// SignStream and SignBatch calls without gRPC, to a TestNode.
namespace pitser::testing {

// A stream to a node whose clock stands still, and what was answered on it.
class OpenStream {
 public:
  OpenStream(TestNode& node, base::WorkerPool& pool, const server::SignStreamLimits& limits,
             absl::Time deadline = absl::InfiniteFuture())
      : stream_(std::make_shared<server::SignStream>(
            limits, &pool, &node.clock(), &node.aggregator(), &call_, "anna", deadline)) {
    call_.Attach(stream_);
    stream_->Begin();
  }
  ~OpenStream() {
    stream_->OnCancelled();
    call_.AwaitClose().IgnoreError();
    stream_->OnGone();
    call_.Attach(nullptr);
  }

  TestCall& call() { return call_; }
  server::SignStream& stream() { return *stream_; }

  // Sends a message when the stream reads, and waits until it was taken.
  void Send(const v1::SignStreamRequest& request) { Send(request.SerializeAsString()); }
  void Send(std::string message) {
    call_.AwaitReceive(++sent_);
    stream_->OnRead(std::move(message));
  }
  // The same, when it is known that the stream reads on.
  void SendAndAwait(const v1::SignStreamRequest& request) {
    Send(request);
    call_.AwaitReceive(sent_ + 1);
  }
  void HalfClose() {
    call_.AwaitReceive(++sent_);
    stream_->OnRead(std::nullopt);
  }

  // All answers so far; waits until there are `count`.
  std::multimap<std::uint64_t, v1::SignItemAnswer> Answers(std::size_t count) {
    std::multimap<std::uint64_t, v1::SignItemAnswer> answers;
    for (std::size_t messages = 0; answers.size() < count;) {
      answers.clear();
      for (const std::string& bytes : call_.AwaitMessages(++messages)) {
        v1::SignStreamResponse response;
        EXPECT_TRUE(response.ParseFromString(bytes));
        for (v1::SignItemAnswer& answer : *response.mutable_answers()) {
          if (answer.has_part()) {
            EXPECT_EQ(response.aggregation_time() >= kTestTime, true);
            EXPECT_EQ(response.account_path(0), "anna");
            tails_[answer.id()] = response.tail();
            times_[answer.id()] = response.aggregation_time();
          }
          answers.emplace(answer.id(), std::move(answer));
        }
      }
    }
    return answers;
  }
  // By the internal and the key-based policy.
  absl::StatusOr<ledger::Signature> Check(const v1::SignItemAnswer& answer,
                                          const ledger::Imprint& hash, ledger::Level level = 0) {
    if (!answer.has_part()) return absl::InternalError(answer.error().message());
    return CheckedSignature(
        MakeAnswer(times_[answer.id()], ledger::ToVector(ledger::AsBytes(answer.part())),
                   ledger::ToVector(ledger::AsBytes(tails_[answer.id()]))),
        hash, level);
  }

 private:
  TestCall call_;
  const std::shared_ptr<server::SignStream> stream_;
  int sent_ = 0;
  std::map<std::uint64_t, std::string> tails_;
  std::map<std::uint64_t, std::uint64_t> times_;
};

inline void Add(v1::SignStreamRequest& request, std::uint64_t id, const ledger::Imprint& hash,
                std::uint32_t level = 0) {
  v1::SignItem& item = *request.add_items();
  item.set_id(id);
  item.set_imprint(ledger::ToString(hash.bytes()));
  item.set_level(level);
}

// Items first, first + 1, ... of TestImprint().
inline v1::SignStreamRequest Items(std::uint64_t first, std::size_t count) {
  v1::SignStreamRequest request;
  for (std::uint64_t id = first; id < first + count; ++id) Add(request, id, TestImprint(id));
  return request;
}

// Digests of TestImprint(0), TestImprint(1), ...
inline v1::SignBatchRequest Digests(
    std::size_t count, ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256) {
  v1::SignBatchRequest request;
  request.set_algorithm(static_cast<std::uint32_t>(algorithm));
  for (std::uint64_t id = 0; id < count; ++id) {
    request.mutable_digests()->append(ledger::AsText(TestImprint(id, algorithm).digest()));
  }
  return request;
}

// A batch to such a node; Begin() is to follow.
class OpenBatch {
 public:
  OpenBatch(TestNode& node, base::WorkerPool& pool, server::Budget& budget,
            const server::SignBatchLimits& limits, std::string request,
            absl::Time deadline = absl::InfiniteFuture())
      : batch_(std::make_shared<server::SignBatch>(limits, &budget, &pool, &node.clock(),
                                                   &node.aggregator(), &call_, "anna", deadline,
                                                   std::move(request))) {
    call_.Attach(batch_);
  }
  ~OpenBatch() {
    batch_->OnCancelled();
    call_.AwaitClose().IgnoreError();
    batch_->OnGone();
    call_.Attach(nullptr);
  }

  void Begin() { batch_->Begin(); }
  TestCall& call() { return call_; }
  server::SignBatch& batch() { return *batch_; }

  // What all messages say together; checks what must stand in the first alone.
  v1::SignBatchResponse Whole() const {
    v1::SignBatchResponse whole;
    bool first = true;
    for (const std::string& bytes : call_.messages()) {
      v1::SignBatchResponse message;
      EXPECT_TRUE(message.ParseFromString(bytes));
      EXPECT_EQ(message.tail().empty(), !first);
      EXPECT_EQ(message.aggregation_time() == 0, !first);
      EXPECT_EQ(message.account_path_size() == 0, !first);
      EXPECT_LE(bytes.size(), server::kAnswerBytes);
      whole.MergeFrom(message);
      first = false;
    }
    return whole;
  }

 private:
  TestCall call_;
  const std::shared_ptr<server::SignBatch> batch_;
};

// Signature `index` of a batch, by the internal and the key-based policy.
inline absl::StatusOr<ledger::Signature> CheckPart(const v1::SignBatchResponse& answer, int index,
                                                   const ledger::Imprint& hash) {
  return CheckedSignature(
      MakeAnswer(answer.aggregation_time(), ledger::ToVector(ledger::AsBytes(answer.parts(index))),
                 ledger::ToVector(ledger::AsBytes(answer.tail()))),
      hash);
}

}  // namespace pitser::testing
