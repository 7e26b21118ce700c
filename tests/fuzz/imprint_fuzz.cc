#include "ledger/base/check.h"
#include "ledger/crypto/imprint.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {

using ledger::Imprint;

PITSER_FUZZ_TARGET(imprint) {
  if (const auto imprint = Imprint::Parse(input); imprint.ok()) {
    PITSER_CHECK(ledger::Equal(imprint->bytes(), input));
    PITSER_CHECK(input.size() % 2 == 1);
    PITSER_CHECK(*Imprint::FromText(imprint->ToText()) == *imprint);
  }
  // A name may be written in more than one way, an imprint in one.
  if (const auto imprint = Imprint::FromText(ledger::AsText(input)); imprint.ok()) {
    PITSER_CHECK(*Imprint::Parse(imprint->bytes()) == *imprint);
    PITSER_CHECK(*Imprint::FromText(imprint->ToText()) == *imprint);
  }
}

}  // namespace pitser::fuzz
