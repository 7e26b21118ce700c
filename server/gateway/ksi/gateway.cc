#include "server/gateway/ksi/gateway.h"

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "server/gateway/ksi/extend_service.h"
#include "server/gateway/ksi/listener.h"
#include "server/gateway/ksi/session.h"
#include "server/gateway/ksi/sign_service.h"
#include "server/gateway/ksi/sockets.h"

namespace pitser::server {
namespace {

using internal::error_code;
using internal::asio::ssl::context;

// As many as sign; a connection takes no thread.
std::size_t NetworkThreads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
}

// What was recorded stays secret when the server's key becomes known; with authenticated
// encryption.
constexpr char kForwardSecrecy[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// What a connection may take to be closed once it was told to.
constexpr absl::Duration kAbortTimeout = absl::Seconds(5);

absl::Status UseTls(context& tls, const KsiTls& files) {
  error_code error;
  tls.set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3 |
                      context::no_tlsv1 | context::no_tlsv1_1 | context::no_compression |
                      SSL_OP_NO_RENEGOTIATION,
                  error);
  // Of TLS 1.2; what 1.3 has is all like it.
  if (SSL_CTX_set_cipher_list(tls.native_handle(), kForwardSecrecy) != 1) {
    return absl::InternalError("the TLS library has no suite with forward secrecy");
  }
  tls.use_certificate_chain({files.certificate_pem.data(), files.certificate_pem.size()}, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("tls_cert: ", error.message()));
  tls.use_private_key({files.key_pem.data(), files.key_pem.size()}, context::pem, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("tls_key: ", error.message()));
  return absl::OkStatus();
}

class KsiGatewayImpl final : public KsiGateway {
 public:
  KsiGatewayImpl(KsiGatewayOptions options, const KsiGatewayParts& parts)
      : options_(std::move(options)),
        parts_(parts),
        sign_(NewKsiSignService({options_.round_seconds, options_.parents}, parts.accounts,
                                parts.aggregator, parts.clock)),
        extend_(
            NewKsiExtendService({options_.limits.read_threads, options_.limits.max_queued_reads},
                                parts.accounts, parts.extender, parts.clock)),
        sessions_(options_.limits.max_connections, options_.limits.max_connections_per_address),
        tls_(context::tls_server) {}

  ~KsiGatewayImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Listen() {
    if (options_.tls) PITSER_RETURN_IF_ERROR(UseTls(tls_, *options_.tls));
    PITSER_RETURN_IF_ERROR(Open(options_.sign_listen, *sign_, sign_endpoint_));
    PITSER_RETURN_IF_ERROR(Open(options_.extend_listen, *extend_, extend_endpoint_));
    for (std::size_t i = 0; i < NetworkThreads(); ++i) {
      threads_.emplace_back([this] { io_.run(); });
    }
    return absl::OkStatus();
  }

  const std::optional<net::Endpoint>& sign_endpoint() const override { return sign_endpoint_; }
  const std::optional<net::Endpoint>& extend_endpoint() const override { return extend_endpoint_; }
  std::size_t connections() const override { return sessions_.size(); }
  bool SawDamage() const override { return extend_->SawDamage(); }

  void Shutdown(absl::Duration timeout) override {
    if (stopped_) return;
    stopped_ = true;
    for (const auto& listener : listeners_) listener->Close();
    sessions_.Finish();
    const bool answered = sessions_.AwaitEmpty(timeout);
    extend_->Stop();
    if (!answered) {
      sessions_.Abort();
      sessions_.AwaitEmpty(kAbortTimeout);
    }
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  absl::Status Open(const std::optional<net::Endpoint>& listen, KsiService& service,
                    std::optional<net::Endpoint>& endpoint) {
    if (!listen) return absl::OkStatus();
    PITSER_ASSIGN_OR_RETURN(
        auto listener, internal::Listener::Start(
                           io_, *listen, {&service, &options_, parts_.publications, &sessions_},
                           options_.tls ? &tls_ : nullptr));
    endpoint = listener->endpoint();
    listeners_.push_back(std::move(listener));
    return absl::OkStatus();
  }

  const KsiGatewayOptions options_;
  const KsiGatewayParts parts_;
  const std::unique_ptr<KsiService> sign_;
  const std::unique_ptr<KsiExtendService> extend_;
  internal::SessionSet sessions_;
  context tls_;
  // Ends before all that connections use: what it still holds of them goes with it.
  internal::asio::io_context io_;
  internal::asio::executor_work_guard<internal::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::vector<std::shared_ptr<internal::Listener>> listeners_;
  std::optional<net::Endpoint> sign_endpoint_, extend_endpoint_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<KsiGateway>> KsiGateway::Start(KsiGatewayOptions options,
                                                              const KsiGatewayParts& parts) {
  auto gateway = std::make_unique<KsiGatewayImpl>(std::move(options), parts);
  if (const absl::Status status = gateway->Listen(); !status.ok()) return status;
  return gateway;
}

}  // namespace pitser::server
