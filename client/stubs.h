#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "client/client.h"
#include "pitser/v1/pitser.grpc.pb.h"

// For this library's sources only: it brings gRPC along.
namespace pitser::client {

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : signer(pitser::v1::Signer::NewStub(channel)),
        extender(pitser::v1::Extender::NewStub(channel)),
        publications(pitser::v1::Publications::NewStub(channel)),
        info(pitser::v1::Info::NewStub(channel)) {}

  const std::unique_ptr<pitser::v1::Signer::Stub> signer;
  const std::unique_ptr<pitser::v1::Extender::Stub> extender;
  const std::unique_ptr<pitser::v1::Publications::Stub> publications;
  const std::unique_ptr<pitser::v1::Info::Stub> info;
};

}  // namespace pitser::client
