#include "ledger/base/check.h"
#include "net/ksi/address.h"
#include "net/ksi/credentials.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

PITSER_FUZZ_TARGET(ksi_address) {
  const std::string_view text = ledger::AsText(input);
  const auto address = net::ParseKsiAddress(text);
  if (address.ok()) {
    PITSER_CHECK(net::LooksLikeKsiAddress(text));
    const auto again = net::ParseKsiAddress(address->ToString());
    PITSER_CHECK(again.ok() && again->scheme == address->scheme &&
                 again->endpoint == address->endpoint && again->path == address->path);
  }
  const auto credentials = net::ParseKsiCredentials(text);
  if (credentials.ok()) {
    PITSER_CHECK(!credentials->login.empty() && !credentials->key.empty());
  }
}

}  // namespace pitser::fuzz
