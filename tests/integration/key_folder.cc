#include "tests/integration/key_folder.h"

#include <filesystem>

#include "ledger/base/check.h"
#include "server/app/data_folder.h"
#include "server/keys/key_set.h"
#include "tests/support/temp_folder.h"

namespace pitser::testing {
namespace {

namespace fs = std::filesystem;

// Where the key set lies that all copies are of.
const TempFolder& Original(std::uint64_t now) {
  static const TempFolder folder;
  static const bool made = [now] {
    server::KeySetOptions options;
    options.data_dir = folder.path();
    return server::LoadOrCreateKeySet(options, now).ok();
  }();
  PITSER_CHECK(made);
  return folder;
}

}  // namespace

void MakeDataFolderWithKeys(const std::string& data_dir, std::uint64_t now) {
  const fs::path original = Original(now).path();
  PITSER_CHECK(server::DataFolder::Open(data_dir).ok());
  for (const char* name : {"keys", "trust"}) {
    fs::copy(original / name, fs::path(data_dir) / name, fs::copy_options::recursive);
  }
}

}  // namespace pitser::testing
