#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/call_support.h"
#include "client/client.h"
#include "client/stubs.h"
#include "client/taken_part.h"
#include "ledger/base/status.h"
#include "ledger/verify/shared_tail.h"

namespace pitser::client {
namespace {

using ledger::Imprint;
using ledger::Signature;
using pitser::v1::SignBatchResponse;

// What a SignBatchRequest has beside its digests, with room to spare.
constexpr std::size_t kRequestOverhead = 64;

// The answer to one batch, taken message by message; every part is checked as it comes.
class BatchAnswer {
 public:
  // `hashes` outlives this.
  explicit BatchAnswer(std::span<const Imprint> hashes) : hashes_(hashes) {}

  // Errors: MalformedAnswer(), WrongAnswer().
  absl::Status Take(SignBatchResponse& message) {
    if (tail_ == nullptr) {
      if (message.tail().empty()) return MalformedAnswer("its first message has no tail");
      tail_ =
          std::make_unique<ledger::SharedTail>(ledger::ToVector(ledger::AsBytes(message.tail())));
      aggregation_time_ = message.aggregation_time();
    } else if (!message.tail().empty() || message.aggregation_time() != 0) {
      return MalformedAnswer("it has a second tail");
    }
    for (std::string& part : *message.mutable_parts()) {
      if (parts_.size() == hashes_.size()) {
        return MalformedAnswer("it has more parts than there were digests");
      }
      PITSER_RETURN_IF_ERROR(CheckPart(*tail_, part, hashes_[parts_.size()], 0));
      parts_.push_back(std::move(part));
    }
    return absl::OkStatus();
  }

  bool IsWhole() const { return tail_ != nullptr && parts_.size() == hashes_.size(); }

  // To be called when the stream has ended well, or this is whole.
  absl::Status CheckWhole() const {
    if (parts_.size() != hashes_.size()) {
      return MalformedAnswer(
          absl::StrFormat("it has %d parts for %d digests", parts_.size(), hashes_.size()));
    }
    PITSER_ASSIGN_OR_RETURN(const Signature first, PutTogether(*tail_, parts_.front()));
    if (first.signing_time() != aggregation_time_) {
      return WrongAnswer("its signatures prove another second than it says");
    }
    return absl::OkStatus();
  }

  // Gives each part away. Precondition: CheckWhole() was OK.
  absl::Status Visit(std::size_t first, const BatchVisitor& visit) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::string part = std::move(parts_[i]);
      PITSER_ASSIGN_OR_RETURN(Signature signature, PutTogether(*tail_, part));
      visit(first + i, std::move(signature));
    }
    return absl::OkStatus();
  }

 private:
  const std::span<const Imprint> hashes_;
  std::unique_ptr<ledger::SharedTail> tail_;  // Null before the first message.
  std::uint64_t aggregation_time_ = 0;
  std::vector<std::string> parts_;
};

pitser::v1::SignBatchRequest MakeRequest(std::span<const Imprint> hashes) {
  pitser::v1::SignBatchRequest request;
  request.set_algorithm(static_cast<std::uint32_t>(hashes.front().algorithm()));
  std::string& digests = *request.mutable_digests();
  digests.reserve(hashes.size() * hashes.front().digest().size());
  for (const Imprint& hash : hashes) digests.append(ledger::AsText(hash.digest()));
  return request;
}

}  // namespace

absl::Status Client::SignBatch(std::span<const Imprint> hashes, const BatchVisitor& visit) {
  if (hashes.empty()) return absl::OkStatus();
  const ledger::HashAlgorithm algorithm = hashes.front().algorithm();
  if (!std::ranges::all_of(hashes, [&](const Imprint& h) { return h.algorithm() == algorithm; })) {
    return absl::InvalidArgumentError("the hashes of a batch have one algorithm");
  }
  PITSER_ASSIGN_OR_RETURN(const std::size_t size, BatchSize(hashes.front().digest().size()));
  for (std::size_t first = 0; first < hashes.size(); first += size) {
    const auto batch = hashes.subspan(first, std::min(size, hashes.size() - first));
    PITSER_RETURN_IF_ERROR(SignOneBatch(batch, first, visit));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> Client::BatchSize(std::size_t digest_size) {
  PITSER_ASSIGN_OR_RETURN(const ServerInfo info, GetServerInfo());
  if (info.limits.max_batch == 0) {
    return absl::UnimplementedError("the server does not serve batches");
  }
  std::size_t size = std::min<std::size_t>(info.limits.max_batch, options_.max_batch);
  if (info.limits.max_message_bytes > kRequestOverhead) {
    size = std::min<std::size_t>(size,
                                 (info.limits.max_message_bytes - kRequestOverhead) / digest_size);
  }
  return std::max<std::size_t>(size, 1);
}

absl::Status Client::SignOneBatch(std::span<const Imprint> hashes, std::size_t first,
                                  const BatchVisitor& visit) {
  const pitser::v1::SignBatchRequest request = MakeRequest(hashes);
  std::unique_ptr<BatchAnswer> answer;
  absl::Status taken;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    // What came of an attempt that did not end well is thrown away.
    answer = std::make_unique<BatchAnswer>(hashes);
    taken = absl::OkStatus();
    const auto reader = stubs_->signer->SignBatch(&context, request);
    SignBatchResponse message;
    while (taken.ok() && reader->Read(&message)) taken = answer->Take(message);
    if (!taken.ok()) context.TryCancel();
    const grpc::Status status = reader->Finish();
    // A batch that is there is not signed anew because its stream ended badly.
    return taken.ok() && !answer->IsWhole() ? status : grpc::Status::OK;
  }));
  PITSER_RETURN_IF_ERROR(taken);
  PITSER_RETURN_IF_ERROR(answer->CheckWhole());
  return answer->Visit(first, visit);
}

}  // namespace pitser::client
