#pragma once

// gcc says it with a macro, clang answers a question.
#if defined(__SANITIZE_ADDRESS__)
#define PITSER_LEAK_CHECKER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PITSER_LEAK_CHECKER 1
#endif
#endif

#if defined(PITSER_LEAK_CHECKER)
#include <sanitizer/lsan_interface.h>
#endif

namespace pitser::testing {

// While it lives, what is allocated on this thread may be left behind: OpenSSL 3.0 does so when it
// decodes some broken CMS structures. Around nothing else.
class IgnoreLeaksOfOpenssl {
 public:
  IgnoreLeaksOfOpenssl() {}  // Not trivial: an object of it is then no unused variable.
#if defined(PITSER_LEAK_CHECKER)
 private:
  const __lsan::ScopedDisabler disabler_;
#endif
};

}  // namespace pitser::testing
