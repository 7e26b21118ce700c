#include "ledger/verify/publications_past.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/verify/verifier.h"

namespace pitser::ledger {
namespace {

// Where the publication of `time` is, or would be.
template <typename Publications>
auto PlaceOf(Publications& publications, std::uint64_t time) {
  return std::ranges::lower_bound(publications, time, {},
                                  [](const PastPublication& one) { return one.data.time; });
}

}  // namespace

std::string_view WitnessName(Witness witness) {
  return witness == Witness::kSeal ? "seal" : "here";
}

void PublicationsPast::Add(const PastPublication& publication) {
  auto place = PlaceOf(publications_, publication.data.time);
  while (place != publications_.end() && place->data.time == publication.data.time) {
    if (place->data == publication.data) return;
    ++place;
  }
  publications_.insert(place, publication);
}

void PublicationsPast::AddFile(const PublicationsFile& file, std::uint64_t time, Witness witness) {
  std::vector<PastPublication> fresh;
  for (const std::size_t i : file.by_time()) {
    const PublicationData& data = file.content().publications[i].data;
    if (At(data.time) == nullptr) fresh.push_back({.data = data, .time = time, .witness = witness});
  }
  for (const PastPublication& publication : fresh) Add(publication);
  const Imprint hash = HashOf(file);
  if (!file_ || file_->hash != hash) file_ = {.hash = hash, .time = time, .witness = witness};
}

const PastPublication* PublicationsPast::At(std::uint64_t publication_time) const {
  const PastPublication* nearest = Nearest(publication_time);
  return nearest != nullptr && nearest->data.time == publication_time ? nearest : nullptr;
}

const PastPublication* PublicationsPast::Nearest(std::uint64_t time) const {
  const auto place = PlaceOf(publications_, time);
  return place == publications_.end() ? nullptr : &*place;
}

const PastPublication* PublicationsPast::Find(const PublicationData& data) const {
  for (auto place = PlaceOf(publications_, data.time);
       place != publications_.end() && place->data.time == data.time; ++place) {
    if (place->data == data) return &*place;
  }
  return nullptr;
}

bool PublicationsPast::Knows(const PublicationsFile& file) const {
  // Whatever has other publications has another hash.
  return file_ && file_->hash == HashOf(file);
}

Imprint HashOf(const PublicationsFile& file) {
  const absl::StatusOr<Imprint> hash = Hash(HashAlgorithm::kSha256, {file.bytes()});
  PITSER_CHECK(hash.ok());
  return *hash;
}

absl::StatusOr<FileStanding> JudgePublicationsFile(const PublicationsFile& file,
                                                   std::span<const Certificate> trust_anchors,
                                                   std::span<const SubjectConstraint> constraints,
                                                   std::uint64_t at_time,
                                                   const PublicationsPast* past) {
  const absl::Status now = VerifyPublicationsFile(file, trust_anchors, constraints, at_time);
  if (now.ok()) return FileStanding{.time = at_time, .witness = {}};
  if (!absl::IsOutOfRange(now) || past == nullptr || !past->Knows(file)) return now;
  const PastFile& known = *past->file();
  // What is written down is when; that it was right then is looked at again.
  if (!VerifyPublicationsFile(file, trust_anchors, constraints, known.time).ok()) return now;
  return FileStanding{.time = known.time, .witness = known.witness};
}

absl::StatusOr<std::uint64_t> ProveExistence(const PublicationsFile& file, const Signature& seal,
                                             const std::optional<PublicationData>& code,
                                             const PublicationsFile* other) {
  if (!code && other != nullptr && Equal(other->bytes(), file.bytes())) {
    return absl::InvalidArgumentError("a publications file cannot vouch for itself");
  }
  const Policy policy = code ? Policy::kUserPublicationBased : Policy::kPublicationsFileBased;
  PITSER_ASSIGN_OR_RETURN(const Imprint hash, Hash(seal.input_hash().algorithm(), {file.bytes()}));
  PITSER_ASSIGN_OR_RETURN(const VerificationResult result,
                          Verify(policy, {.signature = seal,
                                          .document_hash = hash,
                                          .user_publication = code,
                                          .publications_file = code ? nullptr : other}));
  if (result.outcome == Outcome::kOk) return seal.signing_time();
  const std::string text =
      absl::StrFormat("the seal proves nothing: %s %s%s%s", ErrorCodeName(result.code),
                      ErrorCodeText(result.code), result.cause.empty() ? "" : ": ", result.cause);
  return result.outcome == Outcome::kFailed ? absl::PermissionDeniedError(text)
                                            : absl::OutOfRangeError(text);
}

}  // namespace pitser::ledger
