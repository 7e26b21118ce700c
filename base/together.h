#pragma once

#include <cstddef>
#include <functional>

#include "absl/functional/function_ref.h"
#include "base/worker_pool.h"

// A loop whose steps do not depend on each other, on several threads of a pool.
namespace pitser::base {

// Calls step(0) .. step(count - 1), each once, in any order: on this thread and on up to `helpers`
// of the pool's. Returns after the last. Waits for nobody to begin: what the pool is too busy for
// is done here.
// Thread: any, the pool's own too.
void RunTogether(WorkerPool& pool, std::size_t helpers, std::size_t count,
                 absl::FunctionRef<void(std::size_t)> step);

// The same without this thread, which goes on at once; `done` is called after the last step, on the
// thread that did it. Loops of one pool begin in the order they came in. A pool that takes none (it
// is full or stopped) has all of it done here.
// Shape: count and helpers are at least 1.
void RunAside(WorkerPool& pool, std::size_t helpers, std::size_t count,
              std::function<void(std::size_t)> step, std::function<void()> done);

}  // namespace pitser::base
