#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/file.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// Whether a file is called as signatures are: such a file is no document, unless somebody says so.
bool IsSignatureName(std::string_view name);

// Looks at the signature that is there already: being called NAME.ksig proves nothing.
// Returns the document's hash, by the signature's algorithm.
// Errors: exit code 4 for what is no signature, 1 for one that is of another document or not
// consistent in itself; those of HashWithExitCode().
absl::StatusOr<ledger::Imprint> CheckSignatureBeside(const std::string& document,
                                                     const std::string& signature,
                                                     const client::HashProgress& progress);
// The same where only the document's hash is known, called `name`.
// Errors: also exit code 3 when the signature is of another algorithm's hash.
absl::StatusOr<ledger::Imprint> CheckSignatureBeside(const std::string& name,
                                                     const ledger::Imprint& hash,
                                                     const std::string& signature);

// "d.txt.ksig is there already", for what is not passed over.
absl::Status IsThereAlready(const std::string& signature);

// Says how many signatures were passed over, and what has them signed too.
void TellSignaturesPassedOver(std::size_t count, Console& console);
// Where nothing else was named. Exit code 2.
absl::Status OnlySignatures();

}  // namespace pitser::cli
