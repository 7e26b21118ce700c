#include "net/probe.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>

namespace pitser::net::internal {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

// A client's first bytes (RFC 9113, 3.4): the preface and an empty SETTINGS frame. Servers of
// HTTP/1 take it for a request of an unknown version and say so.
constexpr std::string_view kPreface{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33};
constexpr unsigned kPollMs = 20;

// While it lives, a peer that hangs up is an error of a write and no signal, which would end the
// process: OpenSSL writes to sockets as to files.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec at_once{};
    if (sigismember(&before_, SIGPIPE) == 0) {
      while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_, before_;
};

// The end of a step, as OpenSSL's waiting functions take it: whole seconds.
std::time_t Until(absl::Duration timeout) {
  return std::time(nullptr) + std::max<std::time_t>(1, absl::ToInt64Seconds(timeout));
}

// Does `step` until it is done, fails, or the time is over. Gives what it returned last.
template <typename Step>
int Persist(BIO* bio, std::time_t until, const Step& step) {
  while (true) {
    const int done = step();
    if (done > 0 || !BIO_should_retry(bio) || BIO_wait(bio, until, kPollMs) != 1) return done;
  }
}

// Where nobody listens that is known at once; who does not answer is waited for.
Bio Connect(const Endpoint& endpoint, absl::Duration timeout) {
  ERR_clear_error();
  Bio bio(BIO_new_connect(endpoint.ToString().c_str()), BIO_free_all);
  if (bio == nullptr) return bio;
  BIO_set_nbio(bio.get(), 1);
  const auto connect = [&bio] { return static_cast<int>(BIO_do_connect(bio.get())); };
  if (Persist(bio.get(), Until(timeout), connect) != 1) bio.reset();
  return bio;
}

Answered Recognise(std::string_view bytes) {
  if (bytes.empty()) return Answered::kNothing;
  if (bytes.starts_with("HTTP/1.")) return Answered::kHttp1;
  if (bytes.starts_with("\x15\x03")) return Answered::kTls;  // An alert.
  // A server's first frame is SETTINGS, type 4; GOAWAY, type 7, is another word of HTTP/2.
  if (bytes.size() > 3 && (bytes[3] == 4 || bytes[3] == 7)) return Answered::kHttp2;
  return Answered::kSomething;
}

// Says the preface and looks at what comes.
Answered Converse(BIO* bio, std::time_t until) {
  const auto write = [bio] {
    return BIO_write(bio, kPreface.data(), static_cast<int>(kPreface.size()));
  };
  std::array<char, 64> answer{};
  const auto read = [bio, &answer] {
    return BIO_read(bio, answer.data(), static_cast<int>(answer.size()));
  };
  if (Persist(bio, until, write) <= 0) return Answered::kNothing;
  const int size = Persist(bio, until, read);
  if (size <= 0) return Answered::kNothing;
  return Recognise({answer.data(), static_cast<std::size_t>(size)});
}

Bio ReadOnly(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all};
}

// Whom to believe and who we are. What does not parse was refused before (client/cli/settings.cc).
void Equip(SSL_CTX* context, const TlsIdentity& identity) {
  if (identity.ca_pem.empty()) SSL_CTX_set_default_verify_paths(context);
  const Bio authorities = ReadOnly(identity.ca_pem);
  while (X509* const one = PEM_read_bio_X509(authorities.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one);
    X509_free(one);
  }
  if (X509* const own =
          PEM_read_bio_X509(ReadOnly(identity.certificate_pem).get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_use_certificate(context, own);
    X509_free(own);
  }
  if (EVP_PKEY* const key =
          PEM_read_bio_PrivateKey(ReadOnly(identity.key_pem).get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
  }
}

// Called by OpenSSL when the server asks who we are and no certificate is set.
int NoteQuestion(SSL* ssl, X509**, EVP_PKEY**) {
  static_cast<TlsAnswer*>(SSL_get_app_data(ssl))->asked_who_we_are = true;
  return 0;
}

void ExpectName(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return;
  SSL_set1_host(ssl, host.c_str());
  SSL_set_tlsext_host_name(ssl, host.c_str());
}

}  // namespace

std::string WhyNotConnected(const Endpoint& endpoint, absl::Duration timeout) {
  if (Connect(endpoint, timeout) != nullptr) return "";
  // OpenSSL's own "connect error" has the system's error, or the name service's, below it.
  const char* data = nullptr;
  int flags = 0;
  const unsigned long error = ERR_peek_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const bool has_words = (flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0';
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string why = error == 0                ? "no answer in time"
                    : ERR_SYSTEM_ERROR(error) ? std::strerror(ERR_GET_REASON(error))
                    : has_words               ? data
                    : reason != nullptr       ? reason
                                              : "no connection";
  ERR_clear_error();
  return why;
}

Answered SpeakPlain(const Endpoint& endpoint, absl::Duration timeout) {
  const NoBrokenPipe no_signal;
  const Bio bio = Connect(endpoint, timeout);
  return bio == nullptr ? Answered::kNothing : Converse(bio.get(), Until(timeout));
}

TlsAnswer SpeakTls(const Endpoint& endpoint, const TlsIdentity& identity, absl::Duration timeout) {
  const NoBrokenPipe no_signal;
  TlsAnswer result;
  Bio socket = Connect(endpoint, timeout);
  if (socket == nullptr) return result;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);  // It is told, not enforced.
  SSL_CTX_set_client_cert_cb(context.get(), NoteQuestion);
  Equip(context.get(), identity);
  const Bio bio(BIO_push(BIO_new_ssl(context.get(), /*client=*/1), socket.release()), BIO_free_all);
  SSL* ssl = nullptr;
  BIO_get_ssl(bio.get(), &ssl);
  SSL_set_app_data(ssl, &result);
  static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(ssl, kProtocols, sizeof(kProtocols) - 1);
  ExpectName(ssl, endpoint.host);

  ERR_clear_error();
  const std::time_t until = Until(timeout);
  const auto shake = [&bio] { return static_cast<int>(BIO_do_handshake(bio.get())); };
  result.shaken = Persist(bio.get(), until, shake) == 1;
  if (result.shaken) {
    result.verified = SSL_get_verify_result(ssl);
    result.answered = Converse(bio.get(), until);
  }
  // With TLS 1.3 the server's no to our certificate comes after the handshake.
  if (const unsigned long error = ERR_peek_error();
      error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL) {
    if (const char* const words = ERR_reason_error_string(error)) result.alert = words;
  }
  ERR_clear_error();
  return result;
}

}  // namespace pitser::net::internal
