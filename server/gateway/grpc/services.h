#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/worker_pool.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "server/gateway/grpc/budget.h"
#include "server/gateway/grpc/call_watch.h"
#include "server/gateway/grpc/gateway.h"
#include "server/gateway/grpc/stall_watch.h"

namespace pitser::server::internal {

// What every service needs. Outlives them.
struct ServiceContext {
  ServiceContext(GrpcGatewayOptions the_options, GrpcGatewayParts the_parts)
      : options(std::move(the_options)),
        parts(std::move(the_parts)),
        reads(options.read_threads, options.limits.max_queued_reads),
        signing(SigningThreads(), kMaxQueuedSteps),
        batch_digests(options.limits.max_batch_digests),
        watch(parts.clock, absl::Milliseconds(options.limits.stream_stall_ms)),
        calendar_streams(options.limits.max_calendar_streams),
        publication_streams(options.limits.max_publication_streams),
        stalls(*parts.clock, absl::Milliseconds(options.limits.stream_stall_ms)),
        stream_reads(kStreamThreads, options.limits.max_calendar_streams +
                                         options.limits.max_publication_streams) {}

  // To be told how each read of the calendar ended.
  void NoteRead(const absl::Status& status);

  // So that ranges hold up no single read, and take one core at most from who signs.
  static constexpr std::size_t kStreamThreads = 1;

  // Trees and messages are made as fast as processors allow.
  static std::size_t SigningThreads() {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 16);
  }
  // Each stands for a call that has something to do, once. Beyond it, whoever brings more does it:
  // that may be the round's thread, so there is room for all the calls of a round.
  static constexpr std::size_t kMaxQueuedSteps = std::size_t{1} << 16;

  const GrpcGatewayOptions options;
  const GrpcGatewayParts parts;
  std::atomic<bool> saw_damage = false;          // By a read, since the start.
  base::WorkerPool reads;                        // For what reads the calendar.
  base::WorkerPool signing;                      // For the steps of streams and batches.
  Budget batch_digests;                          // `max_batch_digests`.
  CallWatch watch;                               // Over streams and batches.
  Budget calendar_streams, publication_streams;  // `max_calendar_streams` and so on.
  StallWatch stalls;                             // Over those that read.
  // For what fills the messages of those. Never full: each has one piece of work here at most.
  base::WorkerPool stream_reads;
};

// SignStream's and SignBatch's messages are many small parts: they are read and written by hand.
using SignerServiceBase =
    v1::Signer::WithCallbackMethod_Sign<v1::Signer::WithRawCallbackMethod_SignStream<
        v1::Signer::WithRawCallbackMethod_SignBatch<v1::Signer::Service>>>;

class SignerService final : public SignerServiceBase {
 public:
  explicit SignerService(ServiceContext* shared) : shared_(shared) {}

  grpc::ServerUnaryReactor* Sign(grpc::CallbackServerContext* context,
                                 const v1::SignRequest* request,
                                 v1::SignResponse* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SignStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* SignBatch(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;

 private:
  ServiceContext* const shared_;
};

class ExtenderService final : public v1::Extender::CallbackService {
 public:
  explicit ExtenderService(ServiceContext* shared) : shared_(shared) {}

  grpc::ServerUnaryReactor* Extend(grpc::CallbackServerContext* context,
                                   const v1::ExtendRequest* request,
                                   v1::ExtendResponse* response) override;
  grpc::ServerUnaryReactor* ExtendSignature(grpc::CallbackServerContext* context,
                                            const v1::ExtendSignatureRequest* request,
                                            v1::ExtendSignatureResponse* response) override;

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
  v1::GetServerInfoResponse info_;  // But for what is of the moment; never changed once made.
};

}  // namespace pitser::server::internal
