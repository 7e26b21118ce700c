#include "client/cli/other_form.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/unicode.h"

namespace pitser::cli {
namespace {

namespace fs = std::filesystem;

bool IsAscii(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string OtherForms::Find(const std::string& path) {
  const fs::path whole(path);
  const std::string name = whole.filename().string();
  if (IsAscii(name)) return "";
  Read(whole.parent_path().string());
  const auto found = names_.find(base::Composed(name));
  if (found == names_.end() || found->second == name) return "";
  return (whole.parent_path() / found->second).string();
}

void OtherForms::Read(const std::string& folder) {
  if (read_ && folder == folder_) return;
  names_.clear();
  folder_ = folder;
  read_ = true;
  std::error_code error;
  fs::directory_iterator entry(folder.empty() ? "." : folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!IsAscii(name)) names_.emplace(base::Composed(name), name);
  }
}

}  // namespace pitser::cli
