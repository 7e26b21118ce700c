#include "tests/support/allocation_counter.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local std::size_t counted = 0;
thread_local std::size_t counted_bytes = 0;
thread_local std::size_t held = 0, peak = 0;  // Of what was allocated while counting.

void* Allocate(std::size_t size) {
  if (counting) {
    ++counted;
    counted_bytes += size;
  }
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  if (counting) {
    held += malloc_usable_size(memory);
    peak = std::max(peak, held);
  }
  return memory;
}

void Free(void* memory) {
  if (counting && memory != nullptr) held -= std::min(held, malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// All forms that the library uses: a sanitizer's runtime has its own of those that are left out.
void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { Free(memory); }

namespace pitser::testing {

AllocationCounter::AllocationCounter() {
  counted = 0;
  counted_bytes = 0;
  held = peak = 0;
  counting = true;
}
AllocationCounter::~AllocationCounter() { counting = false; }
std::size_t AllocationCounter::count() const { return counted; }
std::size_t AllocationCounter::bytes() const { return counted_bytes; }
std::size_t AllocationCounter::peak_bytes() const { return peak; }

}  // namespace pitser::testing
