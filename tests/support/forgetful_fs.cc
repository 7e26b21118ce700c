#include "tests/support/forgetful_fs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "ledger/base/check.h"

namespace pitser::testing {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::string Normal(const std::string& path) {  // RocksDB writes "a//b" at times.
  std::string out;
  for (char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out.push_back(c);
  }
  if (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.find_last_of('/')); }
std::string NameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

// RocksDB's information log; "LOCK" is not one.
bool IsLog(const std::string& path) { return NameOf(path).rfind("LOG", 0) == 0; }

IOStatus NotFound(const std::string& path) {
  return IOStatus::PathNotFound("no such file (forgetful)", path);
}

bool OnDisk(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

void WriteAt(int descriptor, std::size_t offset, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = pwrite(descriptor, data.data(), data.size(), static_cast<off_t>(offset));
    PITSER_CHECK(n > 0);
    data.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
}

void ReadFrom(const std::string& content, std::uint64_t offset, std::size_t n, Slice* result,
              char* scratch) {
  const std::size_t begin = std::min<std::size_t>(offset, content.size());
  const std::size_t count = std::min(n, content.size() - begin);
  std::memcpy(scratch, content.data() + begin, count);
  *result = Slice(scratch, count);
}

}  // namespace

ForgetfulFileSystem::File::~File() {
  if (descriptor >= 0) close(descriptor);
}

// Open files
// ---------------------------------------------------------------------------------------

class ForgetfulFileSystem::Writable : public rocksdb::FSWritableFile {
 public:
  Writable(ForgetfulFileSystem& fs, std::string path, std::shared_ptr<File> file)
      : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}
  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return fs_.Append(path_, *file_, data);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    const base::MutexLock lock(fs_.mu_);
    if (size >= file_->content.size()) return IOStatus::OK();
    file_->content.resize(size);
    file_->changed = std::min<std::size_t>(size, file_->changed.value_or(size));
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return fs_.Sync(path_, *file_); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return fs_.Sync(path_, *file_); }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    const base::MutexLock lock(fs_.mu_);
    return file_->content.size();
  }

 private:
  ForgetfulFileSystem& fs_;
  const std::string path_;
  const std::shared_ptr<File> file_;
};

class ForgetfulFileSystem::Sequential : public rocksdb::FSSequentialFile {
 public:
  Sequential(ForgetfulFileSystem& fs, std::shared_ptr<File> file)
      : fs_(fs), file_(std::move(file)) {}
  IOStatus Read(std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    const base::MutexLock lock(fs_.mu_);
    ReadFrom(file_->content, at_, n, result, scratch);
    at_ += result->size();
    return IOStatus::OK();
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  ForgetfulFileSystem& fs_;
  const std::shared_ptr<File> file_;
  std::uint64_t at_ = 0;
};

class ForgetfulFileSystem::RandomAccess : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccess(ForgetfulFileSystem& fs, std::shared_ptr<File> file)
      : fs_(fs), file_(std::move(file)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    const base::MutexLock lock(fs_.mu_);
    ReadFrom(file_->content, offset, n, result, scratch);
    return IOStatus::OK();
  }

 private:
  ForgetfulFileSystem& fs_;
  const std::shared_ptr<File> file_;
};

class ForgetfulFileSystem::RandomReadWrite : public rocksdb::FSRandomRWFile {
 public:
  RandomReadWrite(ForgetfulFileSystem& fs, std::string path, std::shared_ptr<File> file)
      : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}
  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions&,
                 IODebugContext*) override {
    return fs_.Write(path_, *file_, offset, data);
  }
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    const base::MutexLock lock(fs_.mu_);
    ReadFrom(file_->content, offset, n, result, scratch);
    return IOStatus::OK();
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return fs_.Sync(path_, *file_); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return fs_.Sync(path_, *file_); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  ForgetfulFileSystem& fs_;
  const std::string path_;
  const std::shared_ptr<File> file_;
};

