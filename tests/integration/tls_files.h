#pragma once

#include <cstdint>
#include <string>

namespace pitser::testing {

// A TLS authority with what it issued, made by the openssl program once a test process. PEM texts.
struct TlsFiles {
  static const TlsFiles& Get();

  std::string ca;
  std::string server_certificate, server_key;      // For 127.0.0.1 and localhost.
  std::string client_certificate, client_key;      // CN=acme
  std::string nameless_certificate, nameless_key;  // A subject without CN.
  std::string stranger_certificate, stranger_key;  // CN=acme, of another authority.
};

// Sends bytes to a port of this machine and hangs up.
void SendBytes(std::uint16_t port, const std::string& bytes);

}  // namespace pitser::testing
