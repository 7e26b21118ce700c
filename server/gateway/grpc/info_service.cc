#include <algorithm>
#include <cstdint>
#include <string>

#include "ledger/crypto/hash_algorithm.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/services.h"

namespace pitser::server::internal {

InfoService::InfoService(ServiceContext* shared) : shared_(shared) {
  info_.set_version(shared->options.version);
  info_.set_round_length_ms(
      static_cast<std::uint32_t>(absl::ToInt64Milliseconds(shared->options.round_length)));
  for (const ledger::HashAlgorithm id : ledger::AllHashAlgorithms()) {
    v1::Algorithm& algorithm = *info_.add_algorithms();
    algorithm.set_id(static_cast<std::uint32_t>(id));
    algorithm.set_name(std::string(ledger::HashAlgorithmName(id)));
    algorithm.set_digest_size(static_cast<std::uint32_t>(ledger::DigestSize(id)));
    algorithm.set_may_be_signed(ledger::AlgorithmPolicy::Default().Trusted(id));
  }
  const GrpcLimits& limits = shared->options.limits;
  v1::Limits& told = *info_.mutable_limits();
  told.set_max_pending(limits.max_pending);
  told.set_max_level(limits.max_level);
  told.set_max_message_bytes(limits.max_message_bytes);
  told.set_max_streams_per_connection(limits.max_streams_per_connection);
  told.set_max_batch(limits.max_batch);
  told.set_max_stream_in_flight(limits.max_stream_in_flight);
  told.set_max_stream_unsent_bytes(limits.max_stream_unsent_bytes);
  told.set_stream_stall_ms(limits.stream_stall_ms);
  told.set_max_queued_reads(limits.max_queued_reads);
  told.set_max_batch_digests(limits.max_batch_digests);
  told.set_max_calendar_streams(limits.max_calendar_streams);
  told.set_max_publication_streams(limits.max_publication_streams);
  if (const auto& trust = shared->parts.trust) {
    info_.set_root_fingerprint(ledger::ToString(trust->root.Fingerprint()));
  }
}

grpc::ServerUnaryReactor* InfoService::GetServerInfo(grpc::CallbackServerContext* context,
                                                     const v1::GetServerInfoRequest*,
                                                     v1::GetServerInfoResponse* response) {
  *response = info_;
  // A parent may come to take less.
  const ledger::Level max_level = shared_->parts.aggregator->max_level();
  v1::Limits& limits = *response->mutable_limits();
  limits.set_max_level(std::min<std::uint32_t>(limits.max_level(), max_level));
  // A batch becomes a tree, whose root is one of the round's leaves.
  if (max_level < 32) {
    limits.set_max_batch(static_cast<std::uint32_t>(
        std::min<std::uint64_t>(limits.max_batch(), std::uint64_t{1} << max_level)));
  }
  response->set_time_ms(
      static_cast<std::uint64_t>(absl::ToUnixMillis(shared_->parts.clock->Now())));
  return FinishedUnary(*context, absl::OkStatus());
}

grpc::ServerUnaryReactor* InfoService::GetTrust(grpc::CallbackServerContext* context,
                                                const v1::GetTrustRequest*,
                                                v1::GetTrustResponse* response) {
  const auto& trust = shared_->parts.trust;
  if (!trust) return FinishedUnary(*context, IsTheParents("the trust"));
  response->add_root_certificates(ledger::ToString(trust->root.der()));
  v1::SubjectConstraint& constraint = *response->add_constraints();
  constraint.set_oid(trust->constraint.oid);
  constraint.set_value(trust->constraint.value);
  return FinishedUnary(*context, absl::OkStatus());
}

}  // namespace pitser::server::internal
