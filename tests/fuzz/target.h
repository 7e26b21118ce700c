#pragma once

#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"

// A fuzz target takes any bytes, gives them to one parser and checks with PITSER_CHECK() what must
// hold of any bytes. The same function runs under libFuzzer (one program a target, libfuzzer.cc)
// and over the corpus in every test run (replay_test.cc).
namespace pitser::fuzz {

using Target = void (*)(ledger::Bytes input);

struct NamedTarget {
  std::string_view name;  // Also of its folder in corpus/.
  Target run;
};

// Those that are linked into this program.
std::vector<NamedTarget>& Targets();

struct Registration {
  Registration(std::string_view name, Target run) { Targets().push_back({name, run}); }
};

}  // namespace pitser::fuzz

// PITSER_FUZZ_TARGET(hex) { ... }: the body gets `input`.
#define PITSER_FUZZ_TARGET(target)                                                              \
  static void RunTarget_##target(::pitser::ledger::Bytes input);                                \
  static const ::pitser::fuzz::Registration registration_##target(#target, RunTarget_##target); \
  static void RunTarget_##target(::pitser::ledger::Bytes input)
