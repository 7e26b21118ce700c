#include <filesystem>
#include <fstream>

#include "client/trust.h"
#include "ledger/base/check.h"
#include "tests/fuzz/target.h"
#include "tests/support/temp_folder.h"

// The note on how a root was accepted, beside the root: nothing that it says replaces the root.
namespace pitser::fuzz {
namespace {

void Put(const std::string& path, ledger::Bytes bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  PITSER_CHECK(out.good());
}

}  // namespace

PITSER_FUZZ_TARGET(trust_folder) {
  static const testing::TempFolder* const folder = [] {
    auto* made = new testing::TempFolder();
    for (const std::string_view name : {client::kRootFile, client::kConstraintFile}) {
      std::filesystem::copy_file(std::string(PITSER_FUZZ_DIR "/trust/") + std::string(name),
                                 *made / std::string(name));
    }
    std::atexit([] { std::filesystem::remove_all(folder->path()); });
    return made;
  }();
  Put(*folder / std::string(client::kAcceptedFile), input);
  const auto trust = client::LoadTrust(folder->path());
  if (!trust.ok()) {
    PITSER_CHECK(trust.status().code() == absl::StatusCode::kInvalidArgument ||
                 trust.status().code() == absl::StatusCode::kFailedPrecondition);
    return;
  }
  PITSER_CHECK(ledger::AsText(input).find(client::AcceptanceName(trust->acceptance)) !=
               std::string_view::npos);
  PITSER_CHECK(trust->anchors.size() == 1);
}

}  // namespace pitser::fuzz
