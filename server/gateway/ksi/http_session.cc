#include "server/gateway/ksi/http_session.h"

#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "ledger/service/pdu.h"
#include "server/gateway/ksi/http_answers.h"

namespace pitser::server::internal {
namespace {

using PlainStream = beast::basic_stream<tcp, Strand>;
using TlsStream = beast::ssl_stream<PlainStream>;

// Of a request's first lines together. No client's come near.
constexpr std::uint32_t kMaxHeaderBytes = 8192;

template <typename Stream>
class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession<Stream>> {
  using Parser = http::request_parser<http::vector_body<std::uint8_t>>;
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

 public:
  template <typename... StreamArguments>
  HttpSession(const SessionContext& context, std::string address, StreamArguments&&... arguments)
      : context_(context),
        stream_(std::forward<StreamArguments>(arguments)...),
        gone_(std::make_shared<std::atomic<bool>>(false)),
        caller_{std::move(address), gone_} {}

  ~HttpSession() override {
    *gone_ = true;
    context_.sessions->Remove(this);
  }

  void Start() {
    if constexpr (kTls) {
      LimitTo(limits().transfer_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (!error) self->ReadRequest();
                              });
    } else {
      ReadRequest();
    }
  }

  void Finish() override {
    asio::post(executor(), [self = this->shared_from_this()] {
      self->finishing_ = true;
      if (!self->busy_) self->Close();
    });
  }
  void Abort() override {
    asio::post(executor(), [self = this->shared_from_this()] { self->Close(); });
  }

 private:
  const KsiLimits& limits() const { return context_.options->limits; }
  PlainStream& plain() { return beast::get_lowest_layer(stream_); }
  auto executor() { return plain().get_executor(); }
  void LimitTo(absl::Duration time) { plain().expires_after(absl::ToChronoMilliseconds(time)); }

  // --- What comes in.

  void ReadRequest() {
    busy_ = false;
    if (finishing_) return Close();
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(ledger::service::kMaxPduSize);
    // The first byte may take as long as a connection may be idle, the rest as a request may.
    const absl::Duration idle = known_ ? limits().idle_timeout : limits().first_request_timeout;
    LimitTo(buffer_.size() == 0 ? idle : limits().transfer_timeout);
    if (buffer_.size() > 0) return ReadHeader();
    buffer_.shrink_to_fit();
    stream_.async_read_some(buffer_.prepare(kReadSize),
                            [self = this->shared_from_this()](error_code error, std::size_t size) {
                              if (error) return self->Close();
                              self->buffer_.commit(size);
                              self->busy_ = true;
                              self->LimitTo(self->limits().transfer_timeout);
                              self->ReadHeader();
                            });
  }

  void ReadHeader() {
    busy_ = true;
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](error_code error, std::size_t) {
                              if (error) return self->Misread(error);
                              self->HeaderRead();
                            });
  }

  void HeaderRead() {
    const auto expect = parser_->get()[http::field::expect];
    if (!beast::iequals(expect, "100-continue") || parser_->is_done()) return ReadBody();
    go_on_ = {http::status::continue_, parser_->get().version()};
    http::async_write(stream_, go_on_,
                      [self = this->shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->Close();
                        self->ReadBody();
                      });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](error_code error, std::size_t) {
                       if (error) return self->Misread(error);
                       self->request_ = self->parser_->release();
                       self->Handle();
                     });
  }

  // What is no HTTP, or too long, is told so as well as it can be.
  void Misread(error_code error) {
    if (error == http::error::end_of_stream || error.category() != Category()) return Close();
    const bool long_body = error == http::error::body_limit;
    const bool long_header = error == http::error::header_limit;
    const http::status status = long_body     ? http::status::payload_too_large
                                : long_header ? http::status::request_header_fields_too_large
                                              : http::status::bad_request;
    const KsiReply reply = KsiService::InvalidRequest(
        long_body ? "The request is longer than a PDU can be" : "The bytes are no HTTP request");
    Send(Refusal(status, context_.service->Encode(reply)));
  }
  static const boost::system::error_category& Category() {
    return make_error_code(http::error::end_of_stream).category();
  }

  // --- What goes out.

  void Handle() {
    if (request_.method() != http::verb::post) return Send(OtherResponse(request_, context_));
    // The round may be long: nothing is read or written meanwhile.
    plain().expires_never();
    context_.service->Handle(request_.body(), caller_,
                             [self = this->shared_from_this()](KsiReply reply) {
                               if (!self->answers_.Put(std::move(reply))) return;
                               asio::post(self->executor(), [self] { self->Answer(); });
                             });
  }

  void Answer() {
    for (const KsiReply& reply : answers_.TakeAll()) {  // One.
      known_ = known_ || reply.account != nullptr;
      HttpResponse response = PduResponse(reply, context_.service->Encode(reply), request_);
      AllowOrigin(response, request_, *context_.options);
      Send(std::move(response));
    }
  }

  void Send(HttpResponse response) {
    if (finishing_) response.keep_alive(false);
    response_ = std::move(response);
    LimitTo(limits().transfer_timeout);
    const auto sent = [self = this->shared_from_this()](error_code error, std::size_t) {
      if (error || !self->response_.keep_alive()) return self->Close();
      self->response_ = {};  // An idle connection holds little: what it reads next into.
      self->request_ = {};
      self->ReadRequest();
    };
    // HEAD: the length of what is not sent.
    if (request_.method() == http::verb::head) {
      head_.emplace(response_);
      return http::async_write_header(stream_, *head_, sent);
    }
    http::async_write(stream_, response_, sent);
  }

  // --- How it ends.

  void Close() {
    if (closed_) return;
    closed_ = true;
    *gone_ = true;
    error_code ignored;
    plain().socket().shutdown(Socket::shutdown_both, ignored);
    plain().close();
  }

  static constexpr std::size_t kReadSize = 4096;

  const SessionContext context_;
  // All below on the connection's strand.
  Stream stream_;
  const std::shared_ptr<std::atomic<bool>> gone_;
  const KsiCaller caller_;
  AnswerQueue answers_;  // Any thread's.
  beast::flat_buffer buffer_{kMaxHeaderBytes + ledger::service::kMaxPduSize + kReadSize};
  std::optional<Parser> parser_;
  HttpRequest request_;
  http::response<http::empty_body> go_on_;
  HttpResponse response_;
  std::optional<http::response_serializer<http::vector_body<std::uint8_t>>> head_;
  bool known_ = false;  // An account's right HMAC was shown.
  bool busy_ = false, finishing_ = false, closed_ = false;
};

template <typename Stream, typename... Arguments>
void StartSession(const SessionContext& context, std::string address, Arguments&&... arguments) {
  const auto session = std::make_shared<HttpSession<Stream>>(context, std::move(address),
                                                             std::forward<Arguments>(arguments)...);
  if (context.sessions->Add(session, context.share)) session->Start();
}

void SendAtOnce(Socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
}

}  // namespace

void StartHttpSession(const SessionContext& context, Socket socket, std::string address) {
  SendAtOnce(socket);
  StartSession<PlainStream>(context, std::move(address), std::move(socket));
}

void StartHttpsSession(const SessionContext& context, Socket socket, std::string address,
                       asio::ssl::context& tls) {
  SendAtOnce(socket);
  StartSession<TlsStream>(context, std::move(address), std::move(socket), tls);
}

}  // namespace pitser::server::internal
