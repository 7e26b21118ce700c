#include "tests/crash/load.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "tests/support/memory_calendar.h"

namespace pitser::testing {

using base::MutexLock;

namespace {
// Far more than a round: what takes this long is lost, and fails the test.
constexpr std::chrono::seconds kTimeout{60};
}  // namespace

struct SignLoad::Call {
  explicit Call(std::uint64_t number) : hash(TestImprint(number)) {
    context.set_deadline(std::chrono::system_clock::now() + kTimeout);
    request.set_imprint(ledger::ToString(hash.bytes()));
  }
  const ledger::Imprint hash;
  grpc::ClientContext context;
  v1::SignRequest request;
  v1::SignResponse response;
};

SignLoad::SignLoad(std::shared_ptr<grpc::Channel> channel, int in_flight, std::uint64_t first)
    : channel_(std::move(channel)), stub_(v1::Signer::NewStub(channel_)), next_(first) {
  for (int i = 0; i < in_flight; ++i) Begin();
}

void SignLoad::Begin() {
  Call* call;
  {
    MutexLock lock(mu_);
    if (stopping_) return;
    call = new Call(next_++);
    ++running_;
  }
  stub_->async()->Sign(
      &call->context, &call->request, &call->response,
      [this, call](const grpc::Status& status) { End(std::unique_ptr<Call>(call), status); });
}

void SignLoad::End(std::unique_ptr<Call> call, const grpc::Status& status) {
  {
    MutexLock lock(mu_);
    if (status.ok()) {
      received_.push_back({call->hash, std::move(*call->response.mutable_signature())});
    } else {
      // What a killed server's callers see; anything else was said by the server.
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
      stopping_ = true;
    }
  }
  if (status.ok()) Begin();
  call.reset();  // Its context must be gone before the owner may let go of the channel.
  MutexLock lock(mu_);
  --running_;
  ended_.SignalAll();
}

std::vector<ReceivedSignature> SignLoad::Finish() {
  MutexLock lock(mu_);
  while (running_ > 0) ended_.Wait(mu_);
  return std::move(received_);
}

}  // namespace pitser::testing
