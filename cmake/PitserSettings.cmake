# Language level, warnings and sanitizers: the one place where they are chosen. Targets made by
# pitser_library() and its sisters take them from here; nobody writes to CMAKE_CXX_FLAGS.

option(PITSER_TESTS "Build the tests" ON)
option(PITSER_BENCH "Build the benchmarks" ON)
option(PITSER_FUZZ "Build the fuzz targets as libFuzzer programs; clang, with fuzzer-no-link in PITSER_SANITIZE" OFF)
option(PITSER_COVERAGE "Count which lines run, for scripts/coverage" OFF)
set(PITSER_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(pitser_settings INTERFACE)
target_compile_options(pitser_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  # gcc 12 warns wrongly about `"text" + std::string` when it optimises (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_compile_definitions(pitser_settings INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:USE_STRICT_WARNING=1>)
if(PITSER_SANITIZE)
  target_compile_options(pitser_settings INTERFACE
    -fsanitize=${PITSER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # The added checks blind gcc's flow analysis (its manual says so of -fsanitize): it then warns of
    # abseil's inlined vectors and of any resize(). The release build has these warnings on.
    # Fences, which Boost.Asio uses and ThreadSanitizer does not know: no test of that preset runs it.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-tsan>)
  target_link_options(pitser_settings INTERFACE -fsanitize=${PITSER_SANITIZE})
endif()
if(PITSER_COVERAGE)
  # Atomic: counters of threads would otherwise lose counts, or become negative.
  target_compile_options(pitser_settings INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(pitser_settings INTERFACE --coverage)
endif()
