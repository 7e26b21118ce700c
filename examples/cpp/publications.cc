// Fetches the ledger's publications file: the calendar roots that everybody may hold it to.
// usage: publications OUT TRUST [HOST:PORT]
// TRUST is the folder with the ledger's root certificate and the name of its publisher, as
// `pitser trust fetch` makes it: the file is checked before it is written.
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
    std::cerr << "usage: publications OUT TRUST [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const std::string out = argv[1];
  const client::Trust trust = OrExit(client::LoadTrust(argv[2]));
  const auto server = OrExit(Connect(argc == 4 ? argv[3] : "127.0.0.1:7380"));

  const ledger::PublicationsFile file = OrExit(server->GetPublicationsFile());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  OrExit(client::CheckPublicationsFile(file, trust, static_cast<std::uint64_t>(seconds)));
  OrExit(client::WriteFile(out, file.bytes(), {.replace = true}));

  std::cout << out << ": " << file.bytes().size() << " bytes\n";
}
