#pragma once

#include <string>

#include "absl/time/time.h"
#include "net/endpoint.h"

namespace pitser::net::internal {

// What came back when a peer was spoken to.
enum class Answered {
  kNothing,   // Connected, but no answer came, or it hung up.
  kHttp2,     // As gRPC servers speak.
  kHttp1,     // As the KSI service protocol's do, and web servers.
  kTls,       // It understood nothing but TLS.
  kSomething  // Else.
};

// How the attempt at TLS ended.
struct TlsAnswer {
  bool shaken = false;            // Hands were shaken.
  bool asked_who_we_are = false;  // For a client certificate, and there was none.
  long verified = 0;              // X509_V_OK (0), or why its certificate is not believed.
  std::string alert;              // With which it hung up: OpenSSL's words; empty when it did not.
  Answered answered = Answered::kNothing;  // To the first bytes of HTTP/2 within TLS.
};

struct TlsIdentity {
  std::string ca_pem, certificate_pem, key_pem;
};

// Why the connection itself is not made, in the system's words; empty when it is.
std::string WhyNotConnected(const Endpoint& endpoint, absl::Duration timeout);
// Says the first bytes of HTTP/2 in plain text.
Answered SpeakPlain(const Endpoint& endpoint, absl::Duration timeout);
// The same over TLS. The peer's certificate is judged, and talked to all the same.
TlsAnswer SpeakTls(const Endpoint& endpoint, const TlsIdentity& identity, absl::Duration timeout);

}  // namespace pitser::net::internal
