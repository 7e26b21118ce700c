#include "client/cli/batch_output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "client/cli/entry_name.h"
#include "client/cli/exit_code.h"
#include "client/cli/inputs.h"
#include "client/cli/text.h"
#include "client/file_batch.h"
#include "client/new_file.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"

namespace pitser::cli {
namespace {

using client::SignatureRun;
using client::SignedBlock;

// Written to the disk while the rest is still being made.
constexpr std::size_t kWriteback = 32 << 20;

absl::Status LocalFile(const absl::Status& status) {
  return status.ok() ? status : WithExitCode(status, ExitCode::kLocalFile);
}

class FilesOutput final : public BatchOutput {
 public:
  explicit FilesOutput(bool replace)
      : batch_({.replace = replace, .max_open = client::FilesTogether()},
               [this](std::size_t id, const absl::Status& status) {
                 (*results_)[id] = LocalFile(status);
               }),
        replace_(replace) {}

  absl::StatusOr<bool> IsThere(const std::string& name) override {
    const Destination destination{.path = NameFor(name), .replace = replace_};
    if (!replace_ && client::FileExists(destination.path)) return true;
    // A document that is not there is told of when it is read.
    if (client::FileExists(name)) PITSER_RETURN_IF_ERROR(CheckCanBeMade(destination));
    return false;
  }

  absl::Status Write(const SignedBlock& block, const FlatNames& names,
                     const std::function<void(std::size_t)>& progress,
                     std::vector<absl::Status>& results) override {
    results_ = &results;
    base::Mutex mu;
    std::size_t through = 0;
    const auto write = [&](const SignatureRun& run) {
      for (std::size_t i = 0; i < run.size(); ++i) {
        const std::size_t leaf = run.first() + i;
        const absl::Status status = batch_.Add(leaf, NameFor(names[leaf]), run.signature(i));
        // A full disk is full for all.
        if (status.code() == absl::StatusCode::kResourceExhausted) return LocalFile(status);
        // Each leaf is one thread's own.
        if (!status.ok()) results[leaf] = LocalFile(status);
      }
      const base::MutexLock lock(mu);
      through += run.size();
      progress(through);
      return absl::OkStatus();
    };
    absl::Status status = block.Visit(SignedBlock::Order::kAny, 0, write);
    // What was written gets its name whatever became of the rest.
    const absl::Status finished = batch_.Finish();
    if (status.ok()) status = LocalFile(finished);
    return status;
  }

  absl::Status Finish() override { return absl::OkStatus(); }  // Done after each tree.

  std::string NameFor(std::string_view document) const override {
    return std::string(document).append(kSignatureSuffix);
  }

 private:
  std::vector<absl::Status>* results_ = nullptr;  // Of the tree at hand.
  client::FileBatch batch_;
  const bool replace_;
};

// Standard output takes anything, and only an error says when it is full.
absl::Status WriteToStandardOutput(ledger::Bytes piece) {
  while (!piece.empty()) {
    const ssize_t put = write(STDOUT_FILENO, piece.data(), piece.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return absl::ErrnoToStatus(errno, "cannot write standard output");
    piece = piece.subspan(static_cast<std::size_t>(put));
  }
  return absl::OkStatus();
}

class ArchiveOutput final : public BatchOutput {
 public:
  ArchiveOutput(client::ArchiveFormat format, std::unique_ptr<client::NewFile> file)
      : format_(format), file_(std::move(file)) {}

  absl::Status Open() {
    PITSER_ASSIGN_OR_RETURN(archive_,
                            client::ArchiveWriter::Create(
                                format_, [this](ledger::Bytes piece) { return Sink(piece); }));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> IsThere(const std::string& name) override {
    const std::string entry = NameFor(name);
    PITSER_RETURN_IF_ERROR(CheckEntryName(entry));
    if (format_ == client::ArchiveFormat::kZip && !ledger::IsUtf8(ledger::AsBytes(entry))) {
      return Error(ExitCode::kMalformed,
                   absl::StrFormat("%s: a name in a ZIP is text in UTF-8", Printable(name)),
                   "a tar takes any name");
    }
    return false;
  }

  absl::Status Write(const SignedBlock& block, const FlatNames& names,
                     const std::function<void(std::size_t)>& progress,
                     std::vector<absl::Status>& results) override {
    const std::uint64_t time = block.root().signing_time();
    has_entries_ = true;
    const auto write = [&](const SignatureRun& run) {
      for (std::size_t i = 0; i < run.size(); ++i) {
        const std::string name = NameFor(names[run.first() + i]);
        PITSER_RETURN_IF_ERROR(LocalFile(archive_->Add(name, run.signature(i), time)));
      }
      progress(run.first() + run.size());
      return absl::OkStatus();
    };
    PITSER_RETURN_IF_ERROR(block.Visit(SignedBlock::Order::kAscending, 0, write));
    std::ranges::fill(results, absl::OkStatus());
    return absl::OkStatus();
  }

  // An archive without entries would say that all is well, and be in the next run's way.
  absl::Status Finish() override {
    if (!has_entries_) return absl::OkStatus();
    PITSER_RETURN_IF_ERROR(LocalFile(archive_->Finish()));
    if (file_ == nullptr) return absl::OkStatus();
    PITSER_RETURN_IF_ERROR(LocalFile(file_->Sync()));
    PITSER_RETURN_IF_ERROR(LocalFile(file_->Appear()));
    return LocalFile(client::SyncFolderOf(file_->path()));
  }

  std::string NameFor(std::string_view document) const override {
    return EntryNameOf(document).append(kSignatureSuffix);
  }

 private:
  absl::Status Sink(ledger::Bytes piece) {
    if (file_ == nullptr) return WriteToStandardOutput(piece);
    PITSER_RETURN_IF_ERROR(file_->Write(piece));
    pending_ += piece.size();
    if (pending_ >= kWriteback) {
      file_->StartWriteback();
      pending_ = 0;
    }
    return absl::OkStatus();
  }

  const client::ArchiveFormat format_;
  const std::unique_ptr<client::NewFile> file_;  // Null: standard output.
  bool has_entries_ = false;
  std::size_t pending_ = 0;  // Written, and the disk was not told.
  std::unique_ptr<client::ArchiveWriter> archive_;
};

}  // namespace

std::unique_ptr<BatchOutput> MakeFilesOutput(bool replace) {
  return std::make_unique<FilesOutput>(replace);
}

absl::StatusOr<std::unique_ptr<BatchOutput>> MakeArchiveOutput(const std::string& path,
                                                               client::ArchiveFormat format,
                                                               bool replace) {
  std::unique_ptr<client::NewFile> file;
  if (path != client::kStandardStream) {
    auto created = client::NewFile::Create(path, {.replace = replace});
    if (!created.ok()) return LocalFile(created.status());
    file = *std::move(created);
  }
  auto output = std::make_unique<ArchiveOutput>(format, std::move(file));
  PITSER_RETURN_IF_ERROR(output->Open());
  return output;
}

}  // namespace pitser::cli
