#pragma once

#include <cstddef>

namespace pitser::testing {

// Counts what operator new gives out on this thread between construction and destruction. Only in
// programs that link pitser::test_allocation_counter, which replaces operator new.
class AllocationCounter {
 public:
  AllocationCounter();
  ~AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  std::size_t count() const;
  std::size_t bytes() const;  // In sum; what was freed in between counts, too.
  // The most that was held at once, with what the allocator rounds up.
  std::size_t peak_bytes() const;
};

}  // namespace pitser::testing
