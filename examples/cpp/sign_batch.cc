// Signs all files of a folder in one call and writes each signature beside its file, as FILE.ksig.
// usage: sign_batch FOLDER [HOST:PORT]
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/file.h"
#include "connect.h"

using namespace pitser;

static std::vector<std::string> FilesOf(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() != ".ksig") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: sign_batch FOLDER [HOST:PORT]\n";
    return EXIT_FAILURE;
  }
  const auto server = OrExit(Connect(argc == 3 ? argv[2] : "127.0.0.1:7380"));
  const std::vector<std::string> files = FilesOf(argv[1]);
  std::vector<ledger::Imprint> hashes;
  for (const std::string& file : files) {
    hashes.push_back(OrExit(client::HashFile(file, ledger::HashAlgorithm::kSha256)));
  }

  // All in one second, or in several batches when the server's limit is below that. The signatures
  // of a batch come once all of it was signed and each was checked.
  const auto write = [&](std::size_t index, const ledger::Signature& signature) {
    OrExit(client::WriteFile(files[index] + ".ksig", signature.bytes(), {}));
  };
  OrExit(server->SignBatch(hashes, write));

  std::cout << argv[1] << ": " << files.size() << " files signed\n";
}
