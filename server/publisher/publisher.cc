#include "server/publisher/publisher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "server/publisher/publication_store.h"
#include "server/publisher/schedule.h"

namespace pitser::server {
namespace {

using base::MutexLock;
using ledger::Annotate;
using ledger::PublicationData;
using ledger::PublicationRecord;
using ledger::PublicationsFile;
using ledger::PublicationsFileContent;

constexpr unsigned kPublicFolderMode = 0755;
constexpr unsigned kPublicFileMode = 0644;
constexpr absl::Duration kRetryAfter = absl::Seconds(10);
// How many of the newest publications are held against the calendar at start. Each costs O(log n)
// reads; a calendar that forked or was restored shows in the newest.
constexpr std::size_t kCheckedAtStart = 16;

absl::StatusOr<PublicationsFile> ReadPublicationsFile(const std::string& path) {
  PITSER_ASSIGN_OR_RETURN(const std::string bytes,
                          base::ReadFile(path, ledger::kMaxPublicationsFileSize));
  absl::StatusOr<PublicationsFile> file =
      PublicationsFile::Parse(ledger::ToVector(ledger::AsBytes(bytes)));
  if (!file.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is damaged (%s): 'pitserd publications restore' makes it again of what was published, "
        "or put back the newest copy",
        path, file.status().message()));
  }
  return file;
}

std::uint64_t UnixNow(const base::Clock& clock) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(clock.Now())));
}

class PublisherImpl final : public Publisher {
 public:
  PublisherImpl(PublisherOptions options, Core* core, const storage::Calendar* calendar,
                base::Clock* clock)
      : options_(std::move(options)),
        every_(static_cast<std::uint64_t>(absl::ToInt64Seconds(options_.every))),
        path_(PublicationsPath(options_.data_dir)),
        core_(core),
        calendar_(calendar),
        clock_(clock),
        waiter_(clock->NewWaiter()),
        keys_(options_.keys) {}
  ~PublisherImpl() override { Stop(); }

  absl::Status Start();

  std::shared_ptr<const PublicationsFile> file() const override {
    MutexLock lock(mu_);
    return file_;
  }
  absl::StatusOr<PublicationData> PublishNow() override;
  absl::Status UseKeys(const KeySet& keys) override;
  absl::Status Health() const override {
    MutexLock lock(mu_);
    return health_;
  }
  void Stop() override;

 private:
  void TellSchedule() const;
  absl::Status LoadOrMakeFile() PITSER_REQUIRES(publish_mu_);
  absl::Status CheckLoaded(const PublicationsFile& file) const PITSER_REQUIRES(publish_mu_);
  absl::Status CheckSignature(const PublicationsFile& file, std::uint64_t at) const
      PITSER_REQUIRES(publish_mu_);
  bool Lists(const PublicationsFileContent& content) const PITSER_REQUIRES(publish_mu_);
  absl::Status ListAndSign(PublicationsFileContent content) PITSER_REQUIRES(publish_mu_);
  absl::Status CheckMayBeMissing() const PITSER_REQUIRES(publish_mu_);
  absl::Status CheckNewest(const PublicationsFileContent& content) const;
  absl::Status CheckAgainstCalendar(const PublicationData& data) const;

  // The boundaries after basis_ up to and including `last_over`.
  std::vector<std::uint64_t> Missed(std::uint64_t last_over) const PITSER_REQUIRES(publish_mu_);
  absl::Status PublishMissed();
  absl::Status Publish(const std::vector<std::uint64_t>& times) PITSER_REQUIRES(publish_mu_);
  absl::Status AddPublications(const std::vector<std::uint64_t>& times,
                               PublicationsFileContent& content) const;
  absl::Status SignAndWrite(PublicationsFileContent content) PITSER_REQUIRES(publish_mu_);
  void SetHealth(const absl::Status& status);
  void Run();
  absl::Time NextBoundary();

  const PublisherOptions options_;
  const std::uint64_t every_;  // Seconds.
  const std::string path_;
  Core* const core_;
  const storage::Calendar* const calendar_;
  base::Clock* const clock_;
  const std::unique_ptr<base::Clock::Waiter> waiter_;

