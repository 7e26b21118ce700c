#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "ledger/base/bytes.h"
#include "net/endpoint.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "tests/support/batch_maker.h"

namespace pitser::testing {

// A server for volume that answers as a test says.
class FakeSigner final : public v1::Signer::Service, public v1::Info::Service {
 public:
  using BatchWriter = grpc::ServerWriter<v1::SignBatchResponse>;
  using Stream = grpc::ServerReaderWriter<v1::SignStreamResponse, v1::SignStreamRequest>;

  FakeSigner() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(static_cast<v1::Signer::Service*>(this));
    builder.RegisterService(static_cast<v1::Info::Service*>(this));
    server_ = builder.BuildAndStart();
    endpoint_ = {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(port)};
    limits.set_max_batch(1000);
    limits.set_max_message_bytes(1 << 20);
    limits.set_max_stream_in_flight(1000);
  }
  // Calls that hang see that they are cancelled.
  ~FakeSigner() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const net::Endpoint& endpoint() const { return endpoint_; }

  // To be set before any call is made. Called on gRPC's threads.
  std::function<grpc::Status(const v1::SignRequest&, v1::SignResponse&)> on_sign;
  std::function<grpc::Status(grpc::ServerContext&, const v1::SignBatchRequest&, BatchWriter&)>
      on_batch;
  std::function<grpc::Status(grpc::ServerContext&, Stream&)> on_stream;
  v1::Limits limits;

 private:
  grpc::Status Sign(grpc::ServerContext* /*context*/, const v1::SignRequest* request,
                    v1::SignResponse* response) override {
    if (!on_sign) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no single hashes");
    return on_sign(*request, *response);
  }
  grpc::Status SignBatch(grpc::ServerContext* context, const v1::SignBatchRequest* request,
                         BatchWriter* writer) override {
    if (!on_batch) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no batches");
    return on_batch(*context, *request, *writer);
  }
  grpc::Status SignStream(grpc::ServerContext* context, Stream* stream) override {
    if (!on_stream) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no streams");
    return on_stream(*context, *stream);
  }
  grpc::Status GetServerInfo(grpc::ServerContext* /*context*/,
                             const v1::GetServerInfoRequest* /*request*/,
                             v1::GetServerInfoResponse* response) override {
    *response->mutable_limits() = limits;
    return grpc::Status::OK;
  }

  net::Endpoint endpoint_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace pitser::testing
