#include "server/parent/parent_publications.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

using base::MutexLock;
using ledger::PublicationsFile;

std::uint64_t NewestTime(const PublicationsFile& file) {
  const ledger::PublicationRecord* const newest = file.LatestPublication();
  return newest == nullptr ? 0 : newest->data.time;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ParentPublications>> ParentPublications::Start(
    const ParentPublicationsOptions& options, base::Clock* clock) {
  std::unique_ptr<ParentPublications> publications(new ParentPublications(options));
  if (base::Exists(options.cache)) {
    PITSER_RETURN_IF_ERROR(ledger::Annotate(publications->ReadCache(), options.cache));
  }
  publications->Refresh();
  if (publications->file() == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "cannot fetch the parent's publications file: ", publications->Health().message(),
        ": start again when the parent is reached, or say with parent_publications where it is"));
  }
  publications->ticker_.emplace(*clock, "pitser-publics", options.every,
                                [raw = publications.get()] { raw->Refresh(); });
  return publications;
}

absl::Status ParentPublications::ReadCache() {
  PITSER_ASSIGN_OR_RETURN(const std::string bytes,
                          base::ReadFile(options_.cache, ledger::kMaxPublicationsFileSize));
  PITSER_ASSIGN_OR_RETURN(PublicationsFile file,
                          PublicationsFile::Parse(ledger::ToVector(ledger::AsBytes(bytes))));
  MutexLock lock(mu_);
  file_ = std::make_shared<const PublicationsFile>(std::move(file));
  return absl::OkStatus();
}

std::shared_ptr<const PublicationsFile> ParentPublications::file() const {
  MutexLock lock(mu_);
  return file_;
}

absl::Status ParentPublications::Health() const {
  MutexLock lock(mu_);
  return health_;
}

absl::Status ParentPublications::Fetch() {
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.timeout);
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector bytes,
                          net::GetOverHttp(options_.from, options_.from.address.path,
                                           ledger::kMaxPublicationsFileSize, deadline));
  const auto held = file();
  if (held != nullptr && ledger::Equal(held->bytes(), bytes)) return absl::OkStatus();
  PITSER_ASSIGN_OR_RETURN(PublicationsFile fetched, PublicationsFile::Parse(std::move(bytes)));
  if (held != nullptr && NewestTime(fetched) < NewestTime(*held)) {
    return absl::DataLossError(absl::StrCat("its newest publication is of ", NewestTime(fetched),
                                            ", before there was one of ", NewestTime(*held),
                                            ": it is not taken"));
  }
  PITSER_RETURN_IF_ERROR(base::WriteFileDurably(options_.cache, fetched.bytes(), 0644));
  base::LogInfo("parent_publications", {{"newest", NewestTime(fetched)}});
  MutexLock lock(mu_);
  file_ = std::make_shared<const PublicationsFile>(std::move(fetched));
  return absl::OkStatus();
}

void ParentPublications::Refresh() {
  absl::Status status = Fetch();
  if (!status.ok()) {
    status = absl::Status(status.code(),
                          absl::StrCat("the parent's publications file, ",
                                       options_.from.address.ToString(), ": ", status.message()));
    base::LogWarning("parent_publications_failed", {{"reason", status}});
  }
  MutexLock lock(mu_);
  health_ = status;
}

}  // namespace pitser::server
