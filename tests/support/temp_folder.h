#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "ledger/base/check.h"

namespace pitser::testing {

// A folder of its own, removed with all its content at the end. It lies in memory where there is
// room for it, as storage tests sync thousands of times, and else among the temporary files.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (Parent() / "pitser-test-XXXXXX").string();
    PITSER_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  static std::filesystem::path Parent() {
    std::error_code missing;
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::space_info room = std::filesystem::space(memory, missing);
    constexpr std::uintmax_t kEnough = std::uintmax_t{1} << 30;
    const bool usable = !missing && room.available >= kEnough && access(memory.c_str(), W_OK) == 0;
    return usable ? memory : std::filesystem::temp_directory_path();
  }

  std::string path_;
};

}  // namespace pitser::testing
