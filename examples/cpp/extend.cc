// Extends a signature to the first publication after it: from then on it rests on no key.
// usage: extend FILE.ksig TRUST [HOST:PORT]
// TRUST is the folder with the ledger's root certificate, the name of its publisher, and its
// publications file, as `pitser trust fetch` makes it. FILE.ksig is replaced, by what leads to a
// publication of that file: who extends need not be believed.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "client/client.h"
#include "client/file.h"
#include "client/trust.h"
#include "client/verification.h"
#include "connect.h"

using namespace pitser;

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: extend FILE.ksig TRUST [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const std::string path = argv[1];
  const ledger::Signature signature =
      OrExit(ledger::Signature::Parse(OrExit(client::ReadFile(path, ledger::kMaxSignatureSize))));
  const client::Trust trust = OrExit(client::LoadTrust(argv[2]));
  if (!trust.publications) {
    std::cerr << argv[2] << ": no publications file in it\n";
    return EXIT_FAILURE;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  OrExit(client::CheckPublicationsFile(*trust.publications, trust,
                                       static_cast<std::uint64_t>(seconds)));
  const auto server = OrExit(Connect(argc == 4 ? argv[3] : "127.0.0.1:7380"));

  const ledger::PublicationRecord* publication =
      trust.publications->NearestPublication(signature.signing_time());
  if (publication == nullptr) {
    std::cerr << path << ": there is no publication after it yet in " << argv[2] << "\n";
    return EXIT_FAILURE;
  }
  // Asks for the calendar hash chain, and checks that it goes on where the signature is and ends
  // where the publication is.
  const ledger::Signature extended =
      OrExit(server->Extend(signature, {.publication = *publication, .time = {}}));
  OrExit(client::WriteFile(path, extended.bytes(), {.replace = true}));

  std::cout << path << ": extended to " << publication->data.time << " (Unix seconds)\n";
}