  base::Mutex publish_mu_;  // One publication at a time. Taken before mu_.
  KeySet keys_ PITSER_GUARDED_BY(publish_mu_);
  std::unique_ptr<PublicationStore> store_ PITSER_GUARDED_BY(publish_mu_);
  // Boundaries up to here are done with: the newest publication, or when the first file was made.
  std::uint64_t basis_ PITSER_GUARDED_BY(publish_mu_) = 0;

  mutable base::Mutex mu_;  // Leaf lock.
  std::shared_ptr<const PublicationsFile> file_ PITSER_GUARDED_BY(mu_);
  absl::Status health_ PITSER_GUARDED_BY(mu_);
  bool stopped_ PITSER_GUARDED_BY(mu_) = false;

  base::Thread thread_;  // Last: runs on all of the above.
};

absl::Status PublisherImpl::Start() {
  {
    MutexLock lock(publish_mu_);
    PITSER_RETURN_IF_ERROR(LoadOrMakeFile());
  }
  // What was missed is published before anybody is served; where that cannot be done now, the
  // thread tries again.
  const absl::Status missed = PublishMissed();
  SetHealth(missed);
  if (absl::IsDataLoss(missed)) return missed;
  TellSchedule();
  thread_ = base::Thread("publisher", [this] { Run(); });
  return absl::OkStatus();
}

void PublisherImpl::TellSchedule() const {
  const std::shared_ptr<const PublicationsFile> current = file();
  const std::uint64_t now = UnixNow(*clock_);
  const std::uint64_t full_at = FullAt(current->bytes().size(), options_.every, now);
  // A start in the year before that is refused, so it is told before.
  const auto tell = full_at - now < 2 * kShortestSchedule ? base::LogWarning : base::LogInfo;
  tell("publications_schedule", {{"every", absl::FormatDuration(options_.every)},
                                 {"next", NextDue(*current, options_.every)},
                                 {"file_full", DayOf(full_at)}});
}

absl::Status PublisherImpl::LoadOrMakeFile() {
  PITSER_RETURN_IF_ERROR(base::MakeDirectory(options_.data_dir + "/trust", kPublicFolderMode));
  PublicationsFileContent content;
  const std::uint64_t now = UnixNow(*clock_);
  basis_ = now;
  PITSER_ASSIGN_OR_RETURN(store_, PublicationStore::Open(PublicationStorePath(options_.data_dir)));
  const bool is_new = !base::Exists(path_);
  if (is_new) PITSER_RETURN_IF_ERROR(CheckMayBeMissing());
  if (!is_new) {
    PITSER_ASSIGN_OR_RETURN(PublicationsFile loaded, ReadPublicationsFile(path_));
    PITSER_RETURN_IF_ERROR(CheckLoaded(loaded));
    const PublicationRecord* latest = loaded.LatestPublication();
    // A first file may have been made by a clock that was ahead: no reason to wait for that time.
    basis_ = latest != nullptr ? latest->data.time : std::min(now, loaded.content().creation_time);
    content = loaded.content();
    MutexLock lock(mu_);
    file_ = std::make_shared<const PublicationsFile>(std::move(loaded));
  }
  // An older file was put back, or a crash came between the two.
  PITSER_ASSIGN_OR_RETURN(const std::size_t completed, store_->Complete(content));
  if (completed > 0) {
    base::LogWarning("publications_file_completed", {{"file", path_}, {"records", completed}});
    if (!content.publications.empty()) basis_ = content.publications.back().data.time;
  }
  PITSER_RETURN_IF_ERROR(Annotate(CheckNewest(content), path_));
  // What a clock that was ahead made, or a signer that has ended, is made anew by one that is
  // valid.
  const bool can_be_better =
      keys_.publications_signer.certificate.ValidAt(now) &&
      (content.creation_time > now || (!is_new && !CheckSignature(*file(), now).ok()));
  if (!is_new && !can_be_better && completed == 0 && Lists(content)) {
    return store_->Keep(content);  // A folder of before the store.
  }
  PITSER_RETURN_IF_ERROR(ListAndSign(std::move(content)));
  base::LogInfo("publications_file_made", {{"file", path_}, {"first", is_new}});
  return absl::OkStatus();
}

