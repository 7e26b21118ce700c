#include "client/trust_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/file.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/trust_code.h"

namespace pitser::client {
namespace {

using ledger::PublicationsPast;
using ledger::Witness;

// Two hundred years of daily publications have 6 MiB.
constexpr std::size_t kMaxRecordSize = std::size_t{64} << 20;

constexpr std::string_view kHead =
    "# What was verified in this folder while the certificate of its signer was valid: it stays "
    "believed\n# when that has ended. Written by `pitser`; keep it with the folder.\n";

std::string PathOf(const std::string& folder) {
  return (std::filesystem::path(folder) / kRecordFile).string();
}

// "VALUE SECONDS here|seal".
struct Entry {
  std::string value;
  std::uint64_t time = 0;
  Witness witness = Witness::kHere;
};

bool ParseEntry(absl::string_view text, Entry& entry) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() != 3 || !absl::SimpleAtoi(words[1], &entry.time)) return false;
  for (const Witness witness : {Witness::kHere, Witness::kSeal}) {
    if (ledger::ToStd(words[2]) != WitnessName(witness)) continue;
    entry.value = std::string(words[0]);
    entry.witness = witness;
    return true;
  }
  return false;
}

void TakeFile(const Entry& entry, PublicationsPast& past) {
  const auto hash = ledger::Imprint::FromText(entry.value);
  if (hash.ok()) past.SetFile({.hash = *hash, .time = entry.time, .witness = entry.witness});
}

void TakePublication(const Entry& entry, PublicationsPast& past) {
  const auto data = ledger::ParsePublicationCode(entry.value);
  if (data.ok()) past.Add({.data = *data, .time = entry.time, .witness = entry.witness});
}

// Keeps other processes from writing while this one reads and writes; never waits.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    held_ = fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0;
  }
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const { return held_; }

 private:
  const int fd_;
  bool held_ = false;
};

// A clock that is behind what has happened would make a forgery of later one of before.
bool ClockMayBeRight(const PublicationsPast& past, const ledger::PublicationsFile& file,
                     std::uint64_t now) {
  const ledger::PublicationRecord* latest = file.LatestPublication();
  return now >= file.content().creation_time && (latest == nullptr || now >= latest->data.time) &&
         (!past.file() || now >= past.file()->time) &&
         std::ranges::all_of(past.publications(), [&](const auto& one) { return now >= one.time; });
}

}  // namespace

std::string RecordOwner(const Trust& trust) {
  std::string owner;
  for (const ledger::Certificate& anchor : trust.anchors) {
    owner += (owner.empty() ? "" : " ") + ledger::TrustCode(anchor, trust.constraints);
  }
  return owner;
}

std::string RecordText(const PublicationsPast& past, std::string_view trust) {
  std::string text = absl::StrFormat("%strust = %s\n", kHead, trust);
  if (const auto& file = past.file(); file) {
    absl::StrAppendFormat(&text, "file = %s %d %s\n", file->hash.ToText(), file->time,
                          WitnessName(file->witness));
  }
  for (const ledger::PastPublication& one : past.publications()) {
    absl::StrAppendFormat(&text, "publication = %s %d %s\n",
                          ledger::EncodePublicationCode(one.data), one.time,
                          WitnessName(one.witness));
  }
  return text;
}

PublicationsPast ParseRecord(std::string_view text, std::string_view trust) {
  PublicationsPast past;
  bool ours = false;
  for (const absl::string_view line : absl::StrSplit(ledger::ToAbsl(text), '\n')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(line, absl::MaxSplits(" = ", 1));
    Entry entry;
    if (pair.first == "trust") {
      ours = ledger::ToStd(pair.second) == trust;
    } else if (ours && ParseEntry(pair.second, entry)) {
      if (pair.first == "file") TakeFile(entry, past);
      if (pair.first == "publication") TakePublication(entry, past);
    }
  }
  return past;
}

PublicationsPast LoadRecord(const std::string& folder, const Trust& trust) {
  if (!FileExists(PathOf(folder))) return {};
  const auto content = ReadFile(PathOf(folder), kMaxRecordSize);
  if (!content.ok()) return {};
  return ParseRecord(ledger::AsText(*content), RecordOwner(trust));
}

absl::Status StoreRecord(const std::string& folder, const Trust& trust,
                         const PublicationsPast& past) {
  const std::string text = RecordText(past, RecordOwner(trust));
  return WriteFile(PathOf(folder), ledger::AsBytes(text), {.replace = true, .mode = 0644});
}

absl::Status RecordVerified(const std::string& folder, const Trust& trust,
                            const ledger::PublicationsFile& file, std::uint64_t now) {
  if (trust.past.Knows(file)) return absl::OkStatus();
  const FolderLock lock(folder);
  if (!lock.held()) return absl::OkStatus();
  PublicationsPast past = LoadRecord(folder, trust);
  if (past.Knows(file) || !ClockMayBeRight(past, file, now)) return absl::OkStatus();
  past.AddFile(file, now, Witness::kHere);
  return StoreRecord(folder, trust, past);
}

}  // namespace pitser::client
