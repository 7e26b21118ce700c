#include "tests/integration/tls_files.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ledger/base/check.h"

namespace pitser::testing {
namespace {

std::string Read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  PITSER_CHECK(!text.str().empty());
  return text.str();
}

// A certificate `name` of `authority` (itself when empty).
constexpr char kScript[] = R"sh(set -e
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
authority() {
  key "$1"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 2 -out "$1.pem"
}
issue() {  # name subject authority extensions
  key "$1"; openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  printf '%s\n' "$4" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 2 \
    -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
authority ca
authority other
issue server /CN=pitserd ca "subjectAltName=IP:127.0.0.1,DNS:localhost"
issue client /CN=acme ca "extendedKeyUsage=clientAuth"
issue nameless /O=acme ca "extendedKeyUsage=clientAuth"
issue stranger /CN=acme other "extendedKeyUsage=clientAuth"
)sh";

TlsFiles Make() {
  char name[] = "/tmp/pitser_tls_XXXXXX";
  PITSER_CHECK(mkdtemp(name) != nullptr);
  const std::string dir = name;
  std::ofstream(dir + "/make.sh") << kScript;
  PITSER_CHECK(std::system(("cd " + dir + " && sh make.sh").c_str()) == 0);
  TlsFiles files;
  files.ca = Read(dir + "/ca.pem");
  files.server_certificate = Read(dir + "/server.pem");
  files.server_key = Read(dir + "/server.key");
  files.client_certificate = Read(dir + "/client.pem");
  files.client_key = Read(dir + "/client.key");
  files.nameless_certificate = Read(dir + "/nameless.pem");
  files.nameless_key = Read(dir + "/nameless.key");
  files.stranger_certificate = Read(dir + "/stranger.pem");
  files.stranger_key = Read(dir + "/stranger.key");
  std::filesystem::remove_all(dir);
  return files;
}

}  // namespace

const TlsFiles& TlsFiles::Get() {
  static const TlsFiles files = Make();
  return files;
}

void SendBytes(std::uint16_t port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PITSER_CHECK(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  PITSER_CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  close(fd);
}

}  // namespace pitser::testing
