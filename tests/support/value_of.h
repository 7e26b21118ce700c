#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"

namespace pitser::testing {

// The value, for test makers whose inputs are right by construction; anything else ends the test
// program with the reason.
template <typename T>
T ValueOf(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "test maker failed: %s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

}  // namespace pitser::testing
