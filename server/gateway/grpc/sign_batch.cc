#include "server/gateway/grpc/sign_batch.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"
#include "ledger/base/status.h"
#include "server/gateway/grpc/sign_wire.h"
#include "server/gateway/grpc/tree_parts.h"

namespace pitser::server {
namespace {

using base::MutexLock;

// What the digests of a batch are.
struct Digests {
  ledger::HashAlgorithm algorithm;
  std::size_t count;
};
absl::StatusOr<Digests> CheckDigests(const WireBatch& batch, std::uint32_t max_batch) {
  const auto algorithm = ledger::HashAlgorithmFromId(batch.algorithm);
  if (!algorithm.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("algorithm: there is none with the id ", batch.algorithm));
  }
  const std::size_t digest_size = ledger::DigestSize(*algorithm);
  if (batch.digests.empty() || batch.digests.size() % digest_size != 0) {
    return absl::InvalidArgumentError(absl::StrCat("digests: expected a multiple of ", digest_size,
                                                   " bytes, at least one, got ",
                                                   batch.digests.size()));
  }
  const std::size_t count = batch.digests.size() / digest_size;
  if (count > max_batch) {
    return base::WithLimit(
        absl::InvalidArgumentError(absl::StrCat("a batch of ", count, " digests: at most ",
                                                max_batch, " (limit max_batch)")),
        "max_batch");
  }
  return Digests{*algorithm, count};
}

absl::StatusOr<ledger::Imprint> ImprintOf(const WireBatch& batch, const Digests& digests,
                                          std::size_t index) {
  const std::size_t size = ledger::DigestSize(digests.algorithm);
  return ledger::Imprint::Create(digests.algorithm, batch.digests.subspan(index * size, size));
}

absl::StatusOr<ledger::HashTree> BuildTree(const WireBatch& batch, const Digests& digests) {
  if (digests.algorithm == kTreeAlgorithm) {
    return ledger::HashTree::BuildFromDigests(kTreeAlgorithm, batch.digests);
  }
  std::vector<ledger::LeveledImprint> leaves;
  leaves.reserve(digests.count);
  for (std::size_t i = 0; i < digests.count; ++i) {
    PITSER_ASSIGN_OR_RETURN(const ledger::Imprint imprint, ImprintOf(batch, digests, i));
    leaves.push_back({imprint, 0});
  }
  return ledger::HashTree::Build(kTreeAlgorithm, leaves);
}

}  // namespace

// The batch, as the aggregator sees it.
class SignBatch::Pending final : public PendingRequest {
 public:
  Pending(std::shared_ptr<SignBatch> batch, const ledger::LeveledImprint& root)
      : PendingRequest(root.imprint, root.level, batch->account_, batch->deadline_,
                       AnswerForm::kAboveTree),
        batch_(std::move(batch)) {}

  bool Cancelled() const override {
    MutexLock lock(batch_->mu_);
    return batch_->Ending();
  }
  void Answer(absl::StatusOr<SignAnswer> answer) override { batch_->OnAnswer(std::move(answer)); }

 private:
  const std::shared_ptr<SignBatch> batch_;
};

SignBatch::SignBatch(const SignBatchLimits& limits, Budget* digests, base::WorkerPool* pool,
                     base::Clock* clock, Aggregator* aggregator, AnswerCall* call,
                     std::string account, absl::Time deadline, std::string request)
    : AnsweringCall(pool, clock, limits.stall, call),
      limits_(limits),
      digests_(digests),
      aggregator_(aggregator),
      account_(std::move(account)),
      deadline_(deadline),
      request_(std::move(request)) {}

bool SignBatch::Work() {
  if (!request_.has_value()) return false;
  absl::Status started = Start();
  request_.reset();
  if (!started.ok()) End(std::move(started));
  return true;
}

absl::Status SignBatch::Start() {
  PITSER_ASSIGN_OR_RETURN(const WireBatch batch, ReadBatchRequest(ledger::AsBytes(*request_)));
  PITSER_ASSIGN_OR_RETURN(const Digests digests, CheckDigests(batch, limits_.max_batch));
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint first, ImprintOf(batch, digests, 0));
  PITSER_RETURN_IF_ERROR(aggregator_->CheckHash(first, 0));
  size_ = digests.count;
  share_ = digests_->Take(size_);
  if (!share_) {
    return base::LimitReached("max_batch_digests", "too many digests of batches are held",
                              limits_.retry_after);
  }
  ledger::LeveledImprint root{first, 0};
  if (size_ > 1) {
    PITSER_ASSIGN_OR_RETURN(tree_, BuildTree(batch, digests));
    root = tree_->root();
  }
  std::unique_ptr<PendingRequest> pending =
      std::make_unique<Pending>(std::static_pointer_cast<SignBatch>(shared_from_this()), root);
  return aggregator_->Enqueue(pending);
}

void SignBatch::OnAnswer(absl::StatusOr<SignAnswer> answer) {
  if (!answer.ok()) return End(answer.status());
  {
    MutexLock lock(mu_);
    answer_ = *std::move(answer);
  }
  Wake();
}

std::string SignBatch::NextMessage() {
  {
    MutexLock lock(mu_);
    if (answer_.has_value()) signed_ = std::exchange(answer_, std::nullopt);
  }
  std::string message;
  if (!signed_.has_value() || sent_ == size_) return message;
  if (sent_ == 0) {
    ledger::ByteVector tail = signed_->own;
    ledger::Append(tail, signed_->seal->tail);
    AppendBatchShared(message, {tail, *signed_->seal, account_});
  }
  if (!tree_.has_value()) {  // The digest is the root.
    AppendPart(message, {});
    ++sent_;
    return message;
  }
  ledger::ChainWriter chains = ChainsBelow(*signed_, *tree_);
  for (; sent_ < size_; ++sent_) {
    const ledger::Bytes part = chains.Write(sent_);
    if (message.size() + part.size() + kWireAnswerOverhead > kAnswerBytes) break;
    AppendPart(message, part);
  }
  return message;
}

std::optional<absl::Status> SignBatch::Complete() {
  if (!signed_.has_value() || sent_ < size_) return std::nullopt;
  return absl::OkStatus();
}

void SignBatch::LetGo() {
  request_.reset();
  tree_.reset();
  signed_.reset();
  share_ = Budget::Share();
  MutexLock lock(mu_);
  answer_.reset();
}

}  // namespace pitser::server
