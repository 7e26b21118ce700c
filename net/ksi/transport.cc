#include "net/ksi/transport.h"

#include <array>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <functional>
#include <optional>
#include <utility>  // Boost.Asio 1.74 uses std::exchange and does not include it.

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "ledger/service/pdu.h"

namespace pitser::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using ledger::Bytes;
using ledger::ByteVector;
using Deadline = KsiTransport::Deadline;
using Scheme = KsiAddress::Scheme;

// Beyond what one connection of Pitser's takes at once, with room for smaller ones of others.
constexpr std::size_t kTcpInFlight = 1024;

absl::Status ErrorOf(error_code error) {
  if (error == asio::error::timed_out || error == beast::error::timeout) {
    return absl::DeadlineExceededError("no answer in time");
  }
  if (error == asio::error::eof || error == http::error::end_of_stream ||
      error == asio::ssl::error::stream_truncated) {
    return absl::UnavailableError("the connection was closed");
  }
  return absl::UnavailableError(error.message());
}

// Runs asynchronous operations one after the other, each until it ends or a time has come: then it
// is cancelled by `close`.
class Runner {
 public:
  asio::io_context& io() { return io_; }

  // `start` begins an operation that ends by calling the function it is given.
  template <typename Start, typename Close>
  error_code Run(Deadline deadline, Start start, Close close) {
    std::optional<error_code> result;
    io_.restart();
    start([&result](error_code error) { result = error; });
    io_.run_until(deadline);
    if (result) return *result;
    close();
    io_.restart();
    io_.run();
    return asio::error::timed_out;
  }

 private:
  asio::io_context io_;
};

error_code ConnectSocket(Runner& runner, tcp::socket& socket, const Endpoint& endpoint,
                         Deadline deadline) {
  tcp::resolver resolver(runner.io());
  tcp::resolver::results_type found;
  error_code error = runner.Run(
      deadline,
      [&](auto done) {
        resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                               [&found, done](error_code failed, tcp::resolver::results_type all) {
                                 found = std::move(all);
                                 done(failed);
                               });
      },
      [&] { resolver.cancel(); });
  if (error) return error;
  error = runner.Run(
      deadline,
      [&](auto done) {
        asio::async_connect(socket, found,
                            [done](error_code failed, const tcp::endpoint&) { done(failed); });
      },
      [&] {
        error_code ignored;
        socket.close(ignored);
      });
  if (!error) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
  }
  return error;
}

class TcpTransport final : public KsiTransport {
 public:
  explicit TcpTransport(KsiAddress address) : address_(std::move(address)), socket_(runner_.io()) {}

  absl::Status Connect(Deadline deadline) {
    return Status(ConnectSocket(runner_, socket_, address_.endpoint, deadline));
  }

  std::size_t max_in_flight() const override { return kTcpInFlight; }
  bool reusable() const override { return socket_.is_open(); }

  absl::Status Send(Bytes pdu, Deadline deadline) override {
    return Status(runner_.Run(
        deadline,
        [&](auto done) {
          asio::async_write(socket_, asio::buffer(pdu.data(), pdu.size()),
                            [done](error_code failed, std::size_t) { done(failed); });
        },
        [this] { Close(); }));
  }

  absl::StatusOr<ByteVector> Receive(Deadline deadline) override {
    ByteVector pdu(ledger::service::kPduHeaderSize);
    PITSER_RETURN_IF_ERROR(Read(pdu, 0, deadline));
    const auto size = ledger::service::PduSize(pdu);
    if (!size) {
      Close();
      return absl::InvalidArgumentError("the answer is no PDU");
    }
    pdu.resize(*size);
    PITSER_RETURN_IF_ERROR(Read(pdu, ledger::service::kPduHeaderSize, deadline));
    return pdu;
  }

