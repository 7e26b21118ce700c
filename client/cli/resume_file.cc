#include "client/cli/resume_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/new_file.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/signature.h"

namespace pitser::cli {
namespace {

using ledger::Append;
using ledger::Bytes;
using ledger::ByteVector;
using ledger::Imprint;

constexpr std::string_view kMagic = "pitser-resume-1\n";
constexpr std::size_t kLengthSize = 8;
constexpr std::size_t kDigestSize = 32;
constexpr std::uint64_t kMaxContent = std::uint64_t{1} << 30;

absl::Status LocalFile(std::string_view what, const std::string& path, int error) {
  return Error(ExitCode::kLocalFile,
               absl::StrFormat("cannot %s '%s': %s", what, path, std::strerror(error)));
}

Imprint DigestOf(Bytes content) { return *ledger::Hash(ledger::HashAlgorithm::kSha256, {content}); }

absl::Status WriteAt(const std::string& path, int fd, std::uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t put = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return LocalFile("write", path, errno);
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return absl::OkStatus();
}

// Takes fields off the front of a tree's content; once one runs past the end, all do.
class Fields {
 public:
  explicit Fields(Bytes rest) : rest_(rest) {}

  bool good() const { return good_; }
  bool done() const { return good_ && rest_.empty(); }

  Bytes Take(std::uint64_t size) {
    good_ = good_ && size <= rest_.size();
    if (!good_) return {};
    const Bytes taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return taken;
  }
  std::uint64_t TakeInt() {
    const Bytes bytes = Take(8);
    return good_ ? ledger::ReadBe64(bytes) : 0;
  }
  Bytes TakeSized() { return Take(TakeInt()); }
  std::optional<Imprint> TakeImprint() {
    const auto algorithm =
        good_ && !rest_.empty() ? ledger::HashAlgorithmFromId(rest_.front()) : std::nullopt;
    good_ = good_ && algorithm.has_value();
    if (!good_) return std::nullopt;
    const Bytes bytes = Take(1 + ledger::DigestSize(*algorithm));
    if (!good_) return std::nullopt;
    return *Imprint::Parse(bytes);
  }

 private:
  Bytes rest_;
  bool good_ = true;
};

void AppendSized(ByteVector& out, Bytes bytes) {
  ledger::AppendBe64(out, bytes.size());
  Append(out, bytes);
}

// The content of a tree, as ParseTree() takes it.
ByteVector WriteTree(const client::SignedBlock& block, const Imprint& documents, Bytes taken) {
  ByteVector out;
  out.reserve(taken.size() + block.size() * ledger::kMaxImprintSize + 4096);
  Append(out, documents.bytes());
  // A zero imprint says which algorithm the nodes are of.
  Append(out, block.masking() ? block.masking()->previous.bytes()
                              : Imprint::Zero(block.algorithm()).bytes());
  AppendSized(out, block.masking() ? Bytes(block.masking()->iv) : Bytes());
  AppendSized(out, block.root().bytes());
  AppendSized(out, taken);
  for (std::size_t i = 0; i < block.size(); ++i) Append(out, block.block().leaf(i).imprint.bytes());
  return out;
}

std::optional<ResumeTree> ParseTree(Bytes content) {
  Fields fields(content);
  const std::optional<Imprint> documents = fields.TakeImprint();
  const std::optional<Imprint> previous = fields.TakeImprint();
  const Bytes iv = fields.TakeSized();
  const Bytes root = fields.TakeSized();
  const Bytes taken = fields.TakeSized();
  if (!fields.good()) return std::nullopt;
  ResumeTree tree{.documents = *documents,
                  .taken = ledger::ToVector(taken),
                  .hashes = {},
                  .algorithm = previous->algorithm(),
                  .masking = {},
                  .root = ledger::ToVector(root)};
  if (!iv.empty())
    tree.masking = ledger::Masking{.iv = ledger::ToVector(iv), .previous = *previous};
  for (const std::uint8_t is_leaf : taken) {
    if (is_leaf == 0) continue;
    const std::optional<Imprint> hash = fields.TakeImprint();
    if (!hash) return std::nullopt;
    tree.hashes.push_back(*hash);
  }
  if (!fields.done() || tree.hashes.empty()) return std::nullopt;
  return tree;
}

absl::Status NotWhatABatchKeeps(const std::string& path) {
  return Error(ExitCode::kLocalFile,
               absl::StrFormat("'%s' is not what a batch keeps to go on from", path),
               "move it away, or name another archive with -o");
}

// Makes the file, which then is this user's alone, or opens the one that is there. A symbolic link
// is not followed, whoever laid it: the masks' secret goes into this file.
absl::StatusOr<int> OpenOrMake(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    fd = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO)) {
      return NotWhatABatchKeeps(path);
    }
  }
  if (fd < 0) return LocalFile("write", path, errno);
  return fd;
}

