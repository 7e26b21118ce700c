#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/publication.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"

// What stays believed of publications files when the certificate of their signer has ended. A
// signature under an ended certificate proves nothing by itself: whoever finds the old key can make
// one today. It proves as much as ever where the file is known to have been there before the end.
namespace pitser::ledger {

// How it is known that something was there at a second.
enum class Witness {
  kHere,  // It was verified here, then: by the clock that was looked at.
  kSeal,  // A signature of it was made then, which rests on something else than it.
};
// "here", "seal". Stored by these names.
std::string_view WitnessName(Witness witness);

struct PastPublication {
  PublicationData data;
  std::uint64_t time = 0;  // When it was first known, Unix seconds.
  Witness witness = Witness::kHere;
};

struct PastFile {
  Imprint hash;  // SHA-256 of the whole file.
  std::uint64_t time = 0;
  Witness witness = Witness::kHere;
};

// The publications that were believed, each while its signer was valid, and the newest such file.
class PublicationsPast {
 public:
  // Once each; it stays as it was first known.
  void Add(const PastPublication& publication);
  // `file` with its publications, but for those of a time of which others are known already.
  void AddFile(const PublicationsFile& file, std::uint64_t time, Witness witness);
  void SetFile(const PastFile& file) { file_ = file; }

  bool empty() const { return publications_.empty() && !file_.has_value(); }
  const std::optional<PastFile>& file() const { return file_; }
  std::span<const PastPublication> publications() const { return publications_; }  // Ascending.

  // Null when there is none: of exactly this time; with the smallest time at or after it.
  const PastPublication* At(std::uint64_t publication_time) const;
  const PastPublication* Nearest(std::uint64_t time) const;
  const PastPublication* Find(const PublicationData& data) const;
  // Whether the very file is the one that is known.
  bool Knows(const PublicationsFile& file) const;

 private:
  std::vector<PastPublication> publications_;  // By ascending time.
  std::optional<PastFile> file_;
};

// SHA-256 of the whole file, as PastFile::hash.
Imprint HashOf(const PublicationsFile& file);

// When a publications file was judged, and why then.
struct FileStanding {
  std::uint64_t time = 0;
  std::optional<Witness> witness;  // Nothing: at the time that was asked for.
};

// Whether `file` is to be believed at `at_time`: by VerifyPublicationsFile() at that time, or,
// where only dates speak against it, at the time at which `past` (may be null) knows the same bytes
// to have been there. Errors: as VerifyPublicationsFile().   Thread: pure function.
absl::StatusOr<FileStanding> JudgePublicationsFile(const PublicationsFile& file,
                                                   std::span<const Certificate> trust_anchors,
                                                   std::span<const SubjectConstraint> constraints,
                                                   std::uint64_t at_time,
                                                   const PublicationsPast* past);

// The second at which `file` is proven to have been there: that of `seal`, a signature of its
// bytes, which must lead to the publication `code` or, without one, to a publication of `other`, a
// file that is believed already. A key's word is not enough: keys of before may be in anybody's
// hands. Errors: kInvalidArgument when `other` is `file`, which cannot vouch for itself;
// kPermissionDenied when the seal fails, kOutOfRange when it is inconclusive, both with the reason;
// else as Verify().
absl::StatusOr<std::uint64_t> ProveExistence(const PublicationsFile& file, const Signature& seal,
                                             const std::optional<PublicationData>& code,
                                             const PublicationsFile* other);

}  // namespace pitser::ledger
