#pragma once

#include "client/trust.h"
#include "ledger/crypto/imprint.h"
#include "tests/support/test_trust.h"

// What the signatures and publications files among the seeds are trusted by: the folder trust/,
// written by make_seeds.cc with the seeds. Nobody but the makers of tests/support has its keys, so
// whatever is accepted under it must say what they said.
namespace pitser::fuzz {

// With its publications file, which is to be trusted at testing::kTestTime.
const client::Trust& FuzzTrust();

// The hash of the only document that was ever signed under it.
ledger::Imprint SignedDocument();

}  // namespace pitser::fuzz
