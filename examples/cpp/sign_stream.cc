// Signs files as their names come, one a line, on standard input, and writes each signature beside
// its file, as FILE.ksig. usage: sign_stream [HOST:PORT]
#include "client/sign_stream.h"

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <string>

#include "client/client.h"
#include "client/file.h"
#include "connect.h"

using namespace pitser;

int main(int argc, char** argv) {
  if (argc > 2) {
    std::cerr << "usage: sign_stream [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const auto server = OrExit(Connect(argc == 2 ? argv[1] : "127.0.0.1:7380"));
  std::atomic<bool> all_well = true;
  const auto note = [&](const std::string& file, const absl::Status& status) {
    if (status.ok()) return;
    std::cerr << file << ": " << status << "\n";
    all_well = false;
  };

  const auto stream = OrExit(client::SignStream::Open(*server));
  for (std::string file; std::getline(std::cin, file);) {
    const auto hash = client::HashFile(file, ledger::HashAlgorithm::kSha256);
    note(file, hash.status());
    if (!hash.ok()) continue;
    stream->WaitForRoom();
    // The answer comes about a second later, on the stream's own thread.
    note(file, stream->Sign(*hash, 0, [=](absl::StatusOr<ledger::Signature> signature) {
      note(file, signature.ok() ? client::WriteFile(file + ".ksig", signature->bytes(), {})
                                : signature.status());
    }));
  }
  stream->Close();  // Waits until everything is answered.
  return all_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
