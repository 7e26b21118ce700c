// Verifies FILE against FILE.ksig, without any server.
// usage: verify FILE TRUST
// TRUST is the folder with the ledger's root certificate, the name of its publisher, and its
// publications file: DIR/trust of a node, or what `pitser trust fetch` made.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "client/file.h"
#include "client/trust.h"
#include "client/verification.h"
#include "connect.h"

using namespace pitser;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: verify FILE TRUST\n";
    return EXIT_FAILURE;
  }
  const std::string path = argv[1];
  const client::Trust trust = OrExit(client::LoadTrust(argv[2]));
  const ledger::Signature signature = OrExit(ledger::Signature::Parse(
      OrExit(client::ReadFile(path + ".ksig", ledger::kMaxSignatureSize))));

  client::VerificationRequest request{.signature = signature};
  request.document_hash = OrExit(client::HashFile(path, signature.input_hash().algorithm()));
  if (trust.publications) {  // To be used only when it is signed by whom we trust.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    OrExit(client::CheckPublicationsFile(*trust.publications, trust,
                                         static_cast<std::uint64_t>(seconds)));
    request.publications = &*trust.publications;
  }
  const client::Verdict verdict = OrExit(client::VerifySignature(request));

  // Three answers: proven, proven wrong, and "cannot tell", which never means yes.
  if (verdict.result.outcome != ledger::Outcome::kOk) {
    std::cout << path << ": NOT verified: " << ledger::ErrorCodeName(verdict.result.code) << " "
              << ledger::ErrorCodeText(verdict.result.code) << "\n";
    return EXIT_FAILURE;
  }
  std::cout << path << ": existed at " << signature.signing_time()
            << " (Unix seconds); trust rests on: " << client::TrustBasisName(verdict.basis) << "\n";
}
