#include "tests/integration/volume_caller.h"

#include <algorithm>
#include <chrono>

#include "gtest/gtest.h"

namespace pitser::testing {
namespace {

std::string Trailer(const grpc::ClientContext& context, const std::string& key) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto it = metadata.find(key);
  return it == metadata.end() ? "" : std::string(it->second.data(), it->second.size());
}

grpc::ClientContext& WithDeadline(grpc::ClientContext& context, std::chrono::seconds timeout) {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return context;
}

}  // namespace

VolumeStatus StatusOf(const grpc::ClientContext& context, const grpc::Status& status) {
  return {status.error_code(), status.error_message(), Trailer(context, "pitser-limit"),
          Trailer(context, "pitser-retry-after-ms")};
}

std::string PutTogether(const std::string& part, const std::string& tail) {
  const std::size_t size = part.size() + tail.size();
  return std::string("\x88\x00", 2) + static_cast<char>(size >> 8) + static_cast<char>(size) +
         part + tail;
}

v1::SignBatchRequest BatchOf(const std::vector<ledger::Imprint>& hashes) {
  v1::SignBatchRequest request;
  for (const ledger::Imprint& hash : hashes) {
    request.set_algorithm(static_cast<std::uint32_t>(hash.algorithm()));
    request.mutable_digests()->append(ledger::AsText(hash.digest()));
  }
  return request;
}

BatchResult SignBatch(const std::shared_ptr<grpc::Channel>& channel,
                      const v1::SignBatchRequest& request) {
  grpc::ClientContext context;
  WithDeadline(context, std::chrono::seconds(300));
  const auto reader = v1::Signer::NewStub(channel)->SignBatch(&context, request);
  BatchResult result;
  std::string tail;
  for (v1::SignBatchResponse answer; reader->Read(&answer); ++result.messages) {
    EXPECT_EQ(answer.tail().empty(), result.messages > 0) << "in the first message only";
    EXPECT_EQ(answer.aggregation_time() == 0, result.messages > 0);
    if (!answer.tail().empty()) {
      tail = answer.tail();
      result.aggregation_time = answer.aggregation_time();
      result.account_path.assign(answer.account_path().begin(), answer.account_path().end());
    }
    for (const std::string& part : answer.parts()) {
      result.signatures.push_back(PutTogether(part, tail));
    }
    result.largest_message = std::max(result.largest_message, answer.ByteSizeLong());
  }
  result.status = StatusOf(context, reader->Finish());
  return result;
}

Stream::Stream(const std::shared_ptr<grpc::Channel>& channel, std::chrono::seconds timeout)
    : stream_(v1::Signer::NewStub(channel)->SignStream(&WithDeadline(context_, timeout))) {}

bool Stream::Write(std::uint64_t first, const std::vector<ledger::Imprint>& hashes) {
  v1::SignStreamRequest request;
  for (const ledger::Imprint& hash : hashes) {
    v1::SignItem& item = *request.add_items();
    item.set_id(first++);
    item.set_imprint(ledger::ToString(hash.bytes()));
  }
  return Write(request);
}

bool Stream::Read() {
  v1::SignStreamResponse response;
  if (!stream_->Read(&response)) return false;
  EXPECT_GT(response.answers_size(), 0);
  bool has_signature = false;
  for (const v1::SignItemAnswer& answer : response.answers()) {
    ItemResult result;
    EXPECT_NE(answer.outcome_case(), v1::SignItemAnswer::OUTCOME_NOT_SET);
    if (answer.has_error()) {
      result.error = answer.error();
    } else {
      EXPECT_FALSE(answer.part().empty());
      has_signature = true;
      result.signature = PutTogether(answer.part(), response.tail());
      result.aggregation_time = response.aggregation_time();
    }
    answers_.emplace(answer.id(), std::move(result));
  }
  EXPECT_EQ(has_signature, !response.tail().empty());
  EXPECT_EQ(has_signature, response.aggregation_time() != 0);
  EXPECT_EQ(has_signature, response.account_path_size() > 0);
  ++messages_;
  largest_message_ = std::max(largest_message_, response.ByteSizeLong());
  bytes_ += response.ByteSizeLong();
  return true;
}

void Stream::ReadUntil(std::size_t count) {
  while (answers_.size() < count && Read()) {
  }
}

VolumeStatus Stream::Finish() {
  while (Read()) {
  }
  return StatusOf(context_, stream_->Finish());
}

}  // namespace pitser::testing