// Whether the certificate that calendar roots are signed under is in the file.
bool PublisherImpl::Lists(const PublicationsFileContent& content) const {
  const ledger::ByteVector der = keys_.calendar.certificate.der();
  return std::ranges::any_of(content.certificates,
                             [&](const auto& record) { return record.der == der; });
}

absl::Status PublisherImpl::ListAndSign(PublicationsFileContent content) {
  const ledger::ByteVector der = keys_.calendar.certificate.der();
  if (!Lists(content)) content.certificates.push_back({ledger::CertificateIdOf(der), der});
  return SignAndWrite(std::move(content));
}

absl::Status PublisherImpl::CheckSignature(const PublicationsFile& file, std::uint64_t at) const {
  return ledger::VerifyPublicationsFile(file, std::span(&keys_.root, 1),
                                        std::span(&keys_.constraint, 1), at);
}

absl::Status PublisherImpl::CheckLoaded(const PublicationsFile& loaded) const {
  // Else somebody could add a certificate to the file and have it signed by us.
  const absl::Status trusted = CheckSignature(loaded, loaded.content().creation_time);
  if (!trusted.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s was not signed by this server's keys: restore it from a backup, or, if the keys were "
        "changed on purpose, move it away with the rest of the folder: %s",
        path_, trusted.message()));
  }
  return absl::OkStatus();
}

// A file in place of the missing one would take the older publications and certificates from those
// who verify. Only a first start, which may have broken off, makes one.
absl::Status PublisherImpl::CheckMayBeMissing() const {
  if (!calendar_->head() && !store_->newest()) return absl::OkStatus();
  if (store_->there()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is missing: run 'pitserd publications restore --data %s', which makes it again of what "
        "was published, or put back the newest copy",
        path_, options_.data_dir));
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s is missing, and with it what was published: put back the newest copy that there is; "
      "whoever verifies has one",
      path_));
}

absl::Status PublisherImpl::CheckNewest(const PublicationsFileContent& content) const {
  const std::vector<PublicationRecord>& records = content.publications;
  std::vector<PublicationData> newest;
  newest.reserve(records.size());
  for (const PublicationRecord& record : records) newest.push_back(record.data);
  std::ranges::sort(newest, std::ranges::greater(), &PublicationData::time);
  if (newest.size() > kCheckedAtStart) {
    newest.erase(newest.begin() + kCheckedAtStart, newest.end());
  }
  for (const PublicationData& data : newest) PITSER_RETURN_IF_ERROR(CheckAgainstCalendar(data));
  return absl::OkStatus();
}

absl::Status PublisherImpl::CheckAgainstCalendar(const PublicationData& data) const {
  const absl::StatusOr<ledger::Imprint> root = calendar_->Root(data.time);
  if (absl::IsOutOfRange(root.status())) {
    return absl::DataLossError(absl::StrFormat(
        "second %d is published, but the calendar ends before it: it was restored from an old "
        "backup, or is another ledger's",
        data.time));
  }
  PITSER_RETURN_IF_ERROR(root);
  if (*root == data.hash) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "the calendar's root for second %d is not the one that was published: calendar and "
      "publications file are not of the same ledger, or one of them is damaged; restore both from "
      "one backup",
      data.time));
}

std::vector<std::uint64_t> PublisherImpl::Missed(std::uint64_t last_over) const {
  std::uint64_t first = (basis_ / every_ + 1) * every_;
  const std::uint64_t last = last_over / every_ * every_;
  std::vector<std::uint64_t> times;
  if (first > last) return times;
  const std::uint64_t count = (last - first) / every_ + 1;
  if (count > kMaxMadeUpPublications) {
    base::LogWarning("publications_skipped", {{"count", count - kMaxMadeUpPublications}});
    first = last - (kMaxMadeUpPublications - 1) * every_;
  }
  for (std::uint64_t time = first; time <= last; time += every_) times.push_back(time);
  return times;
}

