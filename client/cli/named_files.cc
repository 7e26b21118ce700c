#include "client/cli/named_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/signature_beside.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

namespace fs = std::filesystem;

// Names of a list that are read at once.
constexpr std::size_t kNamesAtOnce = 256;

bool IsFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

}  // namespace

absl::StatusOr<std::unique_ptr<NamedFiles>> NamedFiles::Open(Source source) {
  std::unique_ptr<NamedFiles> files(new NamedFiles(std::move(source)));
  if (!files->source_.list.empty()) {
    const char separator = files->source_.null_separated ? '\0' : '\n';
    PITSER_ASSIGN_OR_RETURN(files->list_, DocumentNames::Open(files->source_.list, separator));
  }
  return files;
}

absl::StatusOr<std::vector<NamedFile>> NamedFiles::Next(std::size_t count) {
  std::vector<NamedFile> next;
  while (next.size() < count) {
    if (auto found = NextFound()) {
      next.push_back(*std::move(found));
      continue;
    }
    auto name = NextName();
    if (!name.ok()) {
      // What stands before it was named all the same; asked again, the list says it again.
      if (!next.empty()) break;
      return name.status();
    }
    if (!name->has_value()) break;
    if (!source_.recursive || !IsFolder(**name)) {
      next.push_back({.path = **std::move(name)});
      continue;
    }
    absl::Status entered = Enter(**name);
    if (!entered.ok()) next.push_back({.path = **name, .status = std::move(entered)});
  }
  return next;
}

absl::StatusOr<std::optional<std::string>> NamedFiles::NextName() {
  if (list_ == nullptr) {
    if (given_ == source_.files.size()) return std::optional<std::string>();
    return std::optional(source_.files[given_++]);
  }
  if (listed_.empty()) {
    PITSER_ASSIGN_OR_RETURN(listed_, list_->Next(kNamesAtOnce));
    std::ranges::reverse(listed_);
  }
  if (listed_.empty()) return std::optional<std::string>();
  std::string name = std::move(listed_.back());
  listed_.pop_back();
  ++given_;
  return std::optional(name == client::kStandardStream ? "./-" : std::move(name));
}

std::optional<NamedFile> NamedFiles::NextFound() {
  while (files_.empty()) {
    if (folders_.empty()) return std::nullopt;
    const std::string folder = std::move(folders_.back());
    folders_.pop_back();
    absl::Status entered = Enter(folder);
    if (!entered.ok()) {
      return NamedFile{.path = folder, .in_folder = true, .status = std::move(entered)};
    }
  }
  NamedFile found{.path = std::move(files_.back()), .in_folder = true};
  files_.pop_back();
  return found;
}

absl::Status NamedFiles::Enter(const std::string& path) {
  std::vector<std::string> folders;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    // Most file systems tell the kind with the name: no call for each.
    std::error_code ignored;
    const bool is_link = entry->is_symlink(ignored);
    if (entry->is_directory(ignored)) {
      if (!is_link) folders.push_back(entry->path().string());  // A link may lead back up.
    } else if (entry->is_regular_file(ignored)) {
      const bool is_signature = IsSignatureName(entry->path().filename().string());
      if (is_signature == (source_.kind == Kind::kSignatures)) {
        files_.push_back(entry->path().string());
      }
    }
  }
  if (error) {
    return Error(ExitCode::kLocalFile, absl::StrFormat("cannot read the folder '%s': %s",
                                                       Printable(path), error.message()));
  }
  std::ranges::sort(files_, std::greater<>());
  std::ranges::sort(folders, std::greater<>());
  folders_.insert(folders_.end(), folders.begin(), folders.end());
  return absl::OkStatus();
}

std::optional<std::size_t> NamedFiles::Total() const {
  if (source_.recursive) return std::nullopt;
  if (list_ == nullptr) return source_.files.size();
  const std::optional<double> fraction = list_->Fraction();
  if (!fraction || *fraction <= 0) return std::nullopt;
  // What was read ahead is part of the fraction.
  return static_cast<std::size_t>(static_cast<double>(given_ + listed_.size()) / *fraction);
}

}  // namespace pitser::cli
