#include "client/cli/verify_targets.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/inputs.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

namespace fs = std::filesystem;

// Names of a list that are read at once.
constexpr std::size_t kNamesAtOnce = 256;

absl::Status Usage(std::string_view message) {
  return Error(ExitCode::kUsage, message, "pitser verify --help");
}

bool IsFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool IsFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// What the entry itself is, a link not followed. Most file systems tell it with the name, and three
// calls for each file of a large folder are a fifth of the time that its verification takes.
fs::file_type TypeOf(const fs::directory_entry& entry) {
  std::error_code error;
  if (entry.is_symlink(error)) return fs::file_type::symlink;
  if (entry.is_regular_file(error)) return fs::file_type::regular;
  if (entry.is_directory(error)) return fs::file_type::directory;
  return entry.symlink_status(error).type();
}

absl::Status FolderError(const std::string& path, const std::error_code& error) {
  return Error(ExitCode::kLocalFile,
               absl::StrFormat("cannot read the folder '%s': %s", path, error.message()));
}

// What does not go together.
absl::Status CheckOptions(const VerifyOptions& options) {
  const bool list = !options.files_from.empty();
  const bool named = !options.files.empty() || !options.signature.empty() || !options.hash.empty();
  if (list && named) return Usage("--files-from goes with no other document or signature");
  if (list) return absl::OkStatus();
  if (!named) return Usage("a document or a signature is missing");
  if (!options.hash.empty() &&
      (options.recursive || options.files.size() + (options.signature.empty() ? 0 : 1) != 1)) {
    return Usage("--hash goes with exactly one signature and no document");
  }
  if (!options.signature.empty() && (options.recursive || options.files.size() > 1)) {
    return Usage("-s goes with a single document");
  }
  return absl::OkStatus();
}

// The names on the command line.
absl::Status CheckNames(const VerifyOptions& options) {
  for (const std::string& file : options.files) {
    if (file == client::kStandardStream && options.signature.empty() && options.hash.empty()) {
      return Usage("a document from standard input needs its signature named by -s");
    }
    if (file == client::kStandardStream && options.signature == client::kStandardStream) {
      return Usage("document and signature cannot both come from standard input");
    }
    if (!options.recursive && IsFolder(file)) {
      return Error(ExitCode::kUsage, absl::StrFormat("'%s' is a folder", file),
                   "-r verifies all signatures below it");
    }
  }
  return absl::OkStatus();
}

}  // namespace

VerifyTargets::VerifyTargets(const VerifyOptions& options)
    : recursive_(options.recursive),
      signature_(options.signature),
      alone_(options.files.empty()),
      names_(options.files) {}

absl::StatusOr<std::unique_ptr<VerifyTargets>> VerifyTargets::Open(const VerifyOptions& options) {
  PITSER_RETURN_IF_ERROR(CheckOptions(options));
  PITSER_RETURN_IF_ERROR(CheckNames(options));
  std::unique_ptr<VerifyTargets> targets(new VerifyTargets(options));
  if (!options.hash.empty()) {
    PITSER_ASSIGN_OR_RETURN(targets->hash_, ParseHash(options.hash));
  }
  if (!options.files_from.empty()) {
    PITSER_ASSIGN_OR_RETURN(
        targets->list_,
        DocumentNames::Open(options.files_from, options.null_separated ? '\0' : '\n'));
  } else if (targets->alone_) {
    targets->names_ = {options.signature};
  }
  return targets;
}

std::optional<std::size_t> VerifyTargets::count() const {
  if (recursive_ || list_ != nullptr) return std::nullopt;
  return names_.size();
}

absl::StatusOr<std::optional<VerifyTarget>> VerifyTargets::Next() {
  while (true) {
    if (auto target = NextInFolders()) return target;
    PITSER_ASSIGN_OR_RETURN(const std::optional<std::string> name, NextName());
    if (!name) return std::optional<VerifyTarget>();
    if (!recursive_ || !IsFolder(*name)) return std::optional<VerifyTarget>(TargetOf(*name));
    absl::Status entered = Enter(*name);
    if (entered.ok()) continue;
    return std::optional<VerifyTarget>(
        {.document = *name, .hash = {}, .signature = "", .status = std::move(entered)});
  }
}

absl::StatusOr<std::optional<std::string>> VerifyTargets::NextName() {
  if (next_name_ == names_.size() && list_ != nullptr) {
    next_name_ = 0;
    PITSER_ASSIGN_OR_RETURN(names_, list_->Next(kNamesAtOnce));
  }
  if (next_name_ == names_.size()) return std::optional<std::string>();
  const std::string& name = names_[next_name_++];
  // In a list everything is a file.
  const bool is_dash = list_ != nullptr && name == client::kStandardStream;
  return std::optional<std::string>(is_dash ? "./" + name : name);
}

VerifyTarget VerifyTargets::TargetOf(const std::string& name) {
  if (hash_) return {.document = "", .hash = hash_, .signature = name, .status = {}};
  if (list_ != nullptr && IsFolder(name)) {
    return {.document = name,
            .hash = {},
            .signature = "",
            .status = Error(ExitCode::kLocalFile, absl::StrFormat("'%s' is a folder", name),
                            "-r verifies all signatures below it")};
  }
  if (!signature_.empty()) {
    return {.document = alone_ ? "" : name, .hash = {}, .signature = signature_, .status = {}};
  }
  if (name.ends_with(kSignatureSuffix)) {
    return {.document = "", .hash = {}, .signature = name, .status = {}};
  }
  return {.document = name,
          .hash = {},
          .signature = name + std::string(kSignatureSuffix),
          .status = {}};
}

std::optional<VerifyTarget> VerifyTargets::NextInFolders() {
  while (!folders_.empty()) {
    Folder& folder = folders_.back();
    if (folder.next == folder.names.size()) {
      folders_.pop_back();
      continue;
    }
    const std::string path = (fs::path(folder.path) / folder.names[folder.next++]).string();
    if (!path.ends_with('/')) {
      const std::string document = path.substr(0, path.size() - kSignatureSuffix.size());
      const bool there = IsFile(document);
      return VerifyTarget{
          .document = there ? document : "", .hash = {}, .signature = path, .status = {}};
    }
    absl::Status entered = Enter(path.substr(0, path.size() - 1));
    if (!entered.ok()) {
      return VerifyTarget{
          .document = path, .hash = {}, .signature = "", .status = std::move(entered)};
    }
  }
  return std::nullopt;
}

absl::Status VerifyTargets::Enter(const std::string& path) {
  Folder folder{.path = path, .names = {}};
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    fs::file_type type = TypeOf(*entry);
    // A link to a folder is passed over: it may lead back up.
    if (type == fs::file_type::directory) {
      folder.names.push_back(name + "/");
    } else if (name.size() > kSignatureSuffix.size() && name.ends_with(kSignatureSuffix)) {
      // A link that leads nowhere is told of, pipes and the like are not waited for.
      std::error_code unreadable;
      if (type == fs::file_type::symlink) type = entry->status(unreadable).type();
      if (type == fs::file_type::regular || type == fs::file_type::not_found) {
        folder.names.push_back(name);
      }
    }
  }
  if (error) return FolderError(path, error);
  std::ranges::sort(folder.names);
  folders_.push_back(std::move(folder));
  return absl::OkStatus();
}

}  // namespace pitser::cli
