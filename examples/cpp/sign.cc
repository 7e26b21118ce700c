// Signs a file through a Pitser ledger and writes the signature beside it, as FILE.ksig.
// usage: sign FILE [HOST:PORT]
// Only the hash of the file goes to the server.
#include <cstdlib>
#include <iostream>
#include <string>

#include "client/client.h"
#include "client/file.h"
#include "connect.h"

using namespace pitser;

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: sign FILE [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const std::string path = argv[1];
  const auto server = OrExit(Connect(argc == 3 ? argv[2] : "127.0.0.1:7380"));

  const ledger::Imprint hash = OrExit(client::HashFile(path, ledger::HashAlgorithm::kSha256));
  // The answer comes when the current second is over.
  const ledger::Signature signature = OrExit(server->Sign(hash));
  // Never over a signature that is there, unless WriteOptions.replace says so.
  OrExit(client::WriteFile(path + ".ksig", signature.bytes(), {}));

  std::cout << path << ".ksig: signed at " << signature.signing_time() << " (Unix seconds)\n";
}