class ForgetfulFileSystem::Folder : public rocksdb::FSDirectory {
 public:
  Folder(ForgetfulFileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return fs_.SyncFolder(path_); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  ForgetfulFileSystem& fs_;
  const std::string path_;
};

// Faults ------------------------------------------------------------------------------------------

void ForgetfulFileSystem::SetFaultHook(FaultHook hook) {
  const base::MutexLock lock(mu_);
  hook_ = std::move(hook);
}

void ForgetfulFileSystem::SetFreeSpace(std::optional<std::uint64_t> bytes) {
  const base::MutexLock lock(mu_);
  free_space_ = bytes;
}

void ForgetfulFileSystem::Crash() {
  const base::MutexLock lock(mu_);
  crashed_ = true;
}

std::optional<ForgetfulFileSystem::Fault> ForgetfulFileSystem::Staged(Step step,
                                                                      const std::string& path) {
  FaultHook hook;
  {
    const base::MutexLock lock(mu_);
    if (crashed_) return Fault{IOStatus::IOError("crashed (forgetful)", path)};
    hook = hook_;
  }
  return hook ? hook(step, path) : std::nullopt;
}

// Bytes -------------------------------------------------------------------------------------------

IOStatus ForgetfulFileSystem::Append(const std::string& path, File& file, const Slice& data) {
  const std::optional<Fault> fault = Staged(Step::kAppend, path);
  const std::size_t count = fault ? std::min(fault->written, data.size()) : data.size();
  const base::MutexLock lock(mu_);
  if (count > 0 && !file.changed) file.changed = file.content.size();
  file.content.append(data.data(), count);
  return fault ? fault->status : IOStatus::OK();
}

IOStatus ForgetfulFileSystem::Write(const std::string& path, File& file, std::uint64_t offset,
                                    const Slice& data) {
  const std::optional<Fault> fault = Staged(Step::kAppend, path);
  const std::size_t count = fault ? std::min(fault->written, data.size()) : data.size();
  const base::MutexLock lock(mu_);
  if (file.content.size() < offset + count) file.content.resize(offset + count);
  file.content.replace(offset, count, data.data(), count);
  file.changed = std::min<std::size_t>(offset, file.changed.value_or(offset));
  return fault ? fault->status : IOStatus::OK();
}

IOStatus ForgetfulFileSystem::Sync(const std::string& path, File& file) {
  if (const auto fault = Staged(Step::kSync, path)) return fault->status;
  const base::MutexLock lock(mu_);
  if (!file.changed) return IOStatus::OK();
  const std::size_t from = *file.changed;
  const std::string_view changed = std::string_view(file.content).substr(from);
  if (file.descriptor >= 0) {
    WriteAt(file.descriptor, from, changed);
    PITSER_CHECK(ftruncate(file.descriptor, static_cast<off_t>(file.content.size())) == 0);
  } else {
    file.synced.resize(from);
    file.synced.append(changed);
  }
  file.changed.reset();
  return IOStatus::OK();
}

// Names -------------------------------------------------------------------------------------------

std::shared_ptr<ForgetfulFileSystem::File> ForgetfulFileSystem::Find(const std::string& path) {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

std::shared_ptr<ForgetfulFileSystem::File> ForgetfulFileSystem::Load(const std::string& path) {
  if (auto file = Find(path)) return file;
  if (gone_.contains(path) || !OnDisk(path)) return nullptr;
  auto file = std::make_shared<File>();
  std::ifstream in(path, std::ios::binary);
  file->content.assign(std::istreambuf_iterator<char>(in), {});
  file->descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  PITSER_CHECK(file->descriptor >= 0);
  file->durable_name = path;
  files_[path] = file;
  return file;
}

std::shared_ptr<ForgetfulFileSystem::File> ForgetfulFileSystem::Create(const std::string& path) {
  auto file = std::make_shared<File>();
  files_[path] = file;
  gone_.erase(path);
  pending_[FolderOf(path)].push_back({NameChange::Kind::kCreate, path, file});
  return file;
}

// The file on disk, under this name, with what is synced of it.
void ForgetfulFileSystem::MakeDurable(const std::string& path, File& file) {
  unlink(path.c_str());  // Another file may have had the name.
  file.descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  PITSER_CHECK(file.descriptor >= 0);
  WriteAt(file.descriptor, 0, file.synced);
  file.synced.clear();
  file.durable_name = path;
}

IOStatus ForgetfulFileSystem::SyncFolder(const std::string& folder) {
  if (const auto fault = Staged(Step::kSyncFolder, folder)) return fault->status;
  const base::MutexLock lock(mu_);
  return ApplyNameChanges(folder);
}

IOStatus ForgetfulFileSystem::ApplyNameChanges(const std::string& folder) {
  for (NameChange& change : pending_[folder]) {
    if (change.kind == NameChange::Kind::kDelete) {
      unlink(change.path.c_str());
    } else if (change.file->descriptor < 0) {
      MakeDurable(change.path, *change.file);
    } else if (change.kind == NameChange::Kind::kRename) {
      PITSER_CHECK(rename(change.file->durable_name.c_str(), change.path.c_str()) == 0);
      change.file->durable_name = change.path;
    }
  }
  pending_.erase(folder);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::DeleteFile(const std::string& raw, const Options& options,
                                         Context* context) {
  const std::string path = Normal(raw);
  if (IsLog(path)) return FileSystemWrapper::DeleteFile(path, options, context);
  if (const auto fault = Staged(Step::kDelete, path)) return fault->status;
  const base::MutexLock lock(mu_);
  const bool here = files_.erase(path) > 0;
  if (!here && (gone_.contains(path) || !OnDisk(path))) return NotFound(path);
  gone_.insert(path);
  pending_[FolderOf(path)].push_back({NameChange::Kind::kDelete, path, nullptr});
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::RenameFile(const std::string& raw_from, const std::string& raw_to,
                                         const Options& options, Context* context) {
  const std::string from = Normal(raw_from);
  const std::string to = Normal(raw_to);
  if (IsLog(from)) return FileSystemWrapper::RenameFile(from, to, options, context);
  if (const auto fault = Staged(Step::kRename, to)) return fault->status;
  const base::MutexLock lock(mu_);
  const auto file = Load(from);
  if (file == nullptr) return NotFound(from);
  files_.erase(from);
  gone_.insert(from);
  files_[to] = file;
  gone_.erase(to);
  pending_[FolderOf(to)].push_back({NameChange::Kind::kRename, to, file});
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::DeleteDir(const std::string& raw, const Options& options,
                                        Context* context) {
  const std::string path = Normal(raw);
  {
    const base::MutexLock lock(mu_);
    const IOStatus applied = ApplyNameChanges(path);  // Its names go with it.
    if (!applied.ok()) return applied;
  }
  return FileSystemWrapper::DeleteDir(path, options, context);
}

IOStatus ForgetfulFileSystem::LinkFile(const std::string&, const std::string&, const Options&,
                                       Context*) {
  return IOStatus::NotSupported("links (forgetful)");  // RocksDB then copies.
}

// Opening -----------------------------------------------------------------------------------------

IOStatus ForgetfulFileSystem::NewSequentialFile(const std::string& raw,
                                                const rocksdb::FileOptions& options,
                                                std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                                Context* context) {
  const std::string path = Normal(raw);
  {
    const base::MutexLock lock(mu_);
    if (const auto file = Find(path)) {
      *result = std::make_unique<Sequential>(*this, file);
      return IOStatus::OK();
    }
    if (gone_.contains(path)) return NotFound(path);
  }
  return FileSystemWrapper::NewSequentialFile(path, options, result, context);
}

IOStatus ForgetfulFileSystem::NewRandomAccessFile(
    const std::string& raw, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSRandomAccessFile>* result, Context* context) {
  const std::string path = Normal(raw);
  {
    const base::MutexLock lock(mu_);
    if (const auto file = Find(path)) {
      *result = std::make_unique<RandomAccess>(*this, file);
      return IOStatus::OK();
    }
    if (gone_.contains(path)) return NotFound(path);
  }
  return FileSystemWrapper::NewRandomAccessFile(path, options, result, context);
}

IOStatus ForgetfulFileSystem::NewWritableFile(const std::string& raw,
                                              const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                                              Context* context) {
  const std::string path = Normal(raw);
  if (IsLog(path)) return FileSystemWrapper::NewWritableFile(path, options, result, context);
  if (const auto fault = Staged(Step::kCreate, path)) return fault->status;
  const base::MutexLock lock(mu_);
  *result = std::make_unique<Writable>(*this, path, Create(path));
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::ReopenWritableFile(const std::string& raw,
                                                 const rocksdb::FileOptions&,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                 Context*) {
  const std::string path = Normal(raw);
  if (const auto fault = Staged(Step::kCreate, path)) return fault->status;
  const base::MutexLock lock(mu_);
  auto file = Load(path);
  if (file == nullptr) file = Create(path);
  *result = std::make_unique<Writable>(*this, path, file);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::ReuseWritableFile(const std::string& path,
                                                const std::string& old_path,
                                                const rocksdb::FileOptions& options,
                                                std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                Context* context) {
  const IOStatus renamed = RenameFile(old_path, path, options.io_options, context);
  return renamed.ok() ? NewWritableFile(path, options, result, context) : renamed;
}

IOStatus ForgetfulFileSystem::NewRandomRWFile(const std::string& raw, const rocksdb::FileOptions&,
                                              std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                              Context*) {
  const std::string path = Normal(raw);
  const base::MutexLock lock(mu_);
  const auto file = Load(path);
  if (file == nullptr) return NotFound(path);
  *result = std::make_unique<RandomReadWrite>(*this, path, file);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::NewMemoryMappedFileBuffer(
    const std::string&, std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*) {
  return IOStatus::NotSupported("memory maps (forgetful)");
}

IOStatus ForgetfulFileSystem::NewDirectory(const std::string& path, const Options&,
                                           std::unique_ptr<rocksdb::FSDirectory>* result,
                                           Context*) {
  if (!OnDisk(path)) return NotFound(path);
  *result = std::make_unique<Folder>(*this, Normal(path));
  return IOStatus::OK();
}

// Asking ------------------------------------------------------------------------------------------

IOStatus ForgetfulFileSystem::FileExists(const std::string& raw, const Options& options,
                                         Context* context) {
  const std::string path = Normal(raw);
  {
    const base::MutexLock lock(mu_);
    if (Find(path) != nullptr) return IOStatus::OK();
    if (gone_.contains(path)) return IOStatus::NotFound();
  }
  return FileSystemWrapper::FileExists(path, options, context);
}

IOStatus ForgetfulFileSystem::GetChildren(const std::string& raw, const Options& options,
                                          std::vector<std::string>* result, Context* context) {
  const std::string folder = Normal(raw);
  std::vector<std::string> on_disk;
  const IOStatus status = FileSystemWrapper::GetChildren(folder, options, &on_disk, context);
  if (!status.ok()) return status;
  const base::MutexLock lock(mu_);
  std::set<std::string> names;
  for (const std::string& name : on_disk) {
    if (!gone_.contains(folder + "/" + name)) names.insert(name);
  }
  for (const auto& [path, file] : files_) {
    if (FolderOf(path) == folder) names.insert(NameOf(path));
  }
  result->assign(names.begin(), names.end());
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::GetChildrenFileAttributes(
    const std::string& folder, const Options& options, std::vector<rocksdb::FileAttributes>* result,
    Context* context) {
  return FileSystem::GetChildrenFileAttributes(folder, options, result, context);
}

IOStatus ForgetfulFileSystem::GetFileSize(const std::string& raw, const Options& options,
                                          std::uint64_t* size, Context* context) {
  const std::string path = Normal(raw);
  {
    const base::MutexLock lock(mu_);
    if (const auto file = Find(path)) {
      *size = file->content.size();
      return IOStatus::OK();
    }
    if (gone_.contains(path)) return NotFound(path);
  }
  return FileSystemWrapper::GetFileSize(path, options, size, context);
}

IOStatus ForgetfulFileSystem::GetFileModificationTime(const std::string& raw,
                                                      const Options& options, std::uint64_t* time,
                                                      Context* context) {
  const std::string path = Normal(raw);
  {
    const base::MutexLock lock(mu_);
    if (Find(path) != nullptr) {
      *time = 0;  // RocksDB only shows it.
      return IOStatus::OK();
    }
    if (gone_.contains(path)) return NotFound(path);
  }
  return FileSystemWrapper::GetFileModificationTime(path, options, time, context);
}

IOStatus ForgetfulFileSystem::Truncate(const std::string& raw, std::size_t size, const Options&,
                                       Context*) {
  const base::MutexLock lock(mu_);
  const auto file = Load(Normal(raw));
  if (file == nullptr) return NotFound(raw);
  file->changed = std::min({size, file->content.size(), file->changed.value_or(size)});
  file->content.resize(size);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::GetFreeSpace(const std::string& path, const Options& options,
                                           std::uint64_t* bytes, Context* context) {
  {
    const base::MutexLock lock(mu_);
    if (free_space_) {
      *bytes = *free_space_;
      return IOStatus::OK();
    }
  }
  return FileSystemWrapper::GetFreeSpace(path, options, bytes, context);
}

}  // namespace pitser::testing
