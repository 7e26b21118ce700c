#include "client/file_batch.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "ledger/base/status.h"

namespace pitser::client {
namespace {

dev_t DeviceOf(const NewFile& file) {
  struct stat info {};
  return fstat(file.fd(), &info) == 0 ? info.st_dev : 0;
}

constexpr std::size_t kMaxTogether = 16'384;

}  // namespace

std::size_t FilesTogether() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit higher{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0) limit = higher;
  }
  return std::clamp<std::size_t>(static_cast<std::size_t>(limit.rlim_cur) / 2, 16, kMaxTogether);
}

FileBatch::FileBatch(const FileBatchOptions& options, Done done)
    : options_(options), done_(std::move(done)) {}

FileBatch::~FileBatch() = default;

absl::Status FileBatch::Add(std::size_t id, const std::string& path, ledger::Bytes content) {
  PITSER_ASSIGN_OR_RETURN(
      std::unique_ptr<NewFile> file,
      NewFile::Create(path, {.replace = options_.replace, .mode = options_.mode}, options_.named));
  PITSER_RETURN_IF_ERROR(file->Write(content));
  std::vector<Written> full;
  {
    const base::MutexLock lock(mu_);
    written_.push_back({id, std::move(file)});
    if (written_.size() < options_.max_open) return absl::OkStatus();
    full.swap(written_);
  }
  if (const absl::Status status = Release(std::move(full)); !status.ok()) {
    const base::MutexLock lock(mu_);
    if (sync_status_.ok()) sync_status_ = status;
  }
  return absl::OkStatus();  // Of this file and the others `done_` has told.
}

absl::Status FileBatch::Release(std::vector<Written> files) {
  std::vector<dev_t> devices;
  std::map<dev_t, const NewFile*> systems;
  for (const Written& written : files) {
    devices.push_back(DeviceOf(*written.file));
    systems.emplace(devices.back(), written.file.get());
  }
  absl::Status synced;
  for (const auto& [device, file] : systems) {
    const absl::Status status = SyncFileSystemOf(file->fd(), file->path());
    if (synced.ok()) synced = status;
  }
  const base::MutexLock lock(done_mu_);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const absl::Status status = synced.ok() ? files[i].file->Appear() : synced;
    done_(files[i].id, status);
    if (status.ok()) one_of_each_.try_emplace(devices[i], std::move(files[i].file));
  }
  return synced;
}

absl::Status FileBatch::Finish() {
  std::vector<Written> rest;
  absl::Status status;
  {
    const base::MutexLock lock(mu_);
    rest.swap(written_);
    status = sync_status_;
  }
  if (!rest.empty()) {
    const absl::Status released = Release(std::move(rest));
    if (status.ok()) status = released;
  }
  const base::MutexLock lock(done_mu_);
  for (const auto& [device, file] : one_of_each_) {
    const absl::Status synced = SyncFileSystemOf(file->fd(), file->path());
    if (status.ok()) status = synced;
  }
  one_of_each_.clear();
  return status;
}

}  // namespace pitser::client
