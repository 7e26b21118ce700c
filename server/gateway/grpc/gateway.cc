#include "server/gateway/grpc/gateway.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "server/gateway/grpc/services.h"
#include "server/gateway/grpc/transport_limits.h"

namespace pitser::server {
namespace {

// gRPC would only say that it cannot listen.
absl::Status CheckTls(const GrpcTls& tls) {
  const auto certificates = ledger::Certificate::AllFromPem(tls.certificate_pem);
  if (!certificates.ok()) return ledger::Annotate(certificates.status(), "tls_cert");
  const auto key = ledger::PrivateKey::FromPem(tls.key_pem);
  if (!key.ok()) return ledger::Annotate(key.status(), "tls_key");
  if (!key->Matches(certificates->front())) {
    return absl::InvalidArgumentError(
        "tls_key is not the key of the first certificate in tls_cert");
  }
  if (tls.client_ca_pem.empty()) return absl::OkStatus();
  return ledger::Annotate(ledger::Certificate::AllFromPem(tls.client_ca_pem).status(),
                          "tls_client_ca");
}

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const GrpcGatewayOptions& options) {
  if (!options.tls.has_value()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions ssl(
      options.tls->client_ca_pem.empty()
          ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = options.tls->client_ca_pem;
  ssl.pem_key_cert_pairs.push_back({options.tls->key_pem, options.tls->certificate_pem});
  return grpc::SslServerCredentials(ssl);
}

class GrpcGatewayImpl final : public GrpcGateway {
 public:
  GrpcGatewayImpl(GrpcGatewayOptions options, GrpcGatewayParts parts)
      : shared_(std::move(options), std::move(parts)),
        signer_(&shared_),
        extender_(&shared_),
        publications_(&shared_),
        calendar_(&shared_),
        info_(&shared_) {}

  ~GrpcGatewayImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Listen() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    SetTransportLimits(builder, shared_.options.limits);
    int port = 0;
    builder.AddListeningPort(shared_.options.listen.ToString(), MakeCredentials(shared_.options),
                             &port);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &signer_, &extender_, &publications_, &calendar_, &info_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen on ", shared_.options.listen.ToString(),
          ": the port is taken by another program, or the address is not this machine's"));
    }
    endpoint_ = {shared_.options.listen.host, static_cast<std::uint16_t>(port)};
    for (std::string_view service : {std::string_view(), kSignerService, kExtenderService,
                                     kPublicationsService, kCalendarService, kInfoService}) {
      SetServing(service, false);
    }
    return absl::OkStatus();
  }

  const net::Endpoint& endpoint() const override { return endpoint_; }

  void SetServing(std::string_view service, bool serving) override {
    server_->GetHealthCheckService()->SetServingStatus(std::string(service), serving);
  }

  bool SawDamage() const override { return shared_.saw_damage; }

  void StopServing() override { server_->GetHealthCheckService()->Shutdown(); }

  void Shutdown(absl::Duration timeout) override {
    if (server_ == nullptr) return;
    shared_.parts.head_watch->Stop();
    // These wait for what was taken: reads of the calendar, with the limits of
    // Core::AdvanceHead() or the parent's timeout each.
    shared_.stream_reads.Stop();
    shared_.watch.EndWhenAnswered();
    // Cancels what goes on at `timeout`, and then waits for the calls' reactions, which wait for
    // nothing themselves.
    server_->Shutdown(absl::ToChronoTime(absl::Now() + timeout));
    server_->Wait();
    // Only now: what still waits to be read was answered until the timeout, and cancelled then.
    shared_.reads.Stop();
    server_.reset();
  }

 private:
  internal::ServiceContext shared_;
  internal::SignerService signer_;
  internal::ExtenderService extender_;
  internal::PublicationsService publications_;
  internal::CalendarService calendar_;
  internal::InfoService info_;
  std::unique_ptr<grpc::Server> server_;
  net::Endpoint endpoint_;
};

}  // namespace

absl::Status CheckListener(const GrpcGatewayOptions& options) {
  if (options.tls.has_value()) return CheckTls(*options.tls);
  if (options.listen.IsLoopback() || options.insecure_listen) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("refusing to serve plain text on ", options.listen.ToString(),
                   ", which others can reach: give tls_cert and tls_key, or insecure_listen"));
}

absl::StatusOr<std::unique_ptr<GrpcGateway>> GrpcGateway::Start(GrpcGatewayOptions options,
                                                                GrpcGatewayParts parts) {
  PITSER_RETURN_IF_ERROR(CheckListener(options));
  auto gateway = std::make_unique<GrpcGatewayImpl>(std::move(options), std::move(parts));
  if (const absl::Status status = gateway->Listen(); !status.ok()) return status;
  return gateway;
}

}  // namespace pitser::server
