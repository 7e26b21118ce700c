#include "client/system_trust.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/file.h"
#include "ledger/base/bytes.h"

namespace pitser::client {
namespace {

namespace fs = std::filesystem;
using ledger::Certificate;

// Bundles of all authorities have some 200 KiB.
constexpr std::size_t kMaxStoreFileSize = 16 << 20;

// "4a6481c9.0": the names that OpenSSL looks for in a folder. Others lie there too, a bundle for
// one.
bool IsHashName(const std::string& name) {
  constexpr std::size_t kHashDigits = 8;
  if (name.size() < kHashDigits + 2 || name[kHashDigits] != '.') return false;
  const auto hash = name.substr(0, kHashDigits);
  const auto number = name.substr(kHashDigits + 1);
  return std::ranges::all_of(hash, [](unsigned char c) { return absl::ascii_isxdigit(c); }) &&
         std::ranges::all_of(number, [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// Certificates, each once.
class Collection {
 public:
  void TakeFile(const std::string& path) {
    const auto pem = ReadFile(path, kMaxStoreFileSize);
    if (!pem.ok()) return;
    const auto certificates = Certificate::AllFromPem(ledger::AsText(*pem));
    if (!certificates.ok()) return;
    for (const Certificate& certificate : *certificates) {
      if (known_.insert(ledger::ToString(certificate.Fingerprint())).second)
        all_.push_back(certificate);
    }
  }

  void TakeFolder(const std::string& path) {
    std::error_code error;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      if (IsHashName(entry->path().filename().string())) TakeFile(entry->path().string());
    }
  }

  std::vector<Certificate> TakeAll() { return std::move(all_); }

 private:
  std::set<std::string> known_;  // By fingerprint.
  std::vector<Certificate> all_;
};

}  // namespace

SystemStore FindSystemStore(
    const std::function<std::optional<std::string>(std::string_view)>& variable) {
  const ledger::SystemStoreNames names = ledger::OpensslSystemStore();
  SystemStore store;
  store.file = variable(names.file_variable).value_or(names.file);
  const std::string folders = variable(names.folder_variable).value_or(names.folder);
  store.folders = absl::StrSplit(folders, ':', absl::SkipEmpty());
  return store;
}

absl::StatusOr<std::vector<Certificate>> LoadSystemAnchors(const SystemStore& store) {
  Collection collection;
  collection.TakeFile(store.file);
  for (const std::string& folder : store.folders) collection.TakeFolder(folder);
  std::vector<Certificate> anchors = collection.TakeAll();
  if (anchors.empty()) {
    return absl::NotFoundError(absl::StrFormat(
        "the system has no certificates of authorities, neither in '%s' nor in '%s'", store.file,
        absl::StrJoin(store.folders, ":")));
  }
  return anchors;
}

}  // namespace pitser::client
