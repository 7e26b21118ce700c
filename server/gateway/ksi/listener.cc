#include "server/gateway/ksi/listener.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "server/gateway/ksi/http_session.h"
#include "server/gateway/ksi/tcp_session.h"

namespace pitser::server::internal {
namespace {

// When the system has no more descriptors: then others must end first.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// Empty: it is gone already.
std::string ShareOfPeer(const Socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? std::string() : ShareOf(peer.address());
}

std::string AddressOf(const Socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "?";
  return net::Endpoint{peer.address().to_string(), peer.port()}.ToString();
}

// A connection of which nothing is known yet. It waits for the first byte and hands the connection
// on.
class Unknown final : public Session, public std::enable_shared_from_this<Unknown> {
 public:
  Unknown(const SessionContext& context, Socket socket, asio::ssl::context* tls)
      : context_(context), tls_(tls), socket_(std::move(socket)), timer_(socket_.get_executor()) {}
  ~Unknown() override { context_.sessions->Remove(this); }

  void Start() {
    timer_.expires_after(
        absl::ToChronoMilliseconds(context_.options->limits.first_request_timeout));
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->Close();
    });
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
      self->timer_.cancel();
      if (!error) self->HandOn();
    });
  }

  void Finish() override { Abort(); }
  void Abort() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->Close(); });
  }

 private:
  void Close() {
    error_code ignored;
    socket_.close(ignored);
  }

  void HandOn() {
    std::uint8_t first = 0;
    error_code error;
    const std::size_t size = socket_.receive(asio::buffer(&first, 1), Socket::message_peek, error);
    if (error || size == 0) return Close();
    std::string address = AddressOf(socket_);
    SessionContext context = context_;
    context.share = ShareOfPeer(socket_);
    // From here on the connection counts for what it became.
    context_.sessions->Remove(this);
    if (first >= 'A' && first <= 'Z') {
      StartHttpSession(context, std::move(socket_), std::move(address));
    } else if (first == 0x16 && tls_ != nullptr) {
      StartHttpsSession(context, std::move(socket_), std::move(address), *tls_);
    } else {
      StartTcpSession(context, std::move(socket_), std::move(address));
    }
  }

  const SessionContext context_;
  asio::ssl::context* const tls_;
  Socket socket_;
  Timer timer_;
};

class ListenerImpl final : public Listener, public std::enable_shared_from_this<ListenerImpl> {
 public:
  ListenerImpl(asio::io_context& io, const SessionContext& context, asio::ssl::context* tls)
      : io_(io),
        context_(context),
        tls_(tls),
        acceptor_(asio::make_strand(io)),
        pause_(acceptor_.get_executor()) {}

  absl::Status Listen(const net::Endpoint& listen) {
    tcp::resolver resolver(io_);
    error_code error;
    const auto found =
        resolver.resolve(listen.host, std::to_string(listen.port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (!error && found.empty()) error = asio::error::host_not_found;
    if (!error) error = Bind(found.begin()->endpoint());
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", listen.ToString(), ": ", error.message()));
    }
    endpoint_ = {listen.host, acceptor_.local_endpoint(error).port()};
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->Accept(); });
    return absl::OkStatus();
  }

  const net::Endpoint& endpoint() const override { return endpoint_; }

  void Close() override {
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      error_code ignored;
      self->pause_.cancel();
      self->acceptor_.close(ignored);
    });
  }

 private:
  error_code Bind(const tcp::endpoint& address) {
    error_code error;
    acceptor_.open(address.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(address, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    return error;
  }

  void Accept() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_accept(asio::make_strand(io_), [self = shared_from_this()](error_code error,
                                                                               Socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return self->Pause(error);
      const std::string share = ShareOfPeer(socket);
      const auto unknown = std::make_shared<Unknown>(self->context_, std::move(socket), self->tls_);
      if (self->context_.sessions->Add(unknown, share)) unknown->Start();
      self->Accept();
    });
  }

  void Pause(error_code error) {
    base::LogWarning("ksi_accept_failed", {{"reason", error.message()}});
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->Accept();
    });
  }

  asio::io_context& io_;
  const SessionContext context_;
  asio::ssl::context* const tls_;
  asio::basic_socket_acceptor<tcp, Strand> acceptor_;
  Timer pause_;
  net::Endpoint endpoint_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Listener>> Listener::Start(asio::io_context& io,
                                                          const net::Endpoint& listen,
                                                          const SessionContext& context,
                                                          asio::ssl::context* tls) {
  auto listener = std::make_shared<ListenerImpl>(io, context, tls);
  if (const absl::Status status = listener->Listen(listen); !status.ok()) return status;
  return listener;
}

}  // namespace pitser::server::internal
