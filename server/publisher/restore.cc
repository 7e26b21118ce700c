#include "server/publisher/restore.h"

#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "ledger/base/status.h"
#include "server/publisher/publication_store.h"
#include "server/publisher/publisher.h"

namespace pitser::server {
namespace {

using ledger::PublicationsFile;

// A file that says what this ledger published.
absl::StatusOr<PublicationsFile> ReadOwnFile(const std::string& path, const KeySet& keys) {
  PITSER_ASSIGN_OR_RETURN(const std::string bytes,
                          base::ReadFile(path, ledger::kMaxPublicationsFileSize));
  PITSER_ASSIGN_OR_RETURN(PublicationsFile file,
                          PublicationsFile::Parse(ledger::ToVector(ledger::AsBytes(bytes))));
  PITSER_RETURN_IF_ERROR(ledger::VerifyPublicationsFile(file, std::span(&keys.root, 1),
                                                        std::span(&keys.constraint, 1),
                                                        file.content().creation_time));
  return file;
}

}  // namespace

absl::StatusOr<PublicationsFile> RestorePublicationsFile(const std::string& data_dir,
                                                         const KeySet& keys, std::uint64_t now) {
  const std::string path = PublicationsPath(data_dir);
  PITSER_ASSIGN_OR_RETURN(const auto store, PublicationStore::Open(PublicationStorePath(data_dir)));
  if (!store->there()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "there is no %s to restore from: put the newest copy of the publications file that there "
        "is to %s; whoever verifies has one",
        PublicationStorePath(data_dir), path));
  }
  const Identity& signer = keys.publications_signer;
  if (!signer.certificate.ValidAt(now)) {
    return absl::FailedPreconditionError(
        "the publications certificate is not valid now: put the root's key in place to have it "
        "renewed");
  }
  ledger::PublicationsFileContent content;
  if (base::Exists(path)) {
    const auto there = ReadOwnFile(path, keys);
    if (there.ok()) {
      content = there->content();
    } else {
      PITSER_RETURN_IF_ERROR(base::RenameDurably(path, path + ".damaged"));
    }
  }
  PITSER_RETURN_IF_ERROR(store->Complete(content).status());
  content.creation_time = now;
  PITSER_ASSIGN_OR_RETURN(PublicationsFile file, ledger::BuildPublicationsFile(
                                                     content, signer.certificate, signer.key, now));
  PITSER_RETURN_IF_ERROR(base::MakeDirectory(data_dir + "/trust", 0755));
  PITSER_RETURN_IF_ERROR(base::WriteFileDurably(path, file.bytes(), 0644));
  return file;
}

}  // namespace pitser::server
