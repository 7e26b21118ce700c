#include "ledger/base/base32.h"
#include "ledger/base/check.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

PITSER_FUZZ_TARGET(base32) {
  const std::string written = ledger::EncodeBase32(input);
  PITSER_CHECK(written.size() == (input.size() + 4) / 5 * 8);
  PITSER_CHECK(ledger::Equal(*ledger::DecodeBase32(written), input));

  const auto read = ledger::DecodeBase32(ledger::AsText(input));
  if (!read.ok()) return;
  PITSER_CHECK(8 * read->size() <= 5 * input.size());
  PITSER_CHECK(*ledger::DecodeBase32(ledger::EncodeBase32(*read)) == *read);
}

}  // namespace pitser::fuzz
