#pragma once

#include <cstdint>
#include <string>

namespace pitser::testing {

// Makes `data_dir` a data folder of a node that has its keys already. Making RSA keys takes
// seconds; this copies a key set that is made once a process, at the first call's `now` (Unix
// seconds).
void MakeDataFolderWithKeys(const std::string& data_dir, std::uint64_t now);

}  // namespace pitser::testing