// Looks at the open file; nothing of it is changed.
absl::Status CheckIsOurs(const std::string& path, int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return LocalFile("look at", path, errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink > 1) return NotWhatABatchKeeps(path);
  // One that was removed since belonged to a run that has just ended.
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &info) != 0 || info.st_nlink == 0) {
    return Error(ExitCode::kLocalFile, absl::StrFormat("another pitser is at work on '%s'", path));
  }
  if (info.st_uid == geteuid() && (info.st_mode & 077) == 0) return absl::OkStatus();
  return Error(ExitCode::kLocalFile,
               absl::StrFormat("'%s' is to hold a secret, and it is not yours alone", path),
               absl::StrFormat("if you made it, run 'chmod 600 %s'; otherwise move it away", path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ResumeFile>> ResumeFile::Open(const std::string& path) {
  PITSER_ASSIGN_OR_RETURN(const int fd, OpenOrMake(path));
  std::unique_ptr<ResumeFile> file(new ResumeFile(path, fd));
  PITSER_RETURN_IF_ERROR(CheckIsOurs(path, fd));
  PITSER_ASSIGN_OR_RETURN(const ByteVector head, file->ReadAt(0, kMagic.size()));
  if (head.empty()) {
    PITSER_RETURN_IF_ERROR(WriteAt(path, fd, 0, ledger::AsBytes(kMagic)));
  } else if (ledger::AsText(head) != kMagic) {
    return NotWhatABatchKeeps(path);
  }
  file->ours_ = true;
  file->end_ = kMagic.size();
  return file;
}

ResumeFile::~ResumeFile() {
  if (ours_ && end_ == kMagic.size()) Remove();
  close(fd_);
}

absl::StatusOr<ByteVector> ResumeFile::ReadAt(std::uint64_t offset, std::size_t size) const {
  ByteVector bytes(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got =
        pread(fd_, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return LocalFile("read", path_, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

absl::StatusOr<std::optional<ResumeTree>> ResumeFile::Next() {
  struct stat info {};
  if (fstat(fd_, &info) != 0) return LocalFile("read", path_, errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  PITSER_ASSIGN_OR_RETURN(const ByteVector length_bytes, ReadAt(end_, kLengthSize));
  if (length_bytes.size() < kLengthSize) return std::optional<ResumeTree>();
  const std::uint64_t length = ledger::ReadBe64(length_bytes);
  if (length > kMaxContent || end_ + kLengthSize + length + kDigestSize > size) {
    return std::optional<ResumeTree>();
  }
  PITSER_ASSIGN_OR_RETURN(const ByteVector content,
                          ReadAt(end_ + kLengthSize, static_cast<std::size_t>(length)));
  PITSER_ASSIGN_OR_RETURN(const ByteVector digest,
                          ReadAt(end_ + kLengthSize + length, kDigestSize));
  if (!ledger::Equal(digest, DigestOf(content).digest())) return std::optional<ResumeTree>();
  std::optional<ResumeTree> tree = ParseTree(content);
  if (!tree) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("'%s' has a tree that this version cannot read", path_));
  }
  end_ += kLengthSize + length + kDigestSize;
  return tree;
}

absl::Status ResumeFile::Append(const client::SignedBlock& block, const Imprint& documents,
                                Bytes taken) {
  const ByteVector content = WriteTree(block, documents, taken);
  ByteVector length;
  ledger::AppendBe64(length, content.size());
  PITSER_RETURN_IF_ERROR(WriteAt(path_, fd_, end_, length));
  PITSER_RETURN_IF_ERROR(WriteAt(path_, fd_, end_ + kLengthSize, content));
  PITSER_RETURN_IF_ERROR(
      WriteAt(path_, fd_, end_ + kLengthSize + content.size(), DigestOf(content).digest()));
  const std::uint64_t end = end_ + kLengthSize + content.size() + kDigestSize;
  // Nothing of an earlier, broken tree may be taken for the next one.
  if (ftruncate(fd_, static_cast<off_t>(end)) != 0 || fdatasync(fd_) != 0) {
    return LocalFile("write", path_, errno);
  }
  if (end_ == kMagic.size()) {
    const absl::Status synced = client::SyncFolderOf(path_);  // The first one: its name, too.
    if (!synced.ok()) return WithExitCode(synced, ExitCode::kLocalFile);
  }
  end_ = end;
  return absl::OkStatus();
}

void ResumeFile::Remove() {
  ours_ = false;
  unlink(path_.c_str());
}

}  // namespace pitser::cli
