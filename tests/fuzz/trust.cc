#include "tests/fuzz/trust.h"

#include "ledger/base/check.h"
#include "tests/support/signature_maker.h"
#include "tests/support/value_of.h"

namespace pitser::fuzz {

const client::Trust& FuzzTrust() {
  static const auto* const trust = [] {
    auto* loaded = new client::Trust(testing::ValueOf(client::LoadTrust(PITSER_FUZZ_DIR "/trust")));
    PITSER_CHECK(loaded->publications.has_value());
    return loaded;
  }();
  return *trust;
}

ledger::Imprint SignedDocument() {
  static const ledger::Imprint hash = testing::AuthenticatedRecipe().document_hash;
  return hash;
}

}  // namespace pitser::fuzz
