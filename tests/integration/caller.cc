#include "tests/integration/caller.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <vector>

#include "ledger/base/status.h"
#include "ledger/verify/verifier.h"
#include "net/channel.h"
#include "net/grpc_status.h"

namespace pitser::testing {
namespace {

void SetDeadline(grpc::ClientContext& context, std::chrono::milliseconds timeout) {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
}

constexpr std::chrono::seconds kTimeout{60};

}  // namespace

Caller::Caller(const std::string& endpoint,
               const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : channel_([&] {
        net::KeepGrpcInitialized();
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        return grpc::CreateCustomChannel(endpoint, credentials, arguments);
      }()) {}

Caller::SignResult Caller::Sign(const ledger::Imprint& hash, std::uint32_t level,
                                std::chrono::milliseconds timeout) const {
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  v1::SignRequest request;
  request.set_imprint(ledger::ToString(hash.bytes()));
  request.set_level(level);
  SignResult result;
  result.status = v1::Signer::NewStub(channel_)->Sign(&context, request, &result.response);
  const auto& metadata = context.GetServerTrailingMetadata();
  if (const auto it = metadata.find("pitser-limit"); it != metadata.end()) {
    result.limit.assign(it->second.data(), it->second.size());
  }
  return result;
}

absl::StatusOr<ledger::PublicationsFile> Caller::PublicationsFile() const {
  grpc::ClientContext context;
  SetDeadline(context, kTimeout);
  const auto reader = v1::Publications::NewStub(channel_)->GetPublicationsFile(&context, {});
  std::string file;
  for (v1::GetPublicationsFileResponse piece; reader->Read(&piece);) file += piece.data();
  PITSER_RETURN_IF_ERROR(net::FromGrpcStatus(reader->Finish()));
  return ledger::PublicationsFile::Parse(ledger::ToVector(ledger::AsBytes(file)));
}

absl::StatusOr<ledger::PublicationsFile> Caller::VerifiedPublicationsFile(
    std::uint64_t at_time) const {
  grpc::ClientContext context;
  SetDeadline(context, kTimeout);
  v1::GetTrustResponse trust;
  PITSER_RETURN_IF_ERROR(
      net::FromGrpcStatus(v1::Info::NewStub(channel_)->GetTrust(&context, {}, &trust)));
  std::vector<ledger::Certificate> roots;
  for (const std::string& der : trust.root_certificates()) {
    PITSER_ASSIGN_OR_RETURN(ledger::Certificate root,
                            ledger::Certificate::FromDer(ledger::AsBytes(der)));
    roots.push_back(std::move(root));
  }
  std::vector<ledger::SubjectConstraint> constraints;
  for (const auto& constraint : trust.constraints()) {
    constraints.push_back({constraint.oid(), constraint.value()});
  }
  PITSER_ASSIGN_OR_RETURN(ledger::PublicationsFile file, PublicationsFile());
  PITSER_RETURN_IF_ERROR(ledger::VerifyPublicationsFile(file, roots, constraints, at_time));
  return file;
}

absl::StatusOr<v1::ExtendResponse> Caller::Extend(std::uint64_t from,
                                                  std::optional<std::uint64_t> to) const {
  grpc::ClientContext context;
  SetDeadline(context, kTimeout);
  v1::ExtendRequest request;
  request.set_aggregation_time(from);
  if (to.has_value()) request.set_publication_time(*to);
  v1::ExtendResponse response;
  PITSER_RETURN_IF_ERROR(
      net::FromGrpcStatus(v1::Extender::NewStub(channel_)->Extend(&context, request, &response)));
  return response;
}

absl::StatusOr<v1::ExtendSignatureResponse> Caller::ExtendSignature(
    ledger::Bytes signature, std::optional<std::uint64_t> to) const {
  grpc::ClientContext context;
  SetDeadline(context, kTimeout);
  v1::ExtendSignatureRequest request;
  request.set_signature(signature.data(), signature.size());
  if (to.has_value()) request.set_publication_time(*to);
  v1::ExtendSignatureResponse response;
  PITSER_RETURN_IF_ERROR(net::FromGrpcStatus(
      v1::Extender::NewStub(channel_)->ExtendSignature(&context, request, &response)));
  return response;
}

absl::StatusOr<v1::GetCalendarHeadResponse> Caller::Head() const {
  grpc::ClientContext context;
  SetDeadline(context, kTimeout);
  v1::GetCalendarHeadResponse response;
  PITSER_RETURN_IF_ERROR(net::FromGrpcStatus(
      v1::Calendar::NewStub(channel_)->GetCalendarHead(&context, {}, &response)));
  return response;
}

// By hand: field 1 of the request is the service, field 1 of the answer the status.
int Caller::Health(std::string_view service) const {
  std::string request;
  if (!service.empty()) {
    request = std::string("\x0a") + static_cast<char>(service.size()) + std::string(service);
  }
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context, kTimeout);
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check",
                                          grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return -static_cast<int>(status.error_code());
  std::vector<grpc::Slice> slices;
  if (!answer.Dump(&slices).ok() || slices.size() != 1 || slices[0].size() != 2) return 0;
  return slices[0].begin()[1];
}

absl::StatusOr<ledger::Signature> ParseAndVerify(const std::string& signature,
                                                 const ledger::Imprint& hash, ledger::Level level,
                                                 const ledger::PublicationsFile& publications) {
  PITSER_ASSIGN_OR_RETURN(ledger::Signature parsed,
                          ledger::Signature::Parse(ledger::ToVector(ledger::AsBytes(signature))));
  ledger::VerificationContext context{parsed, hash, level, {}, &publications, {}};
  PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult result,
                          ledger::Verify(ledger::Policy::kKeyBased, context));
  if (result.outcome != ledger::Outcome::kOk) {
    return absl::FailedPreconditionError(ledger::ToAbsl(ledger::ErrorCodeName(result.code)));
  }
  return parsed;
}

}  // namespace pitser::testing
