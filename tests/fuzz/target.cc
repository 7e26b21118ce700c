#include "tests/fuzz/target.h"

namespace pitser::fuzz {

std::vector<NamedTarget>& Targets() {
  static auto* const targets = new std::vector<NamedTarget>();
  return *targets;
}

}  // namespace pitser::fuzz
