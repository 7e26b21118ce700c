#pragma once

#include <string_view>

#include "absl/time/time.h"

namespace pitser::base {

// What this program is. Two builds of one source say the same.

// "0.1.0": of project() in the root CMakeLists.txt.
std::string_view Version();

// SOURCE_DATE_EPOCH of the build, else the date of the commit, else that of the release: the
// program is not older than this, so a clock that is behind it is wrong.
absl::Time SourceDate();

}  // namespace pitser::base