 private:
  // What comes often comes together: read ahead.
  absl::Status Read(ByteVector& into, std::size_t from, Deadline deadline) {
    while (from < into.size()) {
      if (begin_ == end_) PITSER_RETURN_IF_ERROR(Fill(deadline));
      const std::size_t size = std::min(end_ - begin_, into.size() - from);
      std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), size,
                  into.begin() + static_cast<std::ptrdiff_t>(from));
      begin_ += size;
      from += size;
    }
    return absl::OkStatus();
  }

  absl::Status Fill(Deadline deadline) {
    begin_ = end_ = 0;
    return Status(runner_.Run(
        deadline,
        [&](auto done) {
          socket_.async_read_some(asio::buffer(buffer_),
                                  [this, done](error_code failed, std::size_t size) {
                                    end_ = size;
                                    done(failed);
                                  });
        },
        [this] { Close(); }));
  }

  absl::Status Status(error_code error) {
    if (!error) return absl::OkStatus();
    Close();
    return ErrorOf(error);
  }
  void Close() {
    error_code ignored;
    socket_.close(ignored);
  }

  const KsiAddress address_;
  Runner runner_;
  tcp::socket socket_;
  std::array<std::uint8_t, 64 << 10> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // Of what was read and not taken.
};

using HttpBody = http::vector_body<std::uint8_t>;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

absl::StatusOr<std::unique_ptr<ssl::context>> ClientTls(const std::string& ca_pem) {
  auto tls = std::make_unique<ssl::context>(ssl::context::tls_client);
  error_code error;
  tls->set_options(ssl::context::default_workarounds | ssl::context::no_sslv3 |
                       ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                   error);
  tls->set_verify_mode(ssl::verify_peer, error);
  if (ca_pem.empty()) {
    tls->set_default_verify_paths(error);
  } else {
    tls->add_certificate_authority(asio::buffer(ca_pem), error);
  }
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("the authorities for HTTPS: ", error.message()));
  }
  return tls;
}

// One HTTP connection. The answers' bodies are given as they are, with their status.
class HttpConnection {
 public:
  explicit HttpConnection(const KsiTransportOptions& options) : options_(options) {}

  absl::Status Connect(Deadline deadline) {
    tcp::socket socket(runner_.io());
    const KsiAddress& address = options_.address;
    if (const error_code error = ConnectSocket(runner_, socket, address.endpoint, deadline)) {
      return ErrorOf(error);
    }
    if (address.scheme != Scheme::kHttps) {
      plain_.emplace(std::move(socket));
      return absl::OkStatus();
    }
    PITSER_ASSIGN_OR_RETURN(tls_context_, ClientTls(options_.ca_pem));
    tls_.emplace(std::move(socket), *tls_context_);
    return ShakeHands(deadline);
  }

  absl::Status Send(http::verb verb, const std::string& path, Bytes body, Deadline deadline) {
    http::request<HttpBody> request(verb, path, 11);
    request.set(http::field::host, options_.address.endpoint.ToString());
    request.set(http::field::user_agent, "pitser");
    if (verb == http::verb::post) {
      request.set(http::field::content_type, "application/ksi-request");
      request.body() = ledger::ToVector(body);
      request.prepare_payload();
    }
    return Status(Run(deadline, [&](auto& stream, auto done) {
      http::async_write(stream, request, [done](error_code failed, std::size_t) { done(failed); });
    }));
  }

  absl::StatusOr<http::response<HttpBody>> Receive(std::size_t max_size, Deadline deadline) {
    http::response_parser<HttpBody> parser;
    parser.body_limit(max_size);
    error_code error = Run(deadline, [&](auto& stream, auto done) {
      http::async_read_header(stream, buffer_, parser,
                              [done](error_code failed, std::size_t) { done(failed); });
    });
    // Beast 1.74 does not hold the length that a response announces against the limit.
    if (!error && parser.content_length().value_or(0) > max_size) error = http::error::body_limit;
    if (!error && !parser.is_done()) {
      error = Run(deadline, [&](auto& stream, auto done) {
        http::async_read(stream, buffer_, parser,
                         [done](error_code failed, std::size_t) { done(failed); });
      });
    }
    if (error == http::error::body_limit) {
      Close();
      return absl::InvalidArgumentError("the answer is too long");
    }
    PITSER_RETURN_IF_ERROR(Status(error));
    if (!parser.get().keep_alive()) Close();
    return parser.release();
  }

