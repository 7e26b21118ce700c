#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "pitser/v1/pitser.grpc.pb.h"

namespace pitser::testing {

// What a call for volume came to.
struct VolumeStatus {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  std::string limit;           // Trailing metadata `pitser-limit`.
  std::string retry_after_ms;  // Trailing metadata `pitser-retry-after-ms`.

  bool ok() const { return code == grpc::StatusCode::OK; }
};
VolumeStatus StatusOf(const grpc::ClientContext& context, const grpc::Status& status);

// `part` and `tail` put together as the contract says.
std::string PutTogether(const std::string& part, const std::string& tail);

struct BatchResult {
  VolumeStatus status;
  std::vector<std::string> signatures;
  int messages = 0;
  std::size_t largest_message = 0;  // Bytes.
  std::uint64_t aggregation_time = 0;
  std::vector<std::string> account_path;
};
v1::SignBatchRequest BatchOf(const std::vector<ledger::Imprint>& hashes);
BatchResult SignBatch(const std::shared_ptr<grpc::Channel>& channel,
                      const v1::SignBatchRequest& request);

// What a stream answered to one id.
struct ItemResult {
  std::string signature;  // Empty after an error.
  v1::ItemError error;
  std::uint64_t aggregation_time = 0;
};

// A SignStream, written to and read from by the test's thread. Broken off when it goes away.
class Stream {
 public:
  explicit Stream(const std::shared_ptr<grpc::Channel>& channel,
                  std::chrono::seconds timeout = std::chrono::seconds(300));
  ~Stream() { context_.TryCancel(); }

  bool Write(const v1::SignStreamRequest& request) { return stream_->Write(request); }
  // Items with the ids first, first + 1, ...
  bool Write(std::uint64_t first, const std::vector<ledger::Imprint>& hashes);
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  // Reads one message; false at the end.
  bool Read();
  // Reads until there are `count` answers or the stream ends.
  void ReadUntil(std::size_t count);
  VolumeStatus Finish();

  // By id; an id that was used twice is there twice.
  const std::multimap<std::uint64_t, ItemResult>& answers() const { return answers_; }
  int messages() const { return messages_; }
  std::size_t largest_message() const { return largest_message_; }
  std::uint64_t bytes() const { return bytes_; }  // Read so far.

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::SignStreamRequest, v1::SignStreamResponse>>
      stream_;
  std::multimap<std::uint64_t, ItemResult> answers_;
  int messages_ = 0;
  std::size_t largest_message_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pitser::testing
