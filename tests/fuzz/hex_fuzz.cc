#include "ledger/base/check.h"
#include "ledger/base/hex.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

PITSER_FUZZ_TARGET(hex) {
  const std::string written = ledger::ToHex(input);
  PITSER_CHECK(written.size() == 2 * input.size());
  PITSER_CHECK(ledger::Equal(*ledger::FromHex(written), input));

  const auto read = ledger::FromHex(ledger::AsText(input));
  if (!read.ok()) return;
  PITSER_CHECK(2 * read->size() == input.size());
  PITSER_CHECK(*ledger::FromHex(ledger::ToHex(*read)) == *read);
}

}  // namespace pitser::fuzz
