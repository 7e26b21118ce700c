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

bool IsThere(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

// What does not go together.
absl::Status CheckOptions(const VerifyOptions& options) {
  const bool list = !options.files_from.empty();
  if (options.signatures_only && !options.hash.empty()) {
    return Usage("--signatures-only and --hash contradict each other");
  }
  if (options.signatures_only && !options.signature.empty() && !options.files.empty()) {
    return Usage("--signatures-only goes with no document");
  }
  if (options.require_all && (options.signatures_only || !options.recursive)) {
    return Usage("--require-all goes with -r and with documents");
  }
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
  // A document's name that a script lost must not make the signature alone good enough.
  if (options.files.empty() && options.hash.empty() && !options.signatures_only) {
    return Error(ExitCode::kUsage, "-s goes with a document, and none is named",
                 "--signatures-only verifies a signature without its document");
  }
  return absl::OkStatus();
}

// The names on the command line.
absl::Status CheckNames(const VerifyOptions& options) {
  for (const std::string& file : options.files) {
    if (file == client::kStandardStream && options.signature.empty() && options.hash.empty() &&
        !options.signatures_only) {
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
      signatures_only_(options.signatures_only),
      require_all_(options.require_all),
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
    VerifyTarget unreadable;
    unreadable.status = Enter(*name);
    if (unreadable.status.ok()) continue;
    unreadable.document = *name;
    return std::optional<VerifyTarget>(std::move(unreadable));
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
  VerifyTarget target;
  if (list_ != nullptr && IsFolder(name)) {
    target.document = name;
    target.status = Error(ExitCode::kLocalFile, absl::StrFormat("'%s' is a folder", name),
                          "-r verifies all signatures below it");
  } else if (hash_ || signatures_only_) {
    target.hash = hash_;
    target.signature = name;
  } else if (!signature_.empty()) {
    target.document = name;
    target.signature = signature_;
  } else if (name.ends_with(kSignatureSuffix)) {
    return PairOf(name, several());
  } else {
    target.document = name;
    target.signature = name + std::string(kSignatureSuffix);
  }
  return target;
}

VerifyTarget VerifyTargets::PairOf(const std::string& signature, bool strict) {
  VerifyTarget target;
  target.signature = signature;
  if (signatures_only_) return target;
  const std::string document = signature.substr(0, signature.size() - kSignatureSuffix.size());
  const bool named = !document.empty() && !document.ends_with('/');
  if (named && IsThere(document)) {
    target.document = document;
  } else if (strict) {
    target.missing = document;
    if (named) target.other_form = forms_.Find(document);
  }
  return target;
}

std::optional<VerifyTarget> VerifyTargets::NextInFolders() {
  while (!folders_.empty()) {
    WalkedFolder& folder = folders_.back();
    if (folder.next == folder.entries.size()) {
      folders_.pop_back();
      continue;
    }
    const FolderEntry entry = std::move(folder.entries[folder.next++]);
    if (auto target = TargetOf(folder.path, entry)) return target;
  }
  return std::nullopt;
}

std::optional<VerifyTarget> VerifyTargets::TargetOf(const std::string& folder,
                                                    const FolderEntry& entry) {
  const std::string path = (fs::path(folder) / entry.name).string();
  VerifyTarget target;
  switch (entry.kind) {
    case FolderEntry::Kind::kFolder:
      target.status = Enter(path.substr(0, path.size() - 1));
      if (target.status.ok()) return std::nullopt;
      target.document = path;
      return target;
    case FolderEntry::Kind::kUnsigned:
      ++unsigned_;
      if (!require_all_) return std::nullopt;
      target.document = path;
      target.status = Error(ExitCode::kInconclusive, "it has no signature");
      return target;
    case FolderEntry::Kind::kSigned:
    case FolderEntry::Kind::kMissing:
      break;
  }
  target.signature = path;
  if (signatures_only_) return target;
  std::string document = path.substr(0, path.size() - kSignatureSuffix.size());
  (entry.kind == FolderEntry::Kind::kSigned ? target.document : target.missing) =
      std::move(document);
  target.other_form = entry.other_form;
  return target;
}

absl::Status VerifyTargets::Enter(const std::string& path) {
  PITSER_ASSIGN_OR_RETURN(WalkedFolder folder, ReadFolder(path, forms_));
  folders_.push_back(std::move(folder));
  return absl::OkStatus();
}

}  // namespace pitser::cli
