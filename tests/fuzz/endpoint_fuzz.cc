#include "ledger/base/check.h"
#include "net/endpoint.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

PITSER_FUZZ_TARGET(endpoint) {
  const std::string_view text = ledger::AsText(input);
  const auto any = net::ParseEndpoint(text, true);
  const auto named = net::ParseEndpoint(text);
  if (!any.ok()) {
    PITSER_CHECK(!named.ok());
    return;
  }
  PITSER_CHECK(named.ok() == (any->port != 0));
  PITSER_CHECK(*net::ParseEndpoint(any->ToString(), true) == *any);
  (void)any->IsLoopback();
}

}  // namespace pitser::fuzz
