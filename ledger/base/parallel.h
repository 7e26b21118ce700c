#pragma once

#include <cstddef>

#include "absl/functional/function_ref.h"

namespace pitser::ledger {

using LoopBody = absl::FunctionRef<void(std::size_t)>;

// The ledger starts no threads. Where a loop's steps do not depend on each other, its caller may
// say how they are run: body(0) .. body(count - 1), each once, in any order and on any threads; it
// returns after the last.
using LoopRunner = absl::FunctionRef<void(std::size_t count, LoopBody body)>;

// One after the other, here.
inline void RunInOrder(std::size_t count, LoopBody body) {
  for (std::size_t i = 0; i < count; ++i) body(i);
}

}  // namespace pitser::ledger
