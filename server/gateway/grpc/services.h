#pragma once

#include <utility>

#include "pitser/v1/pitser.grpc.pb.h"
#include "server/gateway/grpc/gateway.h"
#include "server/gateway/grpc/worker_pool.h"

namespace pitser::server::internal {

// What every service needs. Outlives them.
struct ServiceContext {
  ServiceContext(GrpcGatewayOptions the_options, GrpcGatewayParts the_parts)
      : options(std::move(the_options)),
        parts(std::move(the_parts)),
        reads(kReadThreads, options.limits.max_queued_reads) {}

  // Two threads read as fast as a disk answers; the calendar's hot nodes are in memory anyway.
  static constexpr std::size_t kReadThreads = 2;

  const GrpcGatewayOptions options;
  const GrpcGatewayParts parts;
  WorkerPool reads;  // For what reads the calendar.
};

class SignerService final : public v1::Signer::CallbackService {
 public:
  explicit SignerService(ServiceContext* shared) : shared_(shared) {}

  grpc::ServerUnaryReactor* Sign(grpc::CallbackServerContext* context,
                                 const v1::SignRequest* request,
                                 v1::SignResponse* response) override;
  grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>* SignStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<v1::SignBatchResponse>* SignBatch(
      grpc::CallbackServerContext* context, const v1::SignBatchRequest* request) override;

 private:
  ServiceContext* const shared_;
};

class ExtenderService final : public v1::Extender::CallbackService {
 public:
  explicit ExtenderService(ServiceContext* shared) : shared_(shared) {}

  grpc::ServerUnaryReactor* Extend(grpc::CallbackServerContext* context,
                                   const v1::ExtendRequest* request,
                                   v1::ExtendResponse* response) override;

 private:
  ServiceContext* const shared_;
};

class PublicationsService final : public v1::Publications::CallbackService {
 public:
  explicit PublicationsService(ServiceContext* shared) : shared_(shared) {}

  grpc::ServerWriteReactor<v1::GetPublicationsFileResponse>* GetPublicationsFile(
      grpc::CallbackServerContext* context, const v1::GetPublicationsFileRequest* request) override;
  grpc::ServerWriteReactor<v1::ListPublicationsResponse>* ListPublications(
      grpc::CallbackServerContext* context, const v1::ListPublicationsRequest* request) override;

 private:
  ServiceContext* const shared_;
};

class CalendarService final : public v1::Calendar::CallbackService {
 public:
  explicit CalendarService(ServiceContext* shared) : shared_(shared) {}

  grpc::ServerUnaryReactor* GetCalendarHead(grpc::CallbackServerContext* context,
                                            const v1::GetCalendarHeadRequest* request,
                                            v1::GetCalendarHeadResponse* response) override;
  grpc::ServerWriteReactor<v1::StreamCalendarLeavesResponse>* StreamCalendarLeaves(
      grpc::CallbackServerContext* context,
      const v1::StreamCalendarLeavesRequest* request) override;

 private:
  ServiceContext* const shared_;
};

class InfoService final : public v1::Info::CallbackService {
 public:
  explicit InfoService(ServiceContext* shared);

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override;
  grpc::ServerUnaryReactor* GetTrust(grpc::CallbackServerContext* context,
                                     const v1::GetTrustRequest* request,
                                     v1::GetTrustResponse* response) override;

 private:
  ServiceContext* const shared_;
  v1::GetServerInfoResponse info_;  // All but the time; never changed once made.
};

}  // namespace pitser::server::internal
