#include "client/cli/node_document.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/file.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/node_encoding.h"

namespace pitser::cli {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::uint64_t kProgressStep = std::uint64_t{32} << 20;

// One that cannot be read is none: whoever hashed it has told.
bool FileIsNode(const std::string& path) {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown);
  if (unknown || size > ledger::kMaxNodeEncoding) return false;
  const auto content = client::ReadFile(path, ledger::kMaxNodeEncoding);
  return content.ok() && ledger::IsNodeEncoding(*content);
}

}  // namespace

absl::StatusOr<HashedDocument> LookedAt(const std::string& path,
                                        absl::StatusOr<ledger::Imprint> hash) {
  PITSER_RETURN_IF_ERROR(hash);
  return HashedDocument{*hash, FileIsNode(path)};
}

absl::StatusOr<HashedDocument> HashStandardInput(ledger::HashAlgorithm algorithm,
                                                 Console& console) {
  auto hasher = ledger::StreamHasher::Create(algorithm);
  if (!hasher.ok()) return WithExitCode(hasher.status(), ExitCode::kInconclusive);
  const auto source = client::OpenSource(std::string(client::kStandardStream));
  if (!source.ok()) return WithExitCode(source.status(), ExitCode::kLocalFile);
  std::vector<std::uint8_t> buffer(kPiece);
  ledger::ByteVector beginning;  // With a byte more than a node can have it is none.
  for (std::uint64_t done = 0;;) {
    const auto got = (*source)(buffer);
    if (!got.ok()) return WithExitCode(got.status(), ExitCode::kLocalFile);
    if (*got == 0) break;
    const ledger::Bytes piece = ledger::Bytes(buffer).first(*got);
    hasher->Update(piece);
    const std::size_t room = ledger::kMaxNodeEncoding + 1 - beginning.size();
    ledger::Append(beginning, piece.first(std::min(piece.size(), room)));
    const bool shown = done / kProgressStep != (done + *got) / kProgressStep;
    done += *got;
    if (shown && console.err_is_terminal()) {
      console.Progress(absl::StrFormat("hashing standard input: %d MiB", done >> 20));
    }
  }
  console.EndProgress();
  return HashedDocument{hasher->Finish(), ledger::IsNodeEncoding(beginning)};
}

}  // namespace pitser::cli
