// libFuzzer's door to the one target of a program.

#include "ledger/base/check.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pitser::fuzz::Target run = [] {
    PITSER_CHECK(pitser::fuzz::Targets().size() == 1);
    return pitser::fuzz::Targets().front().run;
  }();
  run({data, size});
  return 0;
}