absl::Status PublisherImpl::PublishMissed() {
  MutexLock lock(publish_mu_);
  const std::uint64_t now = UnixNow(*clock_);
  return now == 0 ? absl::OkStatus() : Publish(Missed(now - 1));
}

absl::Status PublisherImpl::Publish(const std::vector<std::uint64_t>& times) {
  const absl::Status health = Health();
  if (absl::IsDataLoss(health)) return health;
  if (times.empty()) return absl::OkStatus();
  const std::shared_ptr<const PublicationsFile> published = file();
  if (const PublicationRecord* latest = published->LatestPublication()) {
    PITSER_CHECK(latest->data.time < times.front());  // Never the same second twice.
    PITSER_RETURN_IF_ERROR(CheckAgainstCalendar(latest->data));
  }
  if (PublicationsThatFit(published->bytes().size()) < times.size()) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("the publications file is full: it has %d publications in %d bytes",
                        published->content().publications.size(), published->bytes().size()));
  }
  // The seconds are final, on disk, before their root is given away.
  PITSER_RETURN_IF_ERROR(core_->AdvanceHead(times.back()));
  PublicationsFileContent content = published->content();
  PITSER_RETURN_IF_ERROR(AddPublications(times, content));
  PITSER_RETURN_IF_ERROR(SignAndWrite(std::move(content)));
  basis_ = std::max(basis_, times.back());
  base::LogInfo("published", {{"time", times.back()}, {"count", times.size()}});
  return absl::OkStatus();
}

absl::Status PublisherImpl::AddPublications(const std::vector<std::uint64_t>& times,
                                            PublicationsFileContent& content) const {
  for (std::uint64_t time : times) {
    PITSER_ASSIGN_OR_RETURN(const ledger::Imprint root, calendar_->Root(time));
    content.publications.push_back({{time, root}, {}, {}});
  }
  return absl::OkStatus();
}

absl::Status PublisherImpl::SignAndWrite(PublicationsFileContent content) {
  const Identity& signer = keys_.publications_signer;
  const std::uint64_t now = UnixNow(*clock_);
  if (!signer.certificate.ValidAt(now)) {
    return absl::UnavailableError(absl::StrFormat(
        "the publications certificate '%s' is not valid now, so nothing is published: have it "
        "renewed by putting the root's key in place, or replace the configured one",
        signer.certificate.Subject()));
  }
  content.creation_time = now;
  content.repository_uri = options_.repository_uri;
  PITSER_ASSIGN_OR_RETURN(PublicationsFile file, ledger::BuildPublicationsFile(
                                                     content, signer.certificate, signer.key, now));
  // First where nobody reads it: nothing that somebody may have seen is only in the file.
  PITSER_RETURN_IF_ERROR(store_->Keep(content));
  PITSER_RETURN_IF_ERROR(base::WriteFileDurably(path_, file.bytes(), kPublicFileMode));
  MutexLock lock(mu_);
  file_ = std::make_shared<const PublicationsFile>(std::move(file));
  return absl::OkStatus();
}

absl::StatusOr<PublicationData> PublisherImpl::PublishNow() {
  MutexLock lock(publish_mu_);
  {
    MutexLock state(mu_);
    if (stopped_) return absl::UnavailableError("the server is shutting down");
  }
  const std::uint64_t now = UnixNow(*clock_);
  const std::uint64_t newest_over = now == 0 ? 0 : now - 1;
  const PublicationRecord* latest = file()->LatestPublication();
  const std::uint64_t published = latest != nullptr ? latest->data.time : 0;
  if (published > newest_over) {
    return absl::UnavailableError(absl::StrFormat(
        "the clock says %d, which is before the newest publication, %d: set the clock right", now,
        published));
  }
  if (published < newest_over) {
    std::vector<std::uint64_t> times = Missed(newest_over);
    if (times.empty() || times.back() != newest_over) times.push_back(newest_over);
    const absl::Status done = Publish(times);
    if (absl::IsDataLoss(done)) SetHealth(done);
    PITSER_RETURN_IF_ERROR(done);
  }
  const std::shared_ptr<const PublicationsFile> current = file();
  latest = current->LatestPublication();
  if (latest == nullptr) return absl::UnavailableError("no second is over yet");
  return latest->data;
}

