#include "tests/support/test_node.h"

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "ledger/verify/verifier.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::testing {

using base::MutexLock;

class AnswerBox::BoxedRequest final : public server::PendingRequest {
 public:
  BoxedRequest(AnswerBox* box, std::uint64_t id, const RequestOptions& options)
      : PendingRequest(HashOf(id, options.algorithm), options.level, options.account,
                       options.deadline, options.form, options.weight),
        box_(box),
        id_(id),
        cancelled_(options.cancelled) {}
  ~BoxedRequest() override {
    MutexLock lock(box_->mu_);
    ++box_->destroyed_;
  }

  bool Cancelled() const override { return cancelled_; }

  void Answer(absl::StatusOr<server::SignAnswer> answer) override {
    if (box_->on_answer_) box_->on_answer_(id_);
    MutexLock lock(box_->mu_);
    box_->answers_.push_back({id_, std::move(answer)});
  }

 private:
  AnswerBox* const box_;
  const std::uint64_t id_;
  const bool cancelled_;
};

std::unique_ptr<server::PendingRequest> AnswerBox::Request(std::uint64_t id,
                                                           const RequestOptions& options) {
  return std::make_unique<BoxedRequest>(this, id, options);
}

std::vector<ReceivedAnswer> AnswerBox::Take() {
  MutexLock lock(mu_);
  return std::exchange(answers_, {});
}

int AnswerBox::destroyed() const {
  MutexLock lock(mu_);
  return destroyed_;
}

TestNode::TestNode(const server::AggregatorOptions& options)
    : clock_(absl::FromUnixSeconds(kTestTime)) {
  const TestTrust& trust = TestTrust::Get();
  server::CoreOptions core_options;
  core_options.clock_rules.not_before = clock_.Now() - absl::Hours(1);
  core_ = ValueOf(StartCore(core_options, {&storage_,
                                           &clock_,
                                           {trust.calendar, trust.calendar_key},
                                           server::SingleProcessAgreement()}));
  aggregator_ = ValueOf(StartAggregator(options, core_.get(), &clock_));
  clock_.AwaitBlocked();
}

TestNode::~TestNode() {
  // Whatever still waits is answered at its boundary.
  aggregator_->CloseIntake();
  clock_.Advance(absl::Seconds(10));
  aggregator_->Stop();
}

absl::Status TestNode::Enqueue(std::uint64_t id, const AnswerBox::RequestOptions& options) {
  std::unique_ptr<server::PendingRequest> request = box_.Request(id, options);
  return aggregator_->Enqueue(request);
}

void TestNode::Pass(absl::Duration by) {
  clock_.Advance(by);
  Settle();
}

void TestNode::SetWall(absl::Time to) {
  clock_.SetWall(to);
  Settle();
}

void TestNode::Settle() {
  clock_.AwaitBlocked();
  AwaitAnswers(*aggregator_);
}

void AwaitAnswers(const server::Aggregator& aggregator) {
  while (aggregator.Stats().answering > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

absl::StatusOr<ledger::Signature> CheckedSignature(const server::SignAnswer& answer,
                                                   const ledger::Imprint& hash,
                                                   ledger::Level level) {
  const std::vector<ledger::Bytes> parts = {answer.own, answer.seal->tail};
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector bytes, ledger::AssembleSignature(parts));
  PITSER_ASSIGN_OR_RETURN(ledger::Signature signature, ledger::Signature::Parse(std::move(bytes)));
  static const auto* const file =
      new ledger::PublicationsFile(MakePublicationsFile({TestTrust::Get().calendar_record()}, {}));
  for (const ledger::Policy policy : {ledger::Policy::kInternal, ledger::Policy::kKeyBased}) {
    ledger::VerificationContext context{.signature = signature,
                                        .document_hash = hash,
                                        .input_level = level,
                                        .user_publication = std::nullopt,
                                        .publications_file = file,
                                        .extend = nullptr};
    PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult result,
                            ledger::Verify(policy, context));
    if (result.outcome != ledger::Outcome::kOk) {
      return absl::FailedPreconditionError(
          absl::StrCat(ledger::ToAbsl(ledger::PolicyName(policy)), ": ",
                       ledger::ToAbsl(ledger::ErrorCodeName(result.code)), " ", result.cause));
    }
  }
  return signature;
}

}  // namespace pitser::testing