  bool open() const { return open_; }

 private:
  absl::Status ShakeHands(Deadline deadline) {
    const std::string& host = options_.address.endpoint.host;
    // The name that the certificate must be for, and that a server of many names goes by.
    error_code error;
    tls_->set_verify_callback(ssl::host_name_verification(host), error);
    if (SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str()) != 1 || error) {
      return absl::InvalidArgumentError("HTTPS cannot be set up for this host");
    }
    return Status(Run(deadline, [&](auto&, auto done) {
      tls_->async_handshake(ssl::stream_base::client, done);
    }));
  }

  template <typename Start>
  error_code Run(Deadline deadline, Start start) {
    return runner_.Run(
        deadline, [&](auto done) { tls_ ? start(*tls_, done) : start(*plain_, done); },
        [this] { Close(); });
  }

  absl::Status Status(error_code error) {
    if (!error) return absl::OkStatus();
    Close();
    return ErrorOf(error);
  }
  void Close() {
    open_ = false;
    if (plain_) plain_->close();
    if (tls_) beast::get_lowest_layer(*tls_).close();
  }

  const KsiTransportOptions options_;
  Runner runner_;
  std::unique_ptr<ssl::context> tls_context_;
  std::optional<PlainStream> plain_;
  std::optional<TlsStream> tls_;
  beast::flat_buffer buffer_;
  bool open_ = true;
};

class HttpTransport final : public KsiTransport {
 public:
  explicit HttpTransport(const KsiTransportOptions& options)
      : address_(options.address), connection_(options) {}

  absl::Status Connect(Deadline deadline) { return connection_.Connect(deadline); }

  std::size_t max_in_flight() const override { return 1; }
  bool reusable() const override { return connection_.open(); }

  absl::Status Send(Bytes pdu, Deadline deadline) override {
    return connection_.Send(http::verb::post, address_.path, pdu, deadline);
  }

  // A PDU counts more than the status, which says the same in fewer words.
  absl::StatusOr<ByteVector> Receive(Deadline deadline) override {
    PITSER_ASSIGN_OR_RETURN(auto response,
                            connection_.Receive(ledger::service::kMaxPduSize, deadline));
    ByteVector& body = response.body();
    if (ledger::service::PduSize(body) == body.size()) return std::move(body);
    const std::string what = absl::StrCat("HTTP status ", response.result_int(), " and no PDU");
    if (response.result_int() >= 500) return absl::UnavailableError(what);
    return absl::InvalidArgumentError(what);
  }

 private:
  const KsiAddress address_;
  HttpConnection connection_;
};

template <typename Transport, typename From>
absl::StatusOr<std::unique_ptr<KsiTransport>> Connected(const From& from, Deadline deadline) {
  auto transport = std::make_unique<Transport>(from);
  PITSER_RETURN_IF_ERROR(transport->Connect(deadline));
  return transport;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KsiTransport>> KsiTransport::Connect(
    const KsiTransportOptions& options, Deadline deadline) {
  if (options.address.scheme == Scheme::kTcp) {
    return Connected<TcpTransport>(options.address, deadline);
  }
  return Connected<HttpTransport>(options, deadline);
}

absl::StatusOr<ByteVector> GetOverHttp(const KsiTransportOptions& options, const std::string& path,
                                       std::size_t max_size, Deadline deadline) {
  KsiTransportOptions over_http = options;
  if (options.address.scheme == Scheme::kTcp) over_http.address.scheme = Scheme::kHttp;
  HttpConnection connection(over_http);
  PITSER_RETURN_IF_ERROR(connection.Connect(deadline));
  PITSER_RETURN_IF_ERROR(connection.Send(http::verb::get, path, {}, deadline));
  PITSER_ASSIGN_OR_RETURN(auto response, connection.Receive(max_size, deadline));
  if (response.result() != http::status::ok) {
    return absl::NotFoundError(absl::StrCat(path, ": HTTP status ", response.result_int()));
  }
  return std::move(response.body());
}

}  // namespace pitser::net