absl::Status PublisherImpl::UseKeys(const KeySet& keys) {
  MutexLock lock(publish_mu_);
  {
    MutexLock state(mu_);
    if (stopped_) return absl::UnavailableError("the server is shutting down");
    if (absl::IsDataLoss(health_)) return health_;
  }
  KeySet before = std::exchange(keys_, keys);
  const std::shared_ptr<const PublicationsFile> current = file();
  const bool same_signer =
      before.publications_signer.certificate.der() == keys_.publications_signer.certificate.der();
  if (same_signer && Lists(current->content())) return absl::OkStatus();
  const absl::Status written = ListAndSign(current->content());
  if (!written.ok()) keys_ = std::move(before);
  return written;
}

void PublisherImpl::SetHealth(const absl::Status& status) {
  if (absl::IsDataLoss(status)) {
    base::LogError("publisher_stopped", {{"reason", status}});
  } else if (!status.ok()) {
    base::LogWarning("publication_failed", {{"reason", status}});
  }
  MutexLock lock(mu_);
  if (!absl::IsDataLoss(health_)) health_ = status;  // That one stays.
}

absl::Time PublisherImpl::NextBoundary() {
  MutexLock lock(publish_mu_);
  const std::uint64_t next = (basis_ / every_ + 1) * every_;
  // Its second must be over.
  return absl::FromUnixSeconds(static_cast<std::int64_t>(next + 1));
}

void PublisherImpl::Run() {
  while (true) {
    const absl::Time until = Health().ok() ? NextBoundary() : clock_->Now() + kRetryAfter;
    // Woken by Stop(); a wall clock that is set back only makes the boundary come later.
    if (!waiter_->WaitUntil(until)) return;
    const absl::Status status = PublishMissed();
    SetHealth(status);
    if (absl::IsDataLoss(status)) return;
  }
}

void PublisherImpl::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  waiter_->Interrupt();
  thread_.Join();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Publisher>> StartPublisher(PublisherOptions options, Core* core,
                                                          const storage::Calendar* calendar,
                                                          base::Clock* clock) {
  if (options.every < absl::Seconds(1) ||
      options.every % absl::Seconds(1) != absl::ZeroDuration() ||
      options.every == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("publications are made every so many whole seconds, at least one, not every ",
                     absl::FormatDuration(options.every)));
  }
  auto publisher = std::make_unique<PublisherImpl>(std::move(options), core, calendar, clock);
  PITSER_RETURN_IF_ERROR(publisher->Start());
  return publisher;
}

std::string PublicationsPath(const std::string& data_dir) {
  return data_dir + "/trust/publications.bin";
}

std::string PublicationStorePath(const std::string& data_dir) {
  return data_dir + "/publications.store";
}

absl::StatusOr<std::optional<std::uint64_t>> NewestPublicationTime(const std::string& data_dir) {
  PITSER_ASSIGN_OR_RETURN(const auto store, PublicationStore::Open(PublicationStorePath(data_dir)));
  const std::string path = PublicationsPath(data_dir);
  if (!base::Exists(path)) return store->newest();
  PITSER_ASSIGN_OR_RETURN(const PublicationsFile file, ReadPublicationsFile(path));
  const PublicationRecord* latest = file.LatestPublication();
  if (latest == nullptr) return store->newest();
  return std::max(std::optional(latest->data.time), store->newest());
}

absl::StatusOr<std::optional<std::uint64_t>> PublicationsFileTime(const std::string& data_dir) {
  const std::string path = PublicationsPath(data_dir);
  if (!base::Exists(path)) return std::optional<std::uint64_t>();
  PITSER_ASSIGN_OR_RETURN(const PublicationsFile file, ReadPublicationsFile(path));
  return std::optional<std::uint64_t>(file.content().creation_time);
}

}  // namespace pitser::server
