// Extends a signature to the first publication after it: from then on it rests on no key.
// usage: extend FILE.ksig PUBLICATIONS [HOST:PORT]
// PUBLICATIONS is the ledger's publications file (the example `publications` fetches and checks
// it). FILE.ksig is replaced.
#include <cstdlib>
#include <iostream>
#include <string>

#include "client/client.h"
#include "client/file.h"
#include "client/trust.h"
#include "connect.h"

using namespace pitser;

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: extend FILE.ksig PUBLICATIONS [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const std::string path = argv[1];
  const ledger::Signature signature =
      OrExit(ledger::Signature::Parse(OrExit(client::ReadFile(path, ledger::kMaxSignatureSize))));
  const ledger::PublicationsFile publications = OrExit(ledger::PublicationsFile::Parse(
      OrExit(client::ReadFile(argv[2], ledger::kMaxPublicationsFileSize))));
  const auto server = OrExit(Connect(argc == 4 ? argv[3] : "127.0.0.1:7380"));

  const ledger::PublicationRecord* publication =
      publications.NearestPublication(signature.signing_time());
  if (publication == nullptr) {
    std::cerr << path << ": there is no publication after it yet\n";
    return EXIT_FAILURE;
  }
  // Asks for the calendar hash chain, and checks that it goes on where the signature is and ends
  // where the publication is.
  const ledger::Signature extended =
      OrExit(server->Extend(signature, {.publication = *publication, .time = {}}));
  OrExit(client::WriteFile(path, extended.bytes(), {.replace = true}));

  std::cout << path << ": extended to " << publication->data.time << " (Unix seconds)\n";
}
