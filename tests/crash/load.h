#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "ledger/crypto/imprint.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::testing {

// What a client got: from then on the ledger is held to it.
struct ReceivedSignature {
  ledger::Imprint hash;
  std::string signature;
};

// Keeps a number of Sign calls in flight on one connection until the server is gone.
// Thread: one owner; answers come in on gRPC's threads.
class SignLoad {
 public:
  // Signs the hashes of `first`, `first` + 1, ...
  SignLoad(std::shared_ptr<grpc::Channel> channel, int in_flight, std::uint64_t first);
  // Waits for every call's end. No call is begun any more after one has failed.
  std::vector<ReceivedSignature> Finish();

 private:
  struct Call;
  void Begin() PITSER_EXCLUDES(mu_);
  void End(std::unique_ptr<Call> call, const grpc::Status& status) PITSER_EXCLUDES(mu_);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Signer::Stub> stub_;
  base::Mutex mu_;
  base::CondVar ended_;
  int running_ PITSER_GUARDED_BY(mu_) = 0;
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;
  std::uint64_t next_ PITSER_GUARDED_BY(mu_);
  std::vector<ReceivedSignature> received_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::testing
