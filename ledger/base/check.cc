#include "ledger/base/check.h"

#include <cstdio>
#include <cstdlib>

#include "ledger/base/check_report.h"

namespace pitser::ledger {
namespace {

void (*g_report)(const char* text) = nullptr;

}  // namespace

void SetCheckReport(void (*report)(const char* text)) { g_report = report; }

namespace internal {

void CheckFailed(const char* file, int line, const char* expression) {
  char text[512];
  std::snprintf(text, sizeof(text), "%s:%d: check failed: %s", file, line, expression);
  if (g_report != nullptr) {
    g_report(text);
  } else {
    std::fprintf(stderr, "%s\n", text);
  }
  std::abort();
}

}  // namespace internal
}  // namespace pitser::ledger
