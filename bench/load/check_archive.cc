// Verifies every signature of an archive that `pitser sign --batch --hashes LIST -o ARCHIVE` wrote:
// usage: pitser-check-archive LIST ARCHIVE TRUST_DIR
// There must be one for each line of LIST, in its order, of its hash. What the signatures of a tree
// share is verified once, by the key-based policy; of each, the way to there (ledger::SharedTail).

#include <archive.h>
#include <archive_entry.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/batch_output.h"
#include "client/cli/entry_name.h"
#include "client/cli/hash_line.h"
#include "client/cli/line_reader.h"
#include "client/trust.h"
#include "client/verification.h"
#include "ledger/base/status.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/shared_tail.h"

namespace pitser::bench {
namespace {

using ledger::Bytes;
using ledger::ByteVector;

absl::Status Wrong(const std::string& name, std::string_view what) {
  return absl::FailedPreconditionError(absl::StrFormat("%s: %s", name, what));
}

absl::Status RequireOk(const std::string& name, const ledger::VerificationResult& result) {
  if (result.outcome == ledger::Outcome::kOk) return absl::OkStatus();
  return Wrong(name, absl::StrFormat("%s %s", ledger::ErrorCodeName(result.code), result.cause));
}

class Checker {
 public:
  explicit Checker(const ledger::PublicationsFile& publications) : publications_(publications) {}

  absl::Status Check(const std::string& name, const ledger::Imprint& hash, Bytes content) {
    ledger::TlvReader outer(content);
    PITSER_ASSIGN_OR_RETURN(const ledger::Element whole, outer.Next());
    ledger::TlvReader reader(whole);
    PITSER_ASSIGN_OR_RETURN(const ledger::Element lowest, reader.Next());
    const Bytes tail = whole.value.subspan(lowest.raw.size());
    if (tail_ != nullptr && ledger::Equal(tail_->tail(), tail) &&
        tail_->VerifyPart(lowest.raw, hash, 0).has_value()) {
      return absl::OkStatus();
    }
    PITSER_ASSIGN_OR_RETURN(const auto signature,
                            ledger::Signature::Parse(ledger::ToVector(content)));
    PITSER_ASSIGN_OR_RETURN(
        const ledger::VerificationResult result,
        ledger::Verify(
            ledger::Policy::kKeyBased,
            {.signature = signature, .document_hash = hash, .publications_file = &publications_}));
    PITSER_RETURN_IF_ERROR(RequireOk(name, result));
    ++in_full_;
    tail_ = std::make_unique<ledger::SharedTail>(ledger::ToVector(tail));
    PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult first,
                            tail_->Verify(lowest.raw, hash, 0));  // That it knows the tail.
    return RequireOk(name, first);
  }

  std::size_t in_full() const { return in_full_; }

 private:
  const ledger::PublicationsFile& publications_;
  std::unique_ptr<ledger::SharedTail> tail_;
  std::size_t in_full_ = 0;
};

struct ArchiveDeleter {
  void operator()(archive* a) const { archive_read_free(a); }
};

absl::Status CheckAll(const std::string& list, const std::string& file, const std::string& folder) {
  PITSER_ASSIGN_OR_RETURN(const client::Trust trust, client::LoadTrust(folder));
  if (!trust.publications) return absl::NotFoundError(folder + " has no publications file");
  const auto now = static_cast<std::uint64_t>(absl::ToUnixSeconds(absl::Now()));
  PITSER_RETURN_IF_ERROR(client::CheckPublicationsFile(*trust.publications, trust, now));
  PITSER_ASSIGN_OR_RETURN(const auto lines, cli::LineReader::Open(list, '\n', 16 << 10));
  const std::unique_ptr<archive, ArchiveDeleter> in(archive_read_new());
  archive_read_support_format_tar(in.get());
  archive_read_support_format_zip(in.get());
  if (archive_read_open_filename(in.get(), file.c_str(), 1 << 20) != ARCHIVE_OK) {
    return Wrong(file, archive_error_string(in.get()));
  }
  Checker checker(*trust.publications);
  ByteVector content(ledger::kMaxSignatureSize + 1);
  std::size_t count = 0;
  archive_entry* entry = nullptr;
  int read = ARCHIVE_OK;
  while ((read = archive_read_next_header(in.get(), &entry)) == ARCHIVE_OK) {
    const std::string name = archive_entry_pathname(entry);
    PITSER_ASSIGN_OR_RETURN(const auto line, lines->Next());
    if (!line) return Wrong(name, "there are more signatures than hashes");
    PITSER_ASSIGN_OR_RETURN(const cli::HashLine expected,
                            cli::ParseHashLine(*line, ledger::HashAlgorithm::kSha256, true));
    if (name != cli::EntryNameOf(expected.name)) {
      return Wrong(name, "should be of " + expected.name);
    }
    const la_ssize_t size = archive_read_data(in.get(), content.data(), content.size());
    if (size < 0) return Wrong(name, archive_error_string(in.get()));
    PITSER_RETURN_IF_ERROR(ledger::Annotate(
        checker.Check(name, expected.hash, Bytes(content).first(static_cast<std::size_t>(size))),
        name));
    ++count;
  }
  if (read != ARCHIVE_EOF) return Wrong(file, archive_error_string(in.get()));
  PITSER_ASSIGN_OR_RETURN(const auto more, lines->Next());
  if (more) return Wrong(file, "there are fewer signatures than hashes");
  std::cout << absl::StrFormat("all %d signatures verify by the key-based policy, under %d %s\n",
                               count, checker.in_full(), checker.in_full() == 1 ? "root" : "roots");
  return absl::OkStatus();
}

}  // namespace
}  // namespace pitser::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: pitser-check-archive LIST ARCHIVE TRUST_DIR\n";
    return 2;
  }
  const absl::Status status = pitser::bench::CheckAll(argv[1], argv[2], argv[3]);
  if (status.ok()) return 0;
  std::cerr << "pitser-check-archive: " << std::string(status.message()) << '\n';
  return 1;
}
