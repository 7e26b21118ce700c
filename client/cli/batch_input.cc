#include "client/cli/batch_input.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/block_signer.h"
#include "client/cli/entry_name.h"
#include "client/cli/exit_code.h"
#include "client/cli/hash_line.h"
#include "client/cli/signature_beside.h"
#include "client/cli/text.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/crypto/hasher.h"

namespace pitser::cli {
namespace {

// A name as long as Linux takes, every byte of it escaped, and a hash.
constexpr std::size_t kMaxLine = 2 * 4096 + 256;

}  // namespace

absl::StatusOr<std::unique_ptr<BatchInput>> BatchInput::Open(const SignOptions& options,
                                                             ledger::HashAlgorithm algorithm) {
  const char separator = options.null_separated ? '\0' : '\n';
  std::unique_ptr<BatchInput> input(new BatchInput(options, algorithm));
  if (!options.hashes.empty()) {
    PITSER_ASSIGN_OR_RETURN(input->hashes_, LineReader::Open(options.hashes, separator, kMaxLine));
  } else {
    PITSER_ASSIGN_OR_RETURN(input->names_,
                            NamedFiles::Open({.files = options.files,
                                              .list = options.files_from,
                                              .null_separated = options.null_separated,
                                              .recursive = options.recursive}));
  }
  if (!options.client_ids.empty()) {
    PITSER_ASSIGN_OR_RETURN(input->client_ids_,
                            LineReader::Open(options.client_ids, '\n', client::kMaxClientIdSize));
  }
  return input;
}

BatchInput::BatchInput(const SignOptions& options, ledger::HashAlgorithm algorithm)
    : options_(options), algorithm_(algorithm) {}

absl::StatusOr<std::vector<BatchDocument>> BatchInput::Next(std::size_t count) {
  while (true) {
    PITSER_ASSIGN_OR_RETURN(std::vector<BatchDocument> documents,
                            hashes_ != nullptr ? NextHashes(count) : NextNames(count));
    for (BatchDocument& document : documents) {
      if (client_ids_ != nullptr) PITSER_RETURN_IF_ERROR(TakeClientId(document));
    }
    if (documents.empty()) {
      if (client_ids_ != nullptr) PITSER_RETURN_IF_ERROR(CheckClientIdsEnd());
      return documents;
    }
    if (!options_.sign_signatures) PassOverSignatures(documents);
    if (!documents.empty()) return documents;
  }
}

void BatchInput::PassOverSignatures(std::vector<BatchDocument>& documents) {
  std::erase_if(documents, [this](const BatchDocument& document) {
    const bool is_signature = IsSignatureName(document.name);
    if (is_signature) passed_over_.push_back(document.name);
    return is_signature;
  });
}

absl::StatusOr<std::vector<BatchDocument>> BatchInput::NextNames(std::size_t count) {
  PITSER_ASSIGN_OR_RETURN(std::vector<NamedFile> files, names_->Next(count));
  std::vector<BatchDocument> documents;
  for (NamedFile& file : files) {
    ++given_;
    if (const absl::Status status = Remember(file.path); !status.ok()) {
      return options_.files_from.empty()
                 ? status
                 : InContext(status, absl::StrFormat("name %d of the list", given_));
    }
    documents.push_back({.name = std::move(file.path),
                         .hash = {},
                         .listed = false,
                         .client_id = {},
                         .status = std::move(file.status)});
  }
  return documents;
}

absl::StatusOr<std::vector<BatchDocument>> BatchInput::NextHashes(std::size_t count) {
  std::vector<BatchDocument> documents;
  while (documents.size() < count) {
    PITSER_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, hashes_->Next());
    if (!line) break;
    if (line->empty()) continue;
    auto parsed = ParseHashLine(*line, algorithm_, !options_.null_separated);
    absl::Status status = parsed.status();
    if (status.ok()) status = Remember(parsed->name);
    if (!status.ok()) return InContext(status, hashes_->Place());
    ++given_;
    documents.push_back(
        {.name = std::move(parsed->name), .hash = parsed->hash, .listed = true, .client_id = {}});
  }
  return documents;
}

absl::Status BatchInput::TakeClientId(BatchDocument& document) {
  PITSER_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, client_ids_->Next());
  if (!line) {
    return Error(ExitCode::kMalformed,
                 absl::StrFormat("'%s' has %d client ids, and there are more documents",
                                 options_.client_ids, client_ids_->number()),
                 "an empty line stands for a document without one");
  }
  if (line->find('\0') != std::string_view::npos || !ledger::IsUtf8(ledger::AsBytes(*line))) {
    return Error(ExitCode::kMalformed,
                 absl::StrFormat("%s: a client id is text in UTF-8", client_ids_->Place()));
  }
  document.client_id = *line;
  return absl::OkStatus();
}

absl::Status BatchInput::CheckClientIdsEnd() {
  PITSER_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, client_ids_->Next());
  if (!line) return absl::OkStatus();
  return Error(
      ExitCode::kMalformed,
      absl::StrFormat("%s: a client id for which there is no document", client_ids_->Place()));
}

absl::Status BatchInput::Remember(const std::string& name) {
  // In an archive two names may come to the same.
  const std::string what = options_.output.empty() ? name : EntryNameOf(name);
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint digest,
                          ledger::Hash(ledger::HashAlgorithm::kSha256, {ledger::AsBytes(what)}));
  const std::array<std::uint64_t, 2> key = {ledger::ReadBe64(digest.digest()),
                                            ledger::ReadBe64(digest.digest().subspan(8))};
  if (seen_.insert(key).second) return absl::OkStatus();
  return Error(ExitCode::kMalformed, absl::StrFormat("%s is named twice", Printable(name)));
}

std::optional<std::size_t> BatchInput::Total() const {
  if (hashes_ == nullptr) return names_->Total();
  const std::optional<double> fraction = hashes_->Fraction();
  if (!fraction || *fraction <= 0) return std::nullopt;
  return static_cast<std::size_t>(static_cast<double>(given_) / *fraction);
}

}  // namespace pitser::cli
